public import Model

/// The VPN gateways of a router: where client pods' packets go, and where answers to remote
/// clients go back (`gateways` in `schemas/state.json`).
public struct Gateways: Hashable, Sendable {
  /// The link of the VPN network, by which gateways are reached.
  public var link: LinkName
  /// Other links by which clients' packets come in: a LAN, the macvlans of VIPs.
  public var clientLinks: [LinkName] = []
  /// 1 to 64; a member's place tells its mark, table and rule.
  public var members: [Member]
  /// What the members are asked, one each; its signal says whether the member lives.
  public var probes: [Probe]
  /// The tunnels' MTU in bytes, to which TCP's segments are clamped; nil: not at all.
  public var mtu: UInt32?
  public var egress: Egress
  /// What `services` have behind the members' VIPs.
  public var served: Set<Served> = []
  /// The real servers of all `services`.
  public var servers: Set<IPAddress> = []
  /// The networks of the links, as far as they are known.
  public var networks: [Network] = []
  /// The router's own addresses on the links, as far as the file declares them.
  public var ownAddresses: Set<IPAddress> = []
  /// Nothing is forwarded but what the VPN network sends, and only within it.
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
    /// On the VPN network: one, or one a family.
    public var addresses: [IPAddress]
    /// The router's addresses to which this gateway sends what comes in from the internet.
    public var vips: [IPAddress] = []
    /// Its share of new flows beside the others'; 0 drains: it keeps what it has.
    public var weight: UInt16 = 1

    public init(_ name: String, _ addresses: [IPAddress]) {
      self.name = name
      self.addresses = addresses
    }

    public var signal: Signal { Signal(.probe, name) }

    func address(_ family: Family) -> IPAddress? { addresses.first { $0.family == family } }
  }

  /// What leaves by the gateways, and how it is spread over them.
  public struct Egress: Hashable, Sendable {
    /// The client pods' networks; nobody else's packets leave.
    public var from: [Prefix]
    public var balance = Balance.consistent(buckets: 4096)
    /// Equal on all routers. The default is the one that the seed's routers have.
    public var seed: UInt32 = 0xdead_beef
    /// Whether ``ReservedRanges`` never leave.
    public var exceptsReserved = true
    /// More that never leaves.
    public var except: [Prefix] = []

    public init(from: [Prefix]) { self.from = from }
  }

  public enum Balance: Hashable, Sendable {
    /// Rendezvous-hashed buckets in an nftables map, established flows pinned.
    case consistent(buckets: UInt32)
    /// A multipath route.
    case ecmp(Multipath)
    /// One at a time: of those alive the one with the greatest weight, the first of equals.
    case single
  }

  public struct Multipath: Hashable, Sendable {
    /// `fib_multipath_hash_fields`, for hash policy 3; nil: policy 1.
    public var fields: Fields? = .fiveTuple
    /// Next hops in the one route, given out by rendezvous; nil: one a gateway.
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

  /// Where the marks, tables and rules of the gateways begin (`return`).
  ///
  /// The defaults are away from what others use. Marks: bit 12 and the low seven, which none of
  /// AWS's CNI (0x80), Cilium (0xf00), portmap (0x2000), kube-proxy (0x4000, 0x8000), tailscale
  /// (0xff0000) and Calico (0xffff0000) tests. Tables: not tailscale's (52), gluetun's (199, 200),
  /// Cilium's (2004, 2005), wg-quick's (51820), Calico's and others' up to 255. Rules: behind
  /// gluetun's (98 to 101), Cilium's (up to 111) and AWS's to a pod (512), and before VRF's (1000)
  /// and tailscale's (5210 to 5270), whose `from all` would lead packets elsewhere.
  public struct Numbers: Hashable, Sendable {
    public var mark: UInt32 = 0x1000
    public var table: UInt32 = 11_800
    public var priority: UInt32 = 700

    public init() {}

    /// Marks, tables and rules behind those of the most gateways: the multipath route's.
    static let multipath: UInt32 = 64
    /// The table of what is on the links, behind all that marks lead to.
    static let onLinkTable: UInt32 = 65
    /// The mark of what all gateways are asked about.
    static let ask: UInt32 = 65
    /// The mark of what may leave, until it is known by which gateway.
    static let outside: UInt32 = 66
    /// Rules that come after all that know a mark.
    static let onLink: UInt32 = 100
    static let guards: UInt32 = 101
    static let strict: UInt32 = 102
    /// The last table; files state numbers that leave room for it.
    public static let lastTable = onLinkTable
    public static let lastRule = strict
  }
}

extension Gateways {
  /// Every link by which the VPN network's packets come in.
  var links: [LinkName] { [link] + clientLinks }

  /// The families in which there are gateways.
  var families: [Family] {
    Family.allCases.filter { family in members.contains { $0.address(family) != nil } }
  }

  var hasVIPs: Bool { members.contains { !$0.vips.isEmpty } }

  func mark(_ index: Int) -> UInt32 { numbers.mark + UInt32(index) }

  /// The marks of all members.
  var marks: ClosedRange<UInt32> { numbers.mark...mark(members.count - 1) }

  /// All that a packet of the VPN network may bear.
  public var reservedMarks: ClosedRange<UInt32> {
    numbers.mark...(numbers.mark + Numbers.outside)
  }

  /// Of its rules.
  public var priorities: ClosedRange<UInt32> {
    numbers.priority...(numbers.priority + (isStrict ? Numbers.strict : Numbers.guards))
  }

  /// The routing table that holds what is on the links.
  public var onLinkTable: UInt32 { numbers.table + Numbers.onLinkTable }

  /// The routing tables that marks lead to.
  public var tables: [UInt32] {
    var tables = members.indices.map { numbers.table + UInt32($0) }
    if case .ecmp = egress.balance { tables.append(numbers.table + Numbers.multipath) }
    return tables
  }
}
