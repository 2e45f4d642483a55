/// A property's value as a state file writes it.
public indirect enum Value: Hashable, Sendable {
  case string(String)
  case integer(Int)
  case bool(Bool)
  case list([Value])
  case members([Member])

  public struct Member: Hashable, Sendable {
    public let name: String
    public let value: Value

    public init(_ name: String, _ value: Value) {
      self.name = name
      self.value = value
    }
  }
}

extension Value: CustomStringConvertible {
  /// One line for plans: `192.0.2.1`, `[a, b]`, `{ id 1, weight 2 }`.
  public var description: String {
    switch self {
    case .string(let text): text
    case .integer(let number): String(number)
    case .bool(let flag): flag ? "true" : "false"
    case .list(let values): "[" + values.map(\.description).joined(separator: ", ") + "]"
    case .members(let members):
      "{ " + members.map { "\($0.name) \($0.value)" }.joined(separator: ", ") + " }"
    }
  }
}

/// A Swift type that can be a property's value.
public protocol ValueConvertible: Equatable, Sendable {
  var value: Value { get }
}

extension Bool: ValueConvertible {
  public var value: Value { .bool(self) }
}
extension String: ValueConvertible {
  public var value: Value { .string(self) }
}
extension Int: ValueConvertible {
  public var value: Value { .integer(self) }
}
extension UInt8: ValueConvertible {
  public var value: Value { .integer(Int(self)) }
}
extension UInt16: ValueConvertible {
  public var value: Value { .integer(Int(self)) }
}
extension UInt32: ValueConvertible {
  public var value: Value { .integer(Int(self)) }
}
extension Array: ValueConvertible where Element: ValueConvertible {
  public var value: Value { .list(map(\.value)) }
}
extension IPAddress: ValueConvertible {
  public var value: Value { .string(description) }
}
extension Prefix: ValueConvertible {
  public var value: Value { .string(description) }
}
extension MACAddress: ValueConvertible {
  public var value: Value { .string(description) }
}
extension Mark: ValueConvertible {
  public var value: Value { .string(description) }
}
extension LinkName: ValueConvertible {
  public var value: Value { .string(text) }
}
extension Family: ValueConvertible {
  public var value: Value { .string(rawValue) }
}
extension RawRepresentable where Self: ValueConvertible, RawValue == String {
  public var value: Value { .string(rawValue) }
}
