/// What we could read of a rule that has attributes we don't know.
public struct PartialRule: Hashable, Sendable {
  public var rule: Rule
  /// How many of the family's other rules precede it.
  public var position: Int

  public init(_ rule: Rule, position: Int) {
    self.rule = rule
    self.position = position
  }
}
