import Model
import Netlink

/// How a VXLAN's forwarding entries are read, created and deleted.
///
/// The kernel keeps no protocol number for them; `extern_learn`, "a control plane knows this", is
/// our mark.
enum FDBKind: KernelKind {
  static func observe(
    _ observation: Kernel.Observation, into observed: inout NetworkState
  ) throws(NetlinkError) {
    let links = observation.links
    var found: [FDBEntry] = []
    for link in links.links {
      guard let vxlan = link.vxlan, let index = links.index(link.name) else { continue }
      found += try observation.socket.dump("fdb show dev \(link.name)", RTM.getNeighbor) {
        $0.neighborHeader(family: AF.bridge, index: index)
      } parse: {
        parse($0, link.name, index, vxlan, links)
      }
    }
    observed.fdb = found
  }

  private static func parse(
    _ message: Message, _ link: LinkName, _ index: UInt32, _ vxlan: VXLAN, _ links: LinkTable
  ) -> FDBEntry? {
    guard let header = message.neighbor, header.index == index,
      header.flags & NTF.selfFlag != 0,
      header.state & (NUD.permanent | NUD.noARP) != 0
    else { return nil }
    var mac: MACAddress?
    var dst: IPAddress?
    var port: UInt16?
    var vni: UInt32?
    var via: LinkName?
    for attribute in message.attributes(after: NeighborHeader.length) {
      switch attribute.type {
      case NDA.lladdr: mac = attribute.macAddress
      case NDA.dst: dst = attribute.ipAddress
      case NDA.port: port = attribute.uint16.map(UInt16.init(bigEndian:))
      case NDA.vni: vni = attribute.uint32
      case NDA.ifindex: via = attribute.uint32.flatMap(links.name)
      default: continue
      }
    }
    guard let mac, let dst else { return nil }
    // The link's own remote or group is listed among its entries.
    if mac.isZero, dst == vxlan.remote { return nil }
    var entry = FDBEntry(mac, link: link, dst: dst)
    entry.port = port
    entry.vni = vni
    entry.via = via
    // Routing daemons set the flag too, but not on entries that are permanent in both ways.
    entry.isOwned =
      header.flags & NTF.externallyLearned != 0 && header.state == NUD.permanent | NUD.noARP
    entry.isAdopted = !entry.isOwned
    return entry
  }

  static func command(_ entry: FDBEntry, _ word: String, _ change: Change) -> String {
    "bridge fdb \(word) \(entry.mac) dev \(entry.link) dst \(entry.dst)"
  }

  static func encode(
    _ change: Change, _ entry: FDBEntry, from observed: FDBEntry?, _ encoder: Encoder
  ) throws(NetlinkError) {
    let verb = change.verb
    let index = try encoder.index(entry.link)
    let hasManyEndpoints = entry.mac.isZero || entry.mac.isMulticast
    if verb == .delete || verb == .replace && hasManyEndpoints {
      try request(RTM.delNeighbor, [], observed ?? entry, index, encoder)
    }
    if verb == .delete { return }
    // bridge fdb append MAC dev LINK self permanent extern_learn dst ADDRESS port N vni N via LINK
    let flags: RequestFlags =
      hasManyEndpoints ? [.create, .append] : verb == .create ? [.create, .exclusive] : .replace
    try request(RTM.newNeighbor, flags, entry, index, encoder)
  }

  private static func request(
    _ type: UInt16, _ flags: RequestFlags, _ entry: FDBEntry, _ index: UInt32, _ encoder: Encoder
  ) throws(NetlinkError) {
    var via: UInt32?
    if let name = entry.via { via = try encoder.index(name) }
    encoder.batch.request(type, flags) {
      $0.neighborHeader(
        family: AF.bridge, index: index, state: NUD.permanent | NUD.noARP,
        flags: NTF.selfFlag | (entry.isAdopted ? 0 : NTF.externallyLearned))
      $0.put(NDA.lladdr, entry.mac)
      $0.put(NDA.dst, entry.dst)
      if let port = entry.port { $0.put(NDA.port, port.bigEndian) }
      if let vni = entry.vni { $0.put(NDA.vni, vni) }
      if let via { $0.put(NDA.ifindex, via) }
    }
  }
}
