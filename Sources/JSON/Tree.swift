/// A JSON value to be written.
public enum Tree: Sendable {
  /// Members are written in this order; the caller makes sure that no key is repeated.
  case object([(String, Tree)])
  case array([Tree])
  case string(String)
  case integer(Int)
  /// Infinity and NaN are written as `null`: JSON has no word for them.
  case real(Double)
  case bool(Bool)
  case null
}

extension Tree {
  public init(_ value: Value) {
    switch value.kind {
    case .object: self = .object(value.members!.map { ($0.key, Tree($0.value)) })
    case .array: self = .array(value.elements!.map(Tree.init))
    case .string: self = .string(value.string!)
    case .integer: self = .integer(value.integer!)
    case .real: self = .real(value.real!)
    case .bool: self = .bool(value.bool!)
    case .null: self = .null
    }
  }
}

extension Tree: Equatable {
  /// Objects are equal only if their members have the same order.
  public static func == (left: Tree, right: Tree) -> Bool {
    switch (left, right) {
    case (.object(let left), .object(let right)): left.elementsEqual(right, by: ==)
    case (.array(let left), .array(let right)): left == right
    case (.string(let left), .string(let right)): left == right
    case (.integer(let left), .integer(let right)): left == right
    case (.real(let left), .real(let right)): left == right
    case (.bool(let left), .bool(let right)): left == right
    case (.null, .null): true
    default: false
    }
  }
}

extension Tree: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral,
  ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral
{
  public init(dictionaryLiteral members: (String, Tree)...) {
    self = .object(members)
  }

  public init(arrayLiteral elements: Tree...) {
    self = .array(elements)
  }

  public init(stringLiteral string: String) {
    self = .string(string)
  }

  public init(integerLiteral integer: Int) {
    self = .integer(integer)
  }

  public init(booleanLiteral bool: Bool) {
    self = .bool(bool)
  }
}
