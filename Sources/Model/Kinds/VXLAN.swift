/// A VXLAN tunnel endpoint (RFC 7348).
public struct VXLAN: Hashable, Sendable {
  /// The VXLAN network identifier, 0 to 16777215.
  public var id: UInt32
  /// Where frames to unknown destinations go: a multicast group, or one remote endpoint.
  public var remote: IPAddress?
  public var local: IPAddress?
  public var dev: LinkName?
  /// RFC 7348's port.
  public var dstport: UInt16 = 4789
  /// The port that the kernel uses for 0, which `ip` sends without `dstport`: the default of the
  /// module's parameter `udp_port` (`drivers/net/vxlan/vxlan_core.c`).
  public static let kernelPort: UInt16 = 8472
  /// Nil: the kernel's local port range.
  public var srcport: PortRange?
  public var learning = true
  /// Nil: the kernel's default.
  public var ttl: UInt8?

  public init(id: UInt32) { self.id = id }

  static let properties: [Property<Link>] = [
    .stated("id", .replacing) { $0.vxlan?.id },
    destination("group", isMulticast: true),
    destination("remote", isMulticast: false),
    inPlace("local") { $0.local },
    Property(
      "dev",
      // vxlan_changelink takes another device, but not none.
      mutability: { desired, _ in desired.vxlan?.dev == nil ? .replacing : .inPlace },
      value: { $0.vxlan?.dev?.value },
      agrees: { $0.vxlan == nil || $0.vxlan?.dev == $1.vxlan?.dev }),
    Property(
      "dstport", .replacing, value: { $0.vxlan?.dstport.value },
      agrees: { $0.vxlan == nil || $0.vxlan?.dstport == $1.vxlan?.dstport }),
    Property(
      "srcport", .replacing, value: { $0.vxlan?.srcport?.value },
      agrees: { $0.vxlan == nil || $0.vxlan?.srcport == $1.vxlan?.srcport }),
    Property(
      "learning", value: { $0.vxlan.flatMap { $0.learning ? nil : .bool(false) } },
      effective: { $0.vxlan?.learning.value },
      agrees: { $0.vxlan == nil || $0.vxlan?.learning == $1.vxlan?.learning }),
    inPlace("ttl") { $0.ttl },
  ]

  private static func inPlace<V: ValueConvertible>(
    _ name: String, _ get: @escaping @Sendable (VXLAN) -> V?
  ) -> Property<Link> {
    Property(
      name, value: { $0.vxlan.flatMap(get)?.value },
      agrees: { $0.vxlan == nil || $0.vxlan.flatMap(get) == $1.vxlan.flatMap(get) })
  }

  // iproute2 has two words for one attribute, IFLA_VXLAN_GROUP.
  private static func destination(_ name: String, isMulticast: Bool) -> Property<Link> {
    let get: @Sendable (Link) -> IPAddress? = {
      $0.vxlan?.remote.flatMap { $0.isMulticast == isMulticast ? $0 : nil }
    }
    return Property(
      name,
      // vxlan_changelink can't move a tunnel between families.
      mutability: { desired, observed in
        let families = Set([desired, observed].compactMap { $0.vxlan?.remote?.family })
        return families.count > 1 ? .replacing : .inPlace
      },
      value: { get($0)?.value }, agrees: { $0.vxlan == nil || get($0) == get($1) })
  }
}

extension VXLAN {
  /// Whether the outer packets are IPv6.
  var isIPv6: Bool { (remote ?? local)?.family == .inet6 }
}
