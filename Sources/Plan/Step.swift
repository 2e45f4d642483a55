public import Model
internal import Nftables

/// One change, with what there is to say about it.
public struct Step: Hashable, Sendable {
  public internal(set) var change: Change
  /// Why, if the change alone doesn't tell: `goes with link vxlan1`.
  public let reason: String?
  /// Indexes of the earlier steps that this one depends on: if one of them fails, this one isn't
  /// tried.
  public internal(set) var requires: [Int] = []

  init(_ change: Change, reason: String? = nil) {
    self.change = change
    self.reason = reason
  }

  /// Whether it removes anything that somebody else made.
  public var removesTheirs: Bool {
    if change.verb == .delete, change.object.resource.maker != nil { return true }
    guard let observed = change.observed?.resource, observed.holdsOthersWork else { return false }
    return differences(limit: 1).contains(where: \.isTheirs)
  }

  /// For a creation what is stated, for a change what differs, for a deletion what is there.
  public var differences: [Difference] { differences(limit: .max) }

  /// With at most `limit` elements of each nftables set.
  func differences(limit: Int) -> [Difference] {
    func differences<R: Resource>(_ desired: R) -> [Difference] {
      switch change.verb {
      case .delete:
        return desired.statements.map { Difference($0.name, old: $0.new, new: nil, sort: $0.sort) }
      case .create:
        return desired.statements
      case .update, .replace:
        guard let observed = change.observed?.resource as? R else { return [] }
        return desired.differences(from: observed).flatMap {
          $0.differences(desired, from: observed)
        }
      }
    }
    if let table = change.table { return tableDifferences(table, limit) }
    return differences(change.object.resource)
  }

  private func tableDifferences(_ table: TableChange, _ limit: Int) -> [Difference] {
    let observed = change.observed?.as(NftablesTable.self)
    let wanted = change.verb == .delete ? nil : change.object.as(NftablesTable.self)
    let isTheirs = observed.map { !$0.isOwned } ?? false
    let lines = table.difference.lines(
      from: observed?.program, to: wanted?.program, numbers: table.numbers, names: table.names,
      source: wanted?.source, limit: limit)
    return lines.map { line in
      Difference(
        line.name, old: line.old.map(Value.string), new: line.new.map(Value.string),
        sort: line.old == nil || line.new == nil ? .element : .property, omitted: line.omitted,
        isTheirs: isTheirs && line.new == nil)
    }
  }
}
