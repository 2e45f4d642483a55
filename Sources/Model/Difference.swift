/// A property that changes, or one of many parts of the object.
public struct Difference: Hashable, Sendable {
  public enum Sort: Hashable, Sendable {
    case property
    /// A part that comes or goes, told from others by its name.
    case member
    /// A part that comes or goes, told from others of one name by its value.
    case element
  }

  public let name: String
  /// Nil where it isn't stated or isn't there.
  public let old: Value?
  public let new: Value?
  public let sort: Sort
  /// How many more of the kind there are behind it, unsaid.
  public let omitted: Int
  /// Whether somebody else made what goes.
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
