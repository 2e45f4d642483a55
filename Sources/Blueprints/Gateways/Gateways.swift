public import Model

/// A router's VPN gateways: where client pods' packets go, and where answers to remote clients go
/// back (`gateways` in `schemas/state.json`).
public struct Gateways: Hashable, Sendable {
  /// The VPN network's link, over which gateways are reached.
  public var link: LinkName
  /// Other links that clients' packets arrive on: a LAN, the macvlans of VIPs.
  public var clientLinks: [LinkName] = []
  /// 1 to 64; a member's position determines its mark, table and rule.
  public var members: [Member]
  /// One probe for each member; its signal tells whether the member is alive.
  public var probes: [Probe]
  /// The tunnels' MTU in bytes, to which TCP's MSS is clamped; nil: no clamping.
  public var mtu: UInt32?
  public var egress: Egress
  /// What `services` serve behind the members' VIPs.
  public var served: Set<Served> = []
  /// The real servers of all `services`.
  public var servers: Set<IPAddress> = []
  /// The links' networks, as far as they are known.
  public var networks: [Network] = []
  /// The router's own addresses on the links, as far as the file declares them.
  public var ownAddresses: Set<IPAddress> = []
  /// Forwards nothing but the VPN network's packets, and those only within it.
  public var isStrict = false
  /// The links that `strict` closes.
  public var otherLinks: [LinkName] = []
  public var numbers = Numbers()

  public init(link: LinkName, members: [Member], egress: Egress) {
    self.link = link
    self.members = members
    self.egress = egress
    probes = members.map {
      Probe(name: $0.name, question: .gluetun(Probe.Gluetun(address: $0.addresses[0])))
    }
  }

  public struct Member: Hashable, Sendable {
    public var name: String
    /// Its addresses in the VPN network: one, or one of each family.
    public var addresses: [IPAddress]
    /// The router's addresses to which this gateway forwards what arrives from the internet.
    public var vips: [IPAddress] = []
    /// Its share of new flows relative to the others; 0 drains: it keeps the flows it has.
    public var weight: UInt16 = 1

    public init(_ name: String, _ addresses: [IPAddress]) {
      self.name = name
      self.addresses = addresses
    }

    public var signal: Signal { Signal(.probe, name) }

    func address(_ family: Family) -> IPAddress? { addresses.first { $0.family == family } }
  }

  /// Which packets leave by the gateways, and how they are spread over them.
  public struct Egress: Hashable, Sendable {
    /// The client pods' networks; packets from elsewhere don't leave.
    public var from: [Prefix]
    public var balance = Balance.consistent(buckets: 4096)
    /// The same on all routers; the default is that of the seed's routers.
    public var seed: UInt32 = 0xdead_beef
    /// Whether ``ReservedRanges`` never leave.
    public var exceptsReserved = true
    /// Further destinations that never leave.
    public var except: [Prefix] = []

    public init(from: [Prefix]) { self.from = from }
  }

  public enum Balance: Hashable, Sendable {
    /// Rendezvous-hashed buckets in an nftables map; established flows are pinned.
    case consistent(buckets: UInt32)
    /// A multipath route.
    case ecmp(Multipath)
    /// One at a time: among those alive the one with the greatest weight, or the first of equals.
    case single
  }

  public struct Multipath: Hashable, Sendable {
    /// `fib_multipath_hash_fields`, for hash policy 3; nil: policy 1.
    public var fields: Fields? = .fiveTuple
    /// How many next hops the one route has, assigned by rendezvous; nil: one for each gateway.
    public var slots: UInt32?

    public init() {}
  }

  /// `FIB_MULTIPATH_HASH_FIELD_*` (`net/ip_fib.h`).
  public struct Fields: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let src = Fields(rawValue: 1 << 0)
    public static let dst = Fields(rawValue: 1 << 1)
    public static let proto = Fields(rawValue: 1 << 2)
    public static let sport = Fields(rawValue: 1 << 4)
    public static let dport = Fields(rawValue: 1 << 5)
    public static let fiveTuple: Fields = [.src, .dst, .proto, .sport, .dport]
  }

  /// Where the gateways' marks, tables and rules begin (`return`).
  ///
  /// The defaults avoid what others use. Marks: bit 12 and the low seven bits, which none of AWS's
  /// CNI (0x80), Cilium (0xf00), portmap (0x2000), kube-proxy (0x4000, 0x8000), tailscale
  /// (0xff0000) and Calico (0xffff0000) tests. Tables: not tailscale's (52), gluetun's (199, 200),
  /// Cilium's (2004, 2005), wg-quick's (51820), or Calico's and others' up to 255. Rules: after
  /// gluetun's (98 to 101), Cilium's (up to 111) and AWS's to a pod (512), and before VRF's (1000)
  /// and tailscale's (5210 to 5270), whose `from all` would lead packets elsewhere.
  public struct Numbers: Hashable, Sendable {
    public var mark: UInt32 = 0x1000
    public var table: UInt32 = 11_800
    public var priority: UInt32 = 700

    public init() {}

    /// Offset of the multipath route's mark, table and rule: after those of the last possible
    /// gateway.
    static let multipath: UInt32 = 64
    /// The table of what is on the links, after all those that marks lead to.
    static let onLinkTable: UInt32 = 65
    /// The mark of packets that all gateways are asked about.
    static let ask: UInt32 = 65
    /// The mark of packets that may leave, until their gateway is known.
    static let outside: UInt32 = 66
    /// The rules that follow all those that look at a mark.
    static let onLink: UInt32 = 100
    static let guards: UInt32 = 101
    static let strict: UInt32 = 102
    /// The last table's offset; files must state numbers that leave room for it.
    public static let lastTable = onLinkTable
    public static let lastRule = strict
  }
}

extension Gateways {
  /// Every link that the VPN network's packets arrive on.
  var links: [LinkName] { [link] + clientLinks }

  /// The families that have gateways.
  var families: [Family] {
    Family.allCases.filter { family in members.contains { $0.address(family) != nil } }
  }

  var hasVIPs: Bool { members.contains { !$0.vips.isEmpty } }

  func mark(_ index: Int) -> UInt32 { numbers.mark + UInt32(index) }

  /// The marks of all members.
  var marks: ClosedRange<UInt32> { numbers.mark...mark(members.count - 1) }

  /// Every mark that a packet of the VPN network may carry.
  public var reservedMarks: ClosedRange<UInt32> {
    numbers.mark...(numbers.mark + Numbers.outside)
  }

  /// The priorities of its rules.
  public var priorities: ClosedRange<UInt32> {
    numbers.priority...(numbers.priority + (isStrict ? Numbers.strict : Numbers.guards))
  }

  /// The routing table of what is on the links.
  public var onLinkTable: UInt32 { numbers.table + Numbers.onLinkTable }

  /// The routing tables that marks lead to.
  public var tables: [UInt32] {
    var tables = members.indices.map { numbers.table + UInt32($0) }
    if case .ecmp = egress.balance { tables.append(numbers.table + Numbers.multipath) }
    return tables
  }
}
