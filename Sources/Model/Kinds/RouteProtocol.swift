/// Who made a route, rule, nexthop, neighbor or address: `rtm_protocol` and its kin.
public struct RouteProtocol: NamedProtocol {
  public let number: UInt8

  public init(_ number: UInt8) { self.number = number }

  public static let kernel = RouteProtocol(2)
  public static let boot = RouteProtocol(3)
  public static let `static` = RouteProtocol(4)
  public static let routerAdvertisement = RouteProtocol(9)

  public static let kernels: Set = [kernel]

  /// `linux/rtnetlink.h`'s numbers by iproute2's names.
  public static let names: [(UInt8, String)] = [
    (0, "unspec"), (1, "redirect"), (2, "kernel"), (3, "boot"), (4, "static"), (8, "gated"),
    (9, "ra"), (10, "mrt"), (11, "zebra"), (12, "bird"), (13, "dnrouted"), (14, "xorp"),
    (15, "ntk"), (16, "dhcp"), (18, "keepalived"), (42, "babel"), (118, "vpngw"), (186, "bgp"),
    (187, "isis"), (188, "ospf"), (189, "rip"), (192, "eigrp"),
  ]
}
