public import Nftables

/// A change to be made in the kernel.
public struct Change: Hashable, Sendable {
  public enum Verb: String, Hashable, Sendable {
    case create, update, replace, delete
  }

  public let verb: Verb
  /// What is wanted; for a deletion, what is there.
  public let object: Object
  /// What is there; nil for a creation.
  public let observed: Object?
  /// For a route: other routes of the same key stay. An IPv4 route then goes ahead of them.
  public var isBeside = false
  /// For a rule's deletion: rules that stay, but that the kernel could delete in its place.
  public var lookalikes: [Rule] = []
  /// For a table: the difference to carry out, exactly.
  public var table: TableChange? {
    get { tableBox?.value }
    set { tableBox = newValue.map(TableBox.init) }
  }
  /// Apart, since it is large, and a plan of 100,000 routes has as many changes without one.
  private var tableBox: TableBox?

  public init(_ verb: Verb, _ object: Object, observed: Object? = nil) {
    self.verb = verb
    self.object = object
    self.observed = observed
  }

  public init<R: Resource>(_ verb: Verb, _ object: R, observed: R? = nil) {
    self.init(verb, Object(object), observed: observed.map { Object($0) })
  }
}

/// A table's change, kept out of ``Change`` itself.
private final class TableBox: Hashable, Sendable {
  let value: TableChange

  init(_ value: TableChange) { self.value = value }

  static func == (a: TableBox, b: TableBox) -> Bool { a.value == b.value }
  func hash(into hasher: inout Hasher) { hasher.combine(value) }
}
