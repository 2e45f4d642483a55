/// A protocol above IP: its number in `/etc/protocols`, with the names that rules use.
public struct IPProtocol: Hashable, Sendable {
  public let number: UInt8

  public init(_ number: UInt8) { self.number = number }

  public static let names: [(UInt8, String)] = [
    (1, "icmp"), (2, "igmp"), (6, "tcp"), (17, "udp"), (33, "dccp"), (47, "gre"), (50, "esp"),
    (51, "ah"), (58, "ipv6-icmp"), (132, "sctp"), (136, "udplite"),
  ]

  public init?(name: String) {
    guard let entry = Self.names.first(where: { $0.1 == name }) else { return nil }
    self.init(entry.0)
  }
}

extension IPProtocol: CustomStringConvertible, ValueConvertible {
  public var name: String? { Self.names.first { $0.0 == number }?.1 }
  public var description: String { name ?? String(number) }
  public var value: Value { name.map(Value.string) ?? .integer(Int(number)) }
}
