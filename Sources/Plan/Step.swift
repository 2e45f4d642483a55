public import Model

/// One change with what there is to say about it.
public struct Step: Hashable, Sendable {
  public let change: Change
  /// Why, where the change alone doesn't say it: `goes with link vxlan1`.
  public let reason: String?
  /// Indices of the earlier steps that this one rests on: when one fails, this one isn't tried.
  public internal(set) var requires: [Int] = []

  init(_ change: Change, reason: String? = nil) {
    self.change = change
    self.reason = reason
  }

  /// A property that changes; nil where it isn't stated or isn't there.
  public struct Difference: Hashable, Sendable {
    public let name: String
    public let old: Value?
    public let new: Value?
  }

  /// For a creation what is stated, for a change what differs, for a deletion nothing.
  public var differences: [Difference] {
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
    return differences(change.object.resource)
  }
}
