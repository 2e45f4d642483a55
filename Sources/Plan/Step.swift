public import Model
internal import Nft

/// One change with what there is to say about it.
public struct Step: Hashable, Sendable {
  public let change: Change
  /// Why, where the change alone doesn't say it: `goes with link vxlan1`.
  public let reason: String?
  /// Indices of the earlier steps that this one rests on: when one fails, this one isn't tried.
  public internal(set) var requires: [Int] = []
  /// Of the links that a table names.
  private let numbers: LinkNumbers

  init(_ change: Change, reason: String? = nil, numbers: LinkNumbers = LinkNumbers()) {
    self.change = change
    self.reason = reason
    self.numbers = numbers
  }

  /// A property that changes; nil where it isn't stated or isn't there.
  public struct Difference: Hashable, Sendable {
    public let name: String
    public let old: Value?
    public let new: Value?
    /// Whether it is one of many in the object, which comes or goes: a rule, an element.
    public var isPart = false
    /// How many more of the kind there are behind it, unsaid.
    var omitted = 0
  }

  /// For a creation what is stated, for a change what differs, for a deletion nothing.
  public var differences: [Difference] { differences(limit: .max) }

  /// At most `limit` elements of each nftables set.
  func differences(limit: Int) -> [Difference] {
    func differences<R: Resource>(_ desired: R) -> [Difference] {
      switch change.verb {
      case .delete:
        return []
      case .create:
        return desired.attributes.map { Difference(name: $0.name, old: nil, new: $0.value) }
      case .update, .replace:
        guard let observed = change.observed?.resource as? R else { return [] }
        return desired.differences(from: observed).map {
          Difference(name: $0.name, old: $0.effective(observed), new: $0.effective(desired))
        }
      }
    }
    if case .table(let table) = change.object { return tableDifferences(table, limit) }
    return differences(change.object.resource)
  }

  private func tableDifferences(_ table: NftablesTable, _ limit: Int) -> [Difference] {
    var present: Nftables.Bytecode.TableProgram?
    if case .table(let observed)? = change.observed { present = observed.program }
    let wanted = change.verb == .delete ? nil : table.program
    let diff = TableDiff(
      family: table.id.family, table: table.id.name, from: present, to: wanted, numbers: numbers)
    let lines = diff.lines(
      from: present, to: wanted, numbers: numbers, source: table.source, limit: limit)
    return lines.map { line in
      Difference(
        name: line.name, old: line.old.map(Value.string), new: line.new.map(Value.string),
        isPart: line.old == nil || line.new == nil, omitted: line.omitted)
    }
  }
}
