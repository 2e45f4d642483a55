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

  /// For a creation what is stated, for a change what differs, for a deletion nothing.
  public var differences: [Difference] {
    func differences<R: Resource>(_ desired: R) -> [Difference] {
      switch change.verb {
      case .delete:
        return []
      case .create:
        return desired.statements
      case .update, .replace:
        guard let observed = change.observed?.resource as? R else { return [] }
        return desired.differences(from: observed).flatMap {
          $0.differences(desired, from: observed)
        }
      }
    }
    return differences(change.object.resource)
  }
}
