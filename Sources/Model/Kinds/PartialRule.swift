/// A rule that says more than we have words for: what we could read of it.
public struct PartialRule: Hashable, Sendable {
  public var rule: Rule
  /// How many of the family's other rules stand before it.
  public var position: Int

  public init(_ rule: Rule, position: Int) {
    self.rule = rule
    self.position = position
  }
}
