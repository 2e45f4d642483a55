import Model
import Netlink

/// How permanent neighbors and proxied addresses are read, created and deleted.
enum NeighborKind: KernelKind {
  static func observe(
    _ observation: Kernel.Observation, into observed: inout NetworkState
  ) throws(NetlinkError) {
    let links = observation.links
    var found: [Neighbor] = []
    for family in [AF.inet, AF.inet6] {
      for flags in [0, NTF.proxy] {
        found += try observation.socket.dump("neighbor show", RTM.getNeighbor) {
          $0.neighborHeader(family: family, flags: flags)
        } parse: {
          parse($0, links)
        }
      }
    }
    observed.neighbors = found
  }

  private static func parse(_ message: Message, _ links: LinkTable) -> Neighbor? {
    guard let header = message.neighbor, let link = links.name(header.index) else { return nil }
    let isProxy = header.flags & NTF.proxy != 0
    guard isProxy || header.state & NUD.permanent != 0 else { return nil }
    var address: IPAddress?
    var mac: MACAddress?
    var origin: UInt8 = 0
    for attribute in message.attributes(after: NeighborHeader.length) {
      switch attribute.type {
      case NDA.dst: address = attribute.ipAddress
      case NDA.lladdr: mac = attribute.macAddress
      case NDA.protocol: origin = attribute.uint8 ?? 0
      default: continue
      }
    }
    guard let address else { return nil }
    var neighbor = Neighbor(address, link: link)
    neighbor.isProxy = isProxy
    neighbor.mac = isProxy ? nil : mac
    neighbor.isRouter = header.flags & NTF.router != 0
    neighbor.protocol = .observed(origin)
    return neighbor
  }

  static func command(_ neighbor: Neighbor, _ word: String, _ change: Change) -> String {
    "neighbor \(word) \(neighbor.id)" + (neighbor.mac.map { " lladdr \($0)" } ?? "")
  }

  static func encode(
    _ change: Change, _ neighbor: Neighbor, from present: Neighbor?, _ encoder: Encoder
  ) throws(NetlinkError) {
    let verb = change.verb
    // An entry that somebody else made stays theirs when we change it.
    let origin = neighbor.protocol ?? present?.protocol
    let index = try encoder.index(neighbor.link)
    let flags =
      (neighbor.isProxy ? NTF.proxy : 0) | (neighbor.isRouter ? NTF.router : 0)
    // ip neighbor replace ADDRESS lladdr MAC dev LINK nud permanent protocol N
    // Not add: there may be a learnt entry already.
    let type = verb == .delete ? RTM.delNeighbor : RTM.newNeighbor
    encoder.batch.request(type, verb == .delete ? [] : [.create, .replace]) {
      $0.neighborHeader(
        family: neighbor.address.family.number, index: index,
        state: neighbor.isProxy ? 0 : NUD.permanent, flags: flags)
      $0.put(NDA.dst, neighbor.address)
      if verb == .delete { return }
      if let mac = neighbor.mac { $0.put(NDA.lladdr, mac) }
      $0.put(NDA.protocol, (origin ?? .vpngw).number)
    }
  }
}
