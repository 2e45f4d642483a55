import Model
import Netlink

/// All links of the namespace, by name and by index.
struct LinkTable {
  private(set) var links: [Link] = []
  private var names: [UInt32: LinkName] = [:]
  private var indices: [LinkName: UInt32] = [:]

  /// An empty table.
  init() {}

  init(_ socket: Socket) throws(NetlinkError) {
    let found = try socket.dump("link show", RTM.getLink) {
      $0.linkHeader()
      $0.put(IFLA.extMask, LinkFilter.skipStatistics)
    } parse: {
      RawLink($0)
    }
    for raw in found {
      names[raw.index] = raw.name
      indices[raw.name] = raw.index
    }
    links = found.map { $0.link(names) }
    let bridges = Set(found.filter(\.hasVLANs).map(\.index))
    if !bridges.isEmpty { try readVLANs(found, bridges, socket) }
  }

  /// `bridge vlan show`
  private mutating func readVLANs(
    _ found: [RawLink], _ bridges: Set<UInt32>, _ socket: Socket
  ) throws(NetlinkError) {
    let memberships = try socket.dump("bridge vlan show", RTM.getLink) {
      $0.linkHeader(family: AF.bridge)
      $0.put(IFLA.extMask, LinkFilter.compressedVLANs)
    } parse: {
      RawMembership($0)
    }
    // A port has a message of its bridge, and may have one of its driver.
    let vlans = memberships.reduce(into: [UInt32: [PortVLAN]]()) {
      $0[$1.index, default: []] += $1.vlans
    }
    for (position, raw) in found.enumerated() where raw.belongs(to: bridges) {
      links[position].vlans = vlans[raw.index]?.normalized
    }
  }

  func name(_ index: UInt32) -> LinkName? { names[index] }
  func index(_ name: LinkName) -> UInt32? { indices[name] }

  func isBond(_ name: LinkName?) -> Bool {
    name.map { name in links.contains { $0.name == name && $0.bond != nil } } ?? false
  }
}
