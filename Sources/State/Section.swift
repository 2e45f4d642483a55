internal import JSON
internal import Model

/// An object as a file declares it.
struct Declared<Item> {
  var item: Item
  /// Nil: it stands whatever the signals say.
  var when: Condition?
  /// Of its members; empty: none has one.
  var members: [Condition?]
  /// What becomes of its members that are down.
  var inhibit: Inhibition?

  init(_ item: Item, when: Condition?, members: [Condition?] = [], inhibit: Inhibition? = nil) {
    self.item = item
    self.when = when
    self.members = members.allSatisfy { $0 == nil } ? [] : members
    self.inhibit = inhibit
  }

  var isConditional: Bool { when != nil || !members.isEmpty }
}

/// The objects of one kind that could be read, and where in the file they stand.
struct Section<Item> {
  private let path: [Pointer.Component]
  private(set) var items: [Item] = []
  private var origins: [Pointer.Component] = []
  /// Of the items that have any, by position.
  private var conditions: [Int: Conditions] = [:]

  private struct Conditions {
    var when: Condition?
    var members: [Condition?]
    var inhibit: Inhibition?
  }

  /// By the keys that lead to it, and how many items are to be expected.
  init(_ keys: String..., count: Int = 0) {
    path = keys.map(Pointer.Component.key)
    items.reserveCapacity(count)
    origins.reserveCapacity(count)
  }

  /// Adds an item that stands under an index or a key of its own.
  mutating func append(_ declared: consuming Declared<Item>, at origin: Pointer.Component) {
    if declared.isConditional {
      conditions[items.count] = Conditions(
        when: declared.when, members: declared.members, inhibit: declared.inhibit)
    }
    items.append(declared.item)
    origins.append(origin)
  }

  /// Of an item by its position among those that could be read.
  func pointer(_ position: Int, _ below: Pointer.Component...) -> Pointer {
    Pointer(path + [origins[position]] + below)
  }

  func when(_ position: Int) -> Condition? { conditions[position]?.when }

  func isConditional(_ position: Int) -> Bool { conditions[position] != nil }

  /// Whether the items' conditions show that the two never stand at once.
  func areExclusive(_ first: Int, _ second: Int) -> Bool {
    when(first).flatMap { first in when(second).map(first.excludes) } ?? false
  }

  /// Those that stand alone, and the others with what decides about them.
  func split(_ decide: (Declared<Item>) -> Void) -> [Item] {
    if conditions.isEmpty { return items }
    return items.enumerated().compactMap { position, item in
      guard let conditions = conditions[position] else { return item }
      decide(
        Declared(
          item, when: conditions.when, members: conditions.members, inhibit: conditions.inhibit))
      return nil
    }
  }
}
