import Model
import Netlink

/// How nexthop objects are read, created and deleted. Linux 5.3 and later; resilient groups need
/// 5.13.
enum NexthopKind: KernelKind {
  static func observe(
    _ observation: Kernel.Observation, into observed: inout NetworkState
  ) throws(NetlinkError) {
    let links = observation.links
    do throws(NetlinkError) {
      observed.nexthops = try observation.socket.dump("nexthop show", RTM.getNexthop) {
        $0.nexthopHeader()
      } parse: {
        parse($0, links)
      }
    } catch {
      // An older kernel has no nexthop objects.
      if error.code != ErrorCode.notSupported { throw error }
    }
  }

  private static func parse(_ message: Message, _ links: LinkTable) -> Nexthop? {
    guard let header = message.nexthop else { return nil }
    var id: UInt32?
    var via: IPAddress?
    var dev: LinkName?
    var isBlackhole = false
    var members: [Nexthop.Member]?
    var groupType = NexthopGroupType.multipath
    var resilient: Nexthop.Resilient?
    for attribute in message.attributes(after: NexthopHeader.length) {
      switch attribute.type {
      case NHA.id: id = attribute.uint32
      case NHA.gateway: via = attribute.ipAddress
      case NHA.oif: dev = attribute.uint32.flatMap(links.name)
      case NHA.blackhole: isBlackhole = true
      case NHA.group: members = parseMembers(attribute.payload)
      case NHA.groupType: groupType = attribute.uint16 ?? groupType
      case NHA.resilientGroup: resilient = parseResilient(attribute.nested)
      case NHA.fdb: return nil  // a VXLAN's, not a route's
      default: continue
      }
    }
    guard let id else { return nil }
    let target: Nexthop.Target
    if let members {
      let isResilient = groupType == NexthopGroupType.resilient
      target = .group(Nexthop.Group(members, resilient: isResilient ? resilient : nil))
    } else if isBlackhole {
      target = .blackhole
    } else {
      target = .hop(via: via, dev: dev, onlink: header.flags & RTNH.onlink != 0)
    }
    var nexthop = Nexthop(id, family: Family(number: header.family) ?? .inet, target)
    nexthop.protocol = .observed(header.protocol)
    return nexthop
  }

  /// `struct nexthop_grp`: an id, the weight minus one, and its high byte since Linux 6.12.
  private static func parseMembers(_ bytes: UnsafeRawBufferPointer) -> [Nexthop.Member] {
    stride(from: 0, to: bytes.count & ~7, by: 8).map { offset in
      let weight =
        UInt16(bytes[offset + 4]) | UInt16(bytes[offset + 5]) << 8
      return Nexthop.Member(
        id: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self), weight: weight &+ 1)
    }
  }

  private static func parseResilient(_ attributes: Attributes) -> Nexthop.Resilient {
    var resilient = Nexthop.Resilient(buckets: 0)
    for attribute in attributes {
      switch attribute.type {
      case NHARes.buckets: resilient.buckets = attribute.uint16 ?? 0
      case NHARes.idleTimer: resilient.idleTimer = attribute.uint32.map(Duration.clockTicks)
      case NHARes.unbalancedTimer:
        resilient.unbalancedTimer = attribute.uint32.map(Duration.clockTicks)
      default: continue
      }
    }
    return resilient
  }

  static func command(_ nexthop: Nexthop, _ word: String, _ change: Change) -> String {
    "nexthop \(word) id \(nexthop.id)\(change.propertyText)"
  }

  static func encode(
    _ change: Change, _ nexthop: Nexthop, from present: Nexthop?, _ encoder: Encoder
  ) throws(NetlinkError) {
    let verb = change.verb
    // A nexthop that somebody else made stays theirs when we change it.
    let origin = nexthop.protocol ?? present?.protocol
    if verb == .delete || verb == .replace {
      // ip nexthop delete id ID
      encoder.batch.request(RTM.delNexthop, []) {
        $0.nexthopHeader()
        $0.put(NHA.id, nexthop.number)
      }
    }
    if verb == .delete { return }
    var dev: UInt32?
    if let name = nexthop.dev { dev = try encoder.index(name) }
    // ip nexthop replace id ID via GATEWAY dev LINK onlink | blackhole | group ID,WEIGHT/ID,WEIGHT
    let flags: RequestFlags = verb == .update ? [.create, .replace] : [.create, .exclusive]
    encoder.batch.request(RTM.newNexthop, flags) {
      $0.nexthopHeader(
        family: nexthop.group == nil ? nexthop.family.number : AF.unspecified,
        protocol: (origin ?? .vpngw).number,
        flags: nexthop.isOnlink ? RTNH.onlink : 0)
      $0.put(NHA.id, nexthop.number)
      switch nexthop.target {
      case .hop(let via, _, _):
        if let via { $0.put(NHA.gateway, via) }
        if let dev { $0.put(NHA.oif, dev) }
      case .blackhole:
        $0.put(NHA.blackhole)
      case .group(let group):
        put($0, group)
      }
    }
  }

  private static func put(_ batch: Batch, _ group: Nexthop.Group) {
    let members = group.members.flatMap { member -> [UInt8] in
      guard member.weight > 0 else {
        batch.fail("the weight of member \(member.id) is 0, and the kernel takes 1 and more")
        return []
      }
      let weight = member.weight - 1
      return withUnsafeBytes(of: member.id, Array.init)
        + [UInt8(weight & 0xff), UInt8(weight >> 8), 0, 0]
    }
    batch.put(NHA.group, bytes: members)
    guard let resilient = group.resilient else { return }
    batch.put(NHA.groupType, NexthopGroupType.resilient)
    batch.nest(NHA.resilientGroup) {
      $0.put(NHARes.buckets, resilient.buckets)
      if let timer = resilient.idleTimer { $0.put(NHARes.idleTimer, clockTicks: timer) }
      if let timer = resilient.unbalancedTimer { $0.put(NHARes.unbalancedTimer, clockTicks: timer) }
    }
  }
}
