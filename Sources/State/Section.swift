internal import JSON
internal import Model

/// An object as a file declares it.
struct Declared<Item> {
  var item: Item
  /// Nil: the object is wanted whatever the signals say.
  var when: Condition?
  /// Its members' conditions; empty if none has one.
  var members: [Condition?]
  /// What becomes of members that are down.
  var inhibit: Inhibition?

  init(_ item: Item, when: Condition?, members: [Condition?] = [], inhibit: Inhibition? = nil) {
    self.item = item
    self.when = when
    self.members = members.allSatisfy { $0 == nil } ? [] : members
    self.inhibit = inhibit
  }

  var isConditional: Bool { when != nil || !members.isEmpty }
}

/// The objects of one kind that could be read, with where they are in the file.
struct Section<Item> {
  private let path: [Pointer.Component]
  private(set) var items: [Item] = []
  private var origins: [Pointer.Component] = []
  /// The conditions of the items that have any, by position.
  private var conditions: [Int: Conditions] = [:]

  private struct Conditions {
    var when: Condition?
    var members: [Condition?]
    var inhibit: Inhibition?
  }

  /// For items below these keys; `count` is how many are expected.
  init(_ keys: String..., count: Int = 0) {
    path = keys.map(Pointer.Component.key)
    items.reserveCapacity(count)
    origins.reserveCapacity(count)
  }

  /// Adds an item with its index or key.
  mutating func append(_ declared: consuming Declared<Item>, at origin: Pointer.Component) {
    if declared.isConditional {
      conditions[items.count] = Conditions(
        when: declared.when, members: declared.members, inhibit: declared.inhibit)
    }
    items.append(declared.item)
    origins.append(origin)
  }

  /// Where an item is, by its position among those that could be read.
  func pointer(_ position: Int, _ below: Pointer.Component...) -> Pointer {
    Pointer(path + [origins[position]] + below)
  }

  func when(_ position: Int) -> Condition? { conditions[position]?.when }

  func isConditional(_ position: Int) -> Bool { conditions[position] != nil }

  /// Whether the conditions of two items show that they never exist at once.
  func areExclusive(_ first: Int, _ second: Int) -> Bool {
    when(first).flatMap { first in when(second).map(first.excludes) } ?? false
  }

  /// Returns the items without conditions, and passes the others to `decide`.
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

extension Section where Item: Resource {
  /// Adds to the items what they only name.
  mutating func complete(by surroundings: some Surroundings, _ findings: Findings) {
    for position in items.indices {
      do throws(Incompleteness) {
        items[position] = try items[position].completed(by: surroundings)
      } catch {
        let place = error.key.map { pointer(position, .key($0)) } ?? pointer(position)
        findings.report(at: place, error.description)
      }
    }
  }
}
