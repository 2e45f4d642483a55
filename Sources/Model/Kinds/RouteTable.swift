/// A routing table's number, with the names that iproute2 compiles in.
public struct RouteTable: Hashable, Sendable, Comparable {
  public let number: UInt32

  public init(_ number: UInt32) { self.number = number }

  public static let unspecified = RouteTable(0)
  public static let `default` = RouteTable(253)
  public static let main = RouteTable(254)
  public static let local = RouteTable(255)

  public static func < (a: RouteTable, b: RouteTable) -> Bool { a.number < b.number }
}

extension RouteTable: CustomStringConvertible, ValueConvertible {
  public var name: String? {
    switch self {
    case .default: "default"
    case .main: "main"
    case .local: "local"
    default: nil
    }
  }

  public var description: String { name ?? String(number) }
  public var value: Value { name.map(Value.string) ?? .integer(Int(number)) }
}
