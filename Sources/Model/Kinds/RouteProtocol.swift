/// Who made a route, rule, nexthop, neighbor or address: `rtm_protocol` and its kin.
public struct RouteProtocol: Hashable, Sendable {
  public let number: UInt8

  public init(_ number: UInt8) { self.number = number }

  public static let unspecified = RouteProtocol(0)
  public static let kernel = RouteProtocol(2)
  public static let boot = RouteProtocol(3)
  public static let `static` = RouteProtocol(4)
  public static let routerAdvertisement = RouteProtocol(9)
  /// Our own number: free in `linux/rtnetlink.h` and in iproute2's `rt_protos`. 118 is "v".
  public static let vpngw = RouteProtocol(118)

  /// `linux/rtnetlink.h`'s numbers by iproute2's names.
  public static let names: [(UInt8, String)] = [
    (0, "unspec"), (1, "redirect"), (2, "kernel"), (3, "boot"), (4, "static"), (8, "gated"),
    (9, "ra"), (10, "mrt"), (11, "zebra"), (12, "bird"), (13, "dnrouted"), (14, "xorp"),
    (15, "ntk"), (16, "dhcp"), (18, "keepalived"), (42, "babel"), (118, "vpngw"), (186, "bgp"),
    (187, "isis"), (188, "ospf"), (189, "rip"), (192, "eigrp"),
  ]

  public init?(name: String) {
    guard let entry = Self.names.first(where: { $0.1 == name }) else { return nil }
    self.init(entry.0)
  }
}

extension RouteProtocol: CustomStringConvertible, ValueConvertible {
  public var name: String? { Self.names.first { $0.0 == number }?.1 }
  public var description: String { name ?? String(number) }
  public var value: Value { name.map(Value.string) ?? .integer(Int(number)) }

  /// Who sets this number: `the kernel`, `proto dhcp`.
  var maker: String {
    switch self {
    case .unspecified: "another program"
    case .kernel: "the kernel"
    default: "proto \(self)"
    }
  }
}
