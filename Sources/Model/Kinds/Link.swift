/// A network interface.
public struct Link: Resource {
  public var name: LinkName
  /// False: other objects only refer to it; it is never changed.
  public var isManaged = true
  /// Made by somebody else: vpngw keeps it as stated, and never creates or deletes it.
  public var isAdopted = false
  /// Nil: of any type; such a link is never created or deleted.
  public var device: Device?
  public var isUp: Bool?
  /// In bytes.
  public var mtu: UInt32?
  public var address: MACAddress?
  public var master: LinkName?
  public var alias: String?
  public var altnames: [String]?
  /// The VLANs that it is a member of, as a bridge or as a port of one, which tells VLANs apart; nil:
  /// left as they are, or unknown.
  public var vlans: [PortVLAN]?
  /// Also removes what isn't stated, as if the link were ours: used to restore a link.
  public var isExact = false
  /// Observed only: its alias has our mark.
  public var isOwned = false
  /// Observed only: its interface index in this namespace.
  public var index: UInt32?
  /// Observed only: up and able to pass packets (`IFF_RUNNING`, RFC 2863). The link's signal says
  /// this.
  public var isRunning: Bool?

  public init(_ name: LinkName, _ device: Device? = nil) {
    self.name = name
    self.device = device
  }

  public struct ID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let name: LinkName

    public init(_ name: LinkName) { self.name = name }

    public static func < (a: ID, b: ID) -> Bool { a.name < b.name }
    public var description: String { name.text }
  }

  public static let name = "link"
  public var id: ID { ID(name) }
  public var phase: Phase { .link }

  /// Whether vpngw creates it when it is missing and deletes it when it is no longer stated.
  public var isOurs: Bool { isManaged && !isAdopted && device != nil }

  /// A file that states only some settings of a link, and no type, thereby says that the link is
  /// somebody else's.
  public func mayChange(_ observed: Link) -> Bool { observed.isOwned || !isOurs || isExact }

  private var leavesUnstated: Bool { !isOurs && !isExact }

  /// The lower link: `link` or `dev` in iproute2's words.
  public var lower: LinkName? {
    switch device {
    case .vxlan(let vxlan): vxlan.dev
    case .macvlan(let macvlan): macvlan.link
    case .vlan(let vlan): vlan.link
    case .tunnel(let tunnel): tunnel.dev
    default: nil
    }
  }

  public var requirements: [Requirement] {
    [lower, master].compactMap { $0.map(Requirement.link) }
  }

  public var takenForOurs: Self {
    var ours = self
    ours.isOwned = true
    return ours
  }
  public static var staysOursWhenReplaced: Bool { false }

  /// States what the observed link lacked, too.
  public var toRestore: Self {
    var link = self
    link.isExact = true
    return link
  }

  public var provisions: [Provision] {
    [.link(name)] + (veth?.peer.map { [.link($0)] } ?? [])
  }

  /// Links on top of one that goes are lost with it, and so is the other end of a pair; a port
  /// outlives its bridge.
  public static func removeDependents(of gone: inout Cascade, from list: inout [Self]) {
    gone.spread(over: list)
    list.removeAll { gone.has($0.name) }
    for index in list.indices where gone.has(list[index].master) { list[index].master = nil }
  }

  public static let properties: [Property<Link>] =
    [
      .identity("name") { $0.name },
      Property(
        "managed", value: { $0.isManaged ? nil : .bool(false) }, agrees: { _, _ in true }),
      Property("adopt", value: { $0.isAdopted ? .bool(true) : nil }, agrees: { _, _ in true }),
      .stated("type", .replacing) { $0.device?.type },
    ] + Bridge.properties + Bond.properties + VXLAN.properties + Tunnel.properties + otherDevices
    + [
      .stated("mtu") { $0.mtu },
      .stated("address") { $0.address },
      Property(
        "master", value: { $0.master?.value },
        agrees: { $0.master == $1.master || ($0.master == nil && $0.leavesUnstated) }),
      Property(
        "alias", value: { $0.alias?.value },
        agrees: { $0.alias == $1.alias || ($0.alias == nil && $0.leavesUnstated) }),
      Property(
        "altnames", value: { $0.altnames?.value },
        agrees: { desired, observed in
          guard let wanted = desired.altnames else { return true }
          let present = Set(observed.altnames ?? [])
          return desired.isOurs ? present == Set(wanted) : present.isSuperset(of: wanted)
        }),
      .stated("vlans") { $0.vlans },
      .stated("up") { $0.isUp },
    ]

  private static let otherDevices: [Property<Link>] = [
    Property(
      "peer", .replacing, value: { $0.veth?.peer?.value },
      // The peer of an end that was moved to another namespace has no name here: leave the pair
      // alone.
      agrees: { desired, observed in
        guard let wanted = desired.veth?.peer, let present = observed.veth?.peer else {
          return true
        }
        return wanted == present
      }),
    Property(
      "link", .replacing, value: { ($0.macvlan?.link ?? $0.vlan?.link)?.value },
      agrees: { desired, observed in
        guard let wanted = desired.macvlan?.link ?? desired.vlan?.link,
          let present = observed.macvlan?.link ?? observed.vlan?.link
        else { return true }
        return wanted == present
      }),
    Property(
      "mode",
      // macvlan_changelink refuses a change from or to passthru.
      mutability: {
        $0.macvlan?.mode == .passthru || $1.macvlan?.mode == .passthru
          ? .replacing : .inPlace
      },
      value: { ($0.macvlan?.mode.rawValue).map(Value.string) },
      agrees: { $0.macvlan == nil || $0.macvlan?.mode == $1.macvlan?.mode }),
    .stated("id", .replacing) { $0.vlan?.id },
    .stated("protocol", .replacing) { $0.vlan?.protocol.rawValue },
    .stated("table", .replacing) { $0.vrf?.table },
  ]
}

extension NetworkState {
  public var links: [Link] {
    get { self[Link.self] }
    _modify { yield &self[Link.self] }
  }
}

extension LinkNumbers {
  /// The interface indexes of observed links.
  public init(_ links: [Link]) {
    self.init()
    for link in links { self[link.name.text] = link.index }
  }
}

extension Link {
  /// The encapsulated packets must fit into the link below, which the file needn't state.
  public func objection(_ outlook: inout some Outlook) -> String? {
    // The kernel fragments what a tunnel of another type can't send whole.
    guard tunnel == nil, let mtu, let lower, let most = outlook.mtu(lower) else { return nil }
    // Outer IP header, UDP 8, VXLAN 8, inner Ethernet 14 (RFC 7348, section 4.3).
    let overhead: UInt32 = vxlan.map { $0.isIPv6 ? 70 : 50 } ?? 0
    guard mtu + overhead > most else { return nil }
    return "its MTU \(mtu) is above that of \(lower) below it, \(most)"
      + (overhead == 0 ? "" : ", less \(overhead) for VXLAN")
  }

  /// Below this MTU the kernel ends IPv6 on the link (RFC 8200, section 5).
  public static let leastIPv6MTU: UInt32 = 1280
}
