/// A tunnel whose outer packets carry IP packets: IP in IP (RFC 2003), SIT (RFC 4213), GRE (RFC 2784,
/// RFC 2890), IPv6 tunnels (RFC 2473).
public struct Tunnel: Hashable, Sendable {
  public enum Kind: String, CaseIterable, Hashable, Sendable {
    case ipip, sit, gre, ip6tnl, ip6gre

    /// The family of the outer packets.
    public var family: Family { self == .ip6tnl || self == .ip6gre ? .inet6 : .inet }
    public var isGRE: Bool { self == .gre || self == .ip6gre }
    /// The modes of the type, with the inner protocols' numbers; the first is the default.
    public var modes: [(mode: Mode, protocol: UInt8)] {
      switch self {
      case .ipip: [(.ipip, 4), (.mplsip, 137), (.any, 0)]
      case .sit: [(.ip6ip, 41), (.ipip, 4), (.mplsip, 137), (.any, 0)]
      case .ip6tnl: [(.any, 0), (.ip6ip6, 41), (.ipip6, 4)]
      case .gre, .ip6gre: []
      }
    }
  }

  /// What is inside of the outer packets, before "ip" what carries it.
  public enum Mode: String, CaseIterable, Hashable, Sendable {
    case ipip, ip6ip, mplsip, ip6ip6, ipip6, any
  }

  /// A field of the outer header.
  public enum Field: Hashable, Sendable, ValueConvertible {
    case fixed(UInt32)
    /// As the inner packet has it.
    case inherit

    public var value: Value {
      switch self {
      case .fixed(let number): number.value
      case .inherit: .string("inherit")
      }
    }
  }

  public var kind: Kind
  public var mode: Mode?
  public var local: IPAddress?
  /// Nil: wherever routes lead to.
  public var remote: IPAddress?
  /// The link that carries the outer packets.
  public var dev: LinkName?
  /// Nil: the inner packet's, or with IPv6 the route's.
  public var ttl: UInt8?
  public var tos = Field.fixed(0)
  /// Whether outer IPv4 packets may not be fragmented.
  public var pmtudisc = true
  public var ikey: UInt32?
  public var okey: UInt32?
  public var csum = false
  public var seq = false
  /// How often packets may be encapsulated (RFC 2473, section 6.6); nil: unlimited.
  public var encaplimit: UInt8? = Self.usualEncaplimit
  public var flowlabel = Field.fixed(0)
  /// The mark of outer packets; 0: none.
  public var fwmark: UInt32 = 0

  public static let usualEncaplimit: UInt8 = 4

  public init(_ kind: Kind) {
    self.kind = kind
    mode = kind.modes.first?.mode
  }

  /// The kernel's own tunnels, which come with its modules and are nobody's.
  public static let fallbacks: Set<String> = [
    "tunl0", "sit0", "gre0", "gretap0", "erspan0", "ip6tnl0", "ip6gre0", "ip_vti0", "ip6_vti0",
  ]

  /// What tells packets of one tunnel from another's.
  var claim: String { "\(kind.rawValue) \(ends)" }

  /// The same, in words.
  public var ends: String {
    var words = ["local \(local?.description ?? "any")", "remote \(remote?.description ?? "any")"]
    if let dev { words.append("dev \(dev)") }
    if let ikey { words.append("key \(ikey)") }
    return words.joined(separator: " ")
  }

  static let properties: [Property<Link>] = [
    Property(
      "mode",
      // ip_tunnel_update leaves the inner protocol as it is.
      mutability: { desired, _ in desired.tunnel?.kind == .ip6tnl ? .inPlace : .replacing },
      value: { link in
        link.tunnel.flatMap { $0.mode == $0.kind.modes.first?.mode ? nil : $0.mode?.rawValue.value }
      },
      effective: { $0.tunnel?.mode?.rawValue.value },
      agrees: { $0.tunnel == nil || $0.tunnel?.mode == $1.tunnel?.mode }),
    setting("local") { $0.local },
    Property(
      "remote",
      // IPv4's tunnels can't change between one remote end, a multicast group and none
      // (ip_tunnel_changelink).
      mutability: { desired, observed in
        guard let wanted = desired.tunnel, let present = observed.tunnel else { return .replacing }
        return wanted.kind.family == .inet6 || wanted.reach == present.reach
          ? .inPlace : .replacing
      },
      value: { $0.tunnel?.remote?.value },
      agrees: { $0.tunnel == nil || $0.tunnel?.remote == $1.tunnel?.remote }),
    setting("dev") { $0.dev },
    setting("ttl") { $0.ttl },
    setting("tos", default: .fixed(0)) { $0.tos },
    setting("pmtudisc", default: true) { $0.pmtudisc },
    setting("key") { $0.ikey == $0.okey ? $0.ikey : nil },
    setting("ikey") { $0.ikey == $0.okey ? nil : $0.ikey },
    setting("okey") { $0.ikey == $0.okey ? nil : $0.okey },
    setting("csum", default: false) { $0.csum },
    setting("seq", default: false) { $0.seq },
    Property(
      "encaplimit",
      value: { link in
        link.tunnel.flatMap { $0.encaplimit == usualEncaplimit ? nil : $0.encaplimitValue }
      },
      effective: { $0.tunnel?.encaplimitValue },
      agrees: { $0.tunnel == nil || $0.tunnel?.encaplimit == $1.tunnel?.encaplimit }),
    setting("flowlabel", default: .fixed(0)) { $0.flowlabel },
    setting("fwmark") { $0.fwmark == 0 ? nil : Mark($0.fwmark) },
  ]

  private var encaplimitValue: Value? {
    kind.family == .inet ? nil : encaplimit?.value ?? .string("none")
  }

  private enum RemoteReach { case none, one, group }

  private var reach: RemoteReach {
    remote.map { $0.isMulticast ? .group : .one } ?? .none
  }

  private static func setting<V: ValueConvertible>(
    _ name: String, _ get: @escaping @Sendable (Tunnel) -> V?
  ) -> Property<Link> {
    Property(
      name, value: { $0.tunnel.flatMap(get)?.value },
      agrees: { $0.tunnel == nil || $0.tunnel.flatMap(get) == $1.tunnel.flatMap(get) })
  }

  private static func setting<V: ValueConvertible>(
    _ name: String, default fallback: V, _ get: @escaping @Sendable (Tunnel) -> V
  ) -> Property<Link> {
    Property(
      name, value: { $0.tunnel.map(get).flatMap { $0 == fallback ? nil : $0.value } },
      effective: { $0.tunnel.map(get)?.value },
      agrees: { $0.tunnel == nil || $0.tunnel.map(get) == $1.tunnel.map(get) })
  }
}

extension Link {
  /// Whether it is a tunnel that came with the kernel's module.
  public var isKernels: Bool { Tunnel.fallbacks.contains(name.text) }
}
