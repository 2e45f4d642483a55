internal import JSON
internal import Model

extension CrossCheck {
  /// Signals that conditions name must have something that says them.
  func checkSignals() {
    let linkNames = impliedLinks.union(links.keys)
    for (signal, pointer) in findings.namedSignals {
      switch signal.source {
      case .probe:
        guard let probes = contents.probeNames, !probes.contains(signal.name) else { continue }
        report(signal, at: pointer, "probe", of: "probes", among: probes)
      case .link:
        guard let unread = contents.unreadLinks, !unread.contains(signal.name),
          !(LinkName(signal.name).map(linkNames.contains) ?? false)
        else { continue }
        report(signal, at: pointer, "link", of: "links", among: Set(linkNames.map(\.text)))
      case .vrrp:
        findings.report(
          at: pointer, "\"\(signal)\" is said by nothing: there is no section \"vrrp\" yet")
      }
    }
  }

  private func report(
    _ signal: Signal, at pointer: Pointer, _ noun: String, of section: String,
    among names: Set<String>
  ) {
    let nearest = Spelling.nearest(to: signal.name, among: names.sorted())
    findings.report(
      at: pointer,
      "\(noun) \(quoted(signal.name)) isn't declared in \"\(section)\""
        + (nearest.map { "; did you mean \"\(signal.source.rawValue).\($0)\"?" } ?? ""))
  }
}
