/// A property that changes, or one of an object's many parts.
public struct Difference: Hashable, Sendable {
  public enum Sort: Hashable, Sendable {
    case property
    /// A part that is added or removed, identified by its name.
    case member
    /// A part that is added or removed; others have the same name, so its value identifies it.
    case element
  }

  public let name: String
  /// Nil if it wasn't stated or wasn't there.
  public let old: Value?
  public let new: Value?
  public let sort: Sort
  /// How many more of the kind follow that aren't listed.
  public let omitted: Int
  /// Whether somebody else made the part that is removed.
  public let isTheirs: Bool

  public init(
    _ name: String, old: Value?, new: Value?, sort: Sort = .property, omitted: Int = 0,
    isTheirs: Bool = false
  ) {
    self.name = name
    self.old = old
    self.new = new
    self.sort = sort
    self.omitted = omitted
    self.isTheirs = isTheirs
  }
}
