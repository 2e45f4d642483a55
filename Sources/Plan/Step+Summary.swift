import Model

extension Step {
  /// `mtu: 1500 -> 1420; up: true`: what it changes, or the content of an object that is created or
  /// deleted; nil if there is nothing to say.
  public var summary: String? {
    let shown = 8
    // For a table, what differs; all of a new table wouldn't fit into a line.
    if change.object.kind == NftablesTable.kind, change.verb != .update { return nil }
    let differences = differences(limit: shown)
    let parts = differences.prefix(shown).map { difference in
      let (old, new) = (excerpt(difference.old), excerpt(difference.new))
      switch change.verb {
      case .create: return "\(difference.name): \(new ?? "none")"
      case .delete: return "\(difference.name): \(old ?? "none")"
      case .update, .replace: return "\(difference.name): \(old ?? "none") -> \(new ?? "none")"
      }
    }
    if parts.isEmpty { return nil }
    let more = differences.count - parts.count
    return parts.joined(separator: "; ") + (more > 0 ? "; and \(more) more" : "")
  }

  /// As much as fits into a line.
  private func excerpt(_ value: Value?) -> String? { value?.description.visible(limit: 200) }
}
