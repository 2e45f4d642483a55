/// A property that changes, or a member of one.
public struct Difference: Hashable, Sendable {
  public let name: String
  /// Nil where it isn't stated or isn't there.
  public let old: Value?
  public let new: Value?
  /// A part of the object that comes or goes as a whole.
  public let isMember: Bool

  public init(_ name: String, old: Value?, new: Value?) {
    self.name = name
    self.old = old
    self.new = new
    isMember = false
  }

  private init(member name: String, old: Value?, new: Value?) {
    self.name = name
    self.old = old
    self.new = new
    isMember = true
  }

  static func member(_ name: String, old: Value?, new: Value?) -> Difference {
    Difference(member: name, old: old, new: new)
  }
}
