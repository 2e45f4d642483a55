import Model
import Netlink

/// A link as its message states it, referring to other links by index.
struct RawLink {
  let index: UInt32
  let name: LinkName
  private var isUp: Bool
  private var isRunning: Bool
  private var mtu: UInt32?
  private var address: MACAddress?
  private var master: UInt32?
  private var lower: UInt32?
  private var alias: String?
  private var altnames: [String] = []
  private var type: String?
  private var data: [UInt8] = []

  init?(_ message: Message) {
    guard let header = message.link else { return nil }
    index = header.index
    isUp = header.flags & IFF.up != 0
    isRunning = header.flags & IFF.running != 0
    var name: LinkName?
    var isLowerElsewhere = false
    for attribute in message.attributes(after: LinkHeader.length) {
      switch attribute.type {
      case IFLA.name: name = LinkName(attribute.string)
      case IFLA.mtu:
        // More than any frame's size (lo, a VRF) is a default, not a limit that somebody set.
        mtu = attribute.uint32.flatMap { $0 > 65535 ? nil : $0 }
      case IFLA.address: address = attribute.macAddress.flatMap { $0.isZero ? nil : $0 }
      case IFLA.master: master = attribute.uint32
      case IFLA.link: lower = attribute.uint32
      case IFLA.linkNamespace: isLowerElsewhere = true
      case IFLA.alias: alias = attribute.string
      case IFLA.propertyList:
        altnames = attribute.nested.filter { $0.type == IFLA.altname }.map(\.string)
      case IFLA.linkInfo:
        for part in attribute.nested {
          if part.type == IFLAInfo.kind { type = part.string }
          if part.type == IFLAInfo.data { data = Array(part.payload) }
        }
      default: continue
      }
    }
    guard let name else { return nil }
    self.name = name
    // An index of another namespace means nothing here.
    if isLowerElsewhere { lower = nil }
  }

  /// Whether it is a bridge of a kernel whose bridges can tell VLANs apart.
  var hasVLANs: Bool {
    type == "bridge"
      && data.withUnsafeBytes { Attributes($0).contains { $0.type == IFLABridge.vlanProtocol } }
  }

  /// Whether it is one of these bridges or a port of one.
  func belongs(to bridges: Set<UInt32>) -> Bool {
    bridges.contains(index) || master.map(bridges.contains) ?? false
  }

  func link(_ names: [UInt32: LinkName]) -> Link {
    var link = Link(name)
    link.isUp = isUp
    link.isRunning = isRunning
    link.index = index
    link.mtu = mtu
    link.address = address
    link.master = master.flatMap { names[$0] }
    link.altnames = altnames.isEmpty ? nil : altnames
    (link.alias, link.isOwned) = Ownership.parse(alias)
    link.isAdopted = !link.isOwned
    let lowerName = lower.flatMap { names[$0] }
    link.device = data.withUnsafeBytes { device(Attributes($0), lowerName, names) }
    return link
  }

  private func device(
    _ data: Attributes, _ lower: LinkName?, _ names: [UInt32: LinkName]
  ) -> Device? {
    switch type {
    case "bridge": .bridge(Bridge(data))
    case "bond": .bond(Bond(data, names))
    case "vxlan": VXLAN(data, names).map(Device.vxlan)
    case "veth": .veth(Veth(peer: lower))
    case "macvlan": Macvlan(data, lower).map(Device.macvlan)
    case "vlan": VLAN(data, lower).map(Device.vlan)
    case "vrf":
      data.first { $0.type == IFLAVRF.table }?.uint32.map { .vrf(VRF(table: RouteTable($0))) }
    case "dummy": .dummy
    case "ifb": .ifb
    case "wireguard": .wireguard
    default:
      type.flatMap(Tunnel.Kind.init).flatMap { Tunnel($0, data, names) }.map(Device.tunnel)
    }
  }
}

/// The mark on links that vpngw made: an alias, which the kernel keeps and `ip link` shows.
enum Ownership {
  private static let mark = "vpngw"
  private static let separator = "vpngw: "

  static func parse(_ alias: String?) -> (alias: String?, isOwned: Bool) {
    guard let alias else { return (nil, false) }
    if alias == mark { return (nil, true) }
    if alias.hasPrefix(separator) { return (String(alias.dropFirst(separator.count)), true) }
    return (alias, false)
  }

  static func text(_ alias: String?) -> String { alias.map { separator + $0 } ?? mark }
}
