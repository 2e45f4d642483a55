/// The keys that an object of some kind may have, in the order in which messages list them.
protocol ObjectKey: CaseIterable, RawRepresentable<Int>, Sendable {
  /// The keys' names, in the order of the cases; `validLft` is written `valid_lft`.
  static var names: [String] { get }
  /// An example of such an object in JSON, for messages.
  static var example: String { get }
  /// The keys that objects of a "type" have, or objects without one; nil: all keys.
  static func keys(ofType type: String?) -> KeySet<Self>?
}

extension ObjectKey {
  var name: String { Self.names[rawValue] }

  static func keys(ofType type: String?) -> KeySet<Self>? { nil }

  static func spelledNames() -> [String] {
    allCases.map { key in
      "\(key)".reduce(into: "") { name, character in
        name += character.isUppercase ? "_" + character.lowercased() : String(character)
      }
    }
  }
}

/// A set of an object's keys.
struct KeySet<Key: ObjectKey>: Sendable, ExpressibleByArrayLiteral {
  private var bits: UInt128 = 0

  init(arrayLiteral keys: Key...) {
    for key in keys { insert(key) }
  }

  var isEmpty: Bool { bits == 0 }
  mutating func insert(_ key: Key) { bits |= 1 << UInt128(key.rawValue) }
  func contains(_ key: Key) -> Bool { bits & 1 << UInt128(key.rawValue) != 0 }
  func isDisjoint(with other: KeySet) -> Bool { bits & other.bits == 0 }

  static func + (left: KeySet, right: KeySet) -> KeySet {
    var sum = left
    sum.bits |= right.bits
    return sum
  }
}
