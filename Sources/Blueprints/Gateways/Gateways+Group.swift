public import Model

extension Gateways {
  /// Gateways that serve some of the clients: a client's packets leave by its own group or not at all.
  public struct Group: Hashable, Sendable {
    /// Nil: it is the only one.
    public var name: String?
    /// The VPN network's link, over which gateways are reached.
    public var link: LinkName
    /// Other links that clients' packets arrive on: a LAN, the macvlans of VIPs.
    public var clientLinks: [LinkName] = []
    /// 1 to 64; a member's position determines its mark, table and rule.
    public var members: [Member]
    /// The tunnels' MTU in bytes, to which TCP's MSS is clamped; nil: no clamping.
    public var mtu: UInt32?
    public var egress: Egress
    public var numbers = Numbers()

    public init(_ name: String? = nil, link: LinkName, members: [Member], egress: Egress) {
      self.name = name
      self.link = link
      self.members = members
      self.egress = egress
    }
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
    /// How many of those alive carry new flows; nil: all.
    public var active: Int?
    /// Whether those that carry new flows keep them when others return.
    public var isSticky = false

    public init(from: [Prefix]) { self.from = from }
  }

  public enum Balance: Hashable, Sendable {
    /// Rendezvous-hashed buckets in an nftables map; established flows are pinned.
    case consistent(buckets: UInt32)
    /// A multipath route.
    case ecmp(Multipath)
    /// One at a time.
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

    /// Those of a group that follows one with these numbers: other marks and tables. The rules may share
    /// priorities, since no two look at the same mark; so a further group moves no rule of the others.
    public var following: Numbers {
      var following = self
      following.mark = mark &+ Self.outside + 1
      following.table = table &+ Self.lastTable + 1
      return following
    }

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

extension Gateways.Group {
  /// `up`, or with a name `up.NAME`: a set, a map, a chain or a counter of this group's own.
  func own(_ part: String) -> String { name.map { "\(part).\($0)" } ?? part }

  /// The families of its gateways; a host's name may stand for any of the clients'.
  var families: [Family] {
    Family.allCases.filter { family in
      members.contains { member in
        member.host == nil
          ? member.address(family) != nil : egress.from.contains { $0.family == family }
      }
    }
  }

  var fromFamilies: [Family] { Family.allCases.filter { !egress.from.merged($0).isEmpty } }
  /// The families that have both clients and gateways.
  var leavingFamilies: [Family] { fromFamilies.filter(families.contains) }

  var hasVIPs: Bool { members.contains { !$0.vips.isEmpty } }
  var isPinning: Bool { if case .ecmp = egress.balance { false } else { true } }

  func mark(_ index: Int) -> UInt32 { numbers.mark + UInt32(index) }
  func markNumber(_ index: Int) -> UInt64 { UInt64(mark(index)) }

  /// The marks of all members.
  var marks: ClosedRange<UInt32> { numbers.mark...mark(members.count - 1) }

  /// Every mark that a packet of it may carry.
  public var reservedMarks: ClosedRange<UInt32> {
    numbers.mark...(numbers.mark + Gateways.Numbers.outside)
  }

  /// Every table that it may have.
  public var reservedTables: ClosedRange<UInt32> {
    numbers.table...(numbers.table + Gateways.Numbers.lastTable)
  }

  /// The routing tables that marks lead to.
  public var tables: [UInt32] {
    var tables = members.indices.map { numbers.table + UInt32($0) }
    if case .ecmp = egress.balance { tables.append(numbers.table + Gateways.Numbers.multipath) }
    return tables
  }
}
