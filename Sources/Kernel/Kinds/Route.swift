import Model
import Netlink

/// How routes are read, created and deleted.
enum RouteKind: KernelKind {
  static func observe(
    _ observation: Kernel.Observation, into observed: inout NetworkState
  ) throws(NetlinkError) {
    let (socket, links) = (observation.socket, observation.links)
    var inexpressible: [Route.ID: String] = [:]
    // Not by appending to an empty list: that would copy 100,000 routes.
    var found = try observe(.inet, socket, links, &inexpressible)
    found += try observe(.inet6, socket, links, &inexpressible)
    observed.routes = found
    for (id, words) in inexpressible { observed.inexpressible[ObjectID(Route.self, id)] = words }
  }

  private static func observe(
    _ family: Family, _ socket: Socket, _ links: LinkTable,
    _ inexpressible: inout [Route.ID: String]
  ) throws(NetlinkError) -> [Route] {
    var others: [Route.ID: String] = [:]
    defer { inexpressible.merge(others) { first, _ in first } }
    return try socket.dump("route show table all", RTM.getRoute) {
      $0.routeHeader(family: family.number)
    } parse: { message -> Route? in
      guard let header = message.route, header.family == family.number,
        header.flags & RTMF.cloned == 0, header.srcLength == 0
      else { return nil }
      var hasTunnel = false
      guard let route = parse(message, header, family, links, &hasTunnel) else { return nil }
      if let words = words(for: header, hasTunnel) {
        others[route.id] = words
        return nil
      }
      return route
    }
  }

  /// Describes a route that can't be stated in a file, or that is the kernel's own; nil for others.
  private static func words(for header: RouteHeader, _ hasTunnel: Bool) -> String? {
    let isKernels = header.protocol == RouteProtocol.kernel.number
    let maker = isKernels ? ", the kernel's own" : ""
    guard let type = Route.RouteType(number: header.type, Family(number: header.family)) else {
      return "of type \(header.type)\(maker)"
    }
    // The local table is the kernel's.
    if type == .local, isKernels { return "of type local\(maker)" }
    // We couldn't restore a route with a tunnel.
    return hasTunnel ? "with a tunnel (encap)" : nil
  }

  private static func parse(
    _ message: Message, _ header: RouteHeader, _ family: Family, _ links: LinkTable,
    _ hasTunnel: inout Bool
  ) -> Route? {
    let type = Route.RouteType(number: header.type, family) ?? .unicast
    var dst: IPAddress?
    var hop = Route.Hop()
    var route = Route(.all(family), type: type)
    route.metric = 0
    var table = UInt32(header.table)
    for attribute in message.attributes(after: RouteHeader.length) {
      switch attribute.type {
      case RTA.dst: dst = attribute.ipAddress
      case RTA.oif: hop.dev = attribute.uint32.flatMap(links.name)
      case RTA.gateway: hop.via = attribute.ipAddress
      case RTA.via: hop.via = attribute.viaAddress
      case RTA.priority: route.metric = attribute.uint32 ?? 0
      case RTA.prefsrc: route.src = attribute.ipAddress
      case RTA.table: table = attribute.uint32 ?? table
      case RTA.nhID: route.nhid = attribute.uint32
      case RTA.multipath: route.hops = attribute.multipathHops.map { parse($0, links) }
      case RTA.encap: hasTunnel = true
      case RTA.metrics:
        for metric in attribute.nested {
          if metric.type == RTAX.mtu { route.mtu = metric.uint32 }
          if metric.type == RTAX.advmss { route.advmss = metric.uint32 }
        }
      default: continue
      }
    }
    if let dst {
      guard let prefix = Prefix(dst, length: header.dstLength) else { return nil }
      route.dst = prefix
    }
    route.table = RouteTable(table)
    route.tos = header.tos
    route.scope = family == .inet ? Scope(rawValue: header.scope) ?? .global : .global
    hop.isOnlink = header.flags & RTNH.onlink != 0
    // The kernel lists a nexthop object's hops too; a discarding IPv6 route names the loopback.
    if route.nhid != nil { route.hops = [] }
    if route.nhid == nil, !type.isDiscarding, route.hops.isEmpty { route.hop = hop }
    route.protocol = .observed(header.protocol)
    return route
  }

  private static func parse(_ raw: MultipathHop, _ links: LinkTable) -> Route.Hop {
    var hop = Route.Hop(dev: links.name(raw.index))
    hop.weight = UInt16(raw.hops) + 1
    hop.isOnlink = UInt32(raw.flags) & RTNH.onlink != 0
    for attribute in raw.attributes {
      if attribute.type == RTA.gateway { hop.via = attribute.ipAddress }
      if attribute.type == RTA.via { hop.via = attribute.viaAddress }
    }
    return hop
  }

  static func command(_ route: Route, _ word: String, _ change: Change) -> String {
    let type = route.type == .unicast ? "" : "\(route.type.name) "
    return
      "route \(change.verb == .delete ? word : "replace") \(type)\(route.id)\(change.propertyText)"
  }

  static func encode(
    _ change: Change, _ route: Route, from present: Route?, _ encoder: Encoder
  ) throws(NetlinkError) {
    switch change.verb {
    case .delete:
      try delete(route, encoder)
    case .create:
      try request(RTM.newRoute, flags(route, isBeside: change.isBeside), route, encoder)
    case .update:
      // ip route replace: replaces the first route of the key, which is ours.
      var route = route
      route.protocol = route.protocol ?? present?.protocol
      try request(RTM.newRoute, [.create, .replace], route, encoder)
    case .replace:
      // The first route of the key is somebody else's.
      if let present { try delete(present, encoder) }
      let flags =
        change.isBeside ? flags(route, isBeside: true) : [RequestFlags.create, .append]
      try request(RTM.newRoute, flags, route, encoder)
    }
  }

  private static func flags(_ route: Route, isBeside: Bool) -> RequestFlags {
    switch route.dst.family {
    // ip route prepend, or add
    case .inet: isBeside ? .create : [.create, .exclusive]
    // IPv6 refuses an exclusive request if there is any route of the key, and an appending one if
    // there is the same route; but by a gateway it would join another's multipath route.
    case .inet6:
      isBeside || !route.isMultipathCapable ? [.create, .append] : [.create, .exclusive]
    }
  }

  private static func delete(_ route: Route, _ encoder: Encoder) throws(NetlinkError) {
    var route = route
    route.protocol = route.protocol ?? route.kernelProtocol
    if route.dst.family == .inet6, let dev = route.id.dev {
      // By the link, and without a gateway: `ip6_route_del` compares only what is stated, and could
      // find another route over the link first.
      route.hop = Route.Hop(via: IPAddress(v6High: 0, low: 0), dev: dev)
    }
    try request(RTM.delRoute, [], route, encoder)
  }

  private static func request(
    _ type: UInt16, _ flags: RequestFlags, _ route: Route, _ encoder: Encoder
  ) throws(NetlinkError) {
    let isDeletion = type == RTM.delRoute
    let hops = route.hop.map { [$0] } ?? route.hops
    var indices: [UInt32] = []
    for hop in hops {
      if let dev = hop.dev { indices.append(try encoder.index(dev)) } else { indices.append(0) }
    }
    // ip route add TYPE DST tos TOS table TABLE metric N proto N scope SCOPE src ADDRESS
    //   via GATEWAY dev LINK onlink | nexthop ... | nhid ID  mtu N advmss N
    encoder.batch.request(type, flags) {
      $0.routeHeader(
        family: route.dst.family.number, dstLength: route.dst.length, tos: route.tos,
        table: route.table.number,
        protocol: (route.protocol ?? .vpngw).number,
        scope: isDeletion ? Scope.nowhere.rawValue : route.scope.rawValue,
        type: route.type.rawValue, flags: route.hop?.isOnlink == true ? RTNH.onlink : 0)
      if route.dst.length > 0 { $0.put(RTA.dst, route.dst.address) }
      $0.put(RTA.table, route.table.number)
      if route.metric != 0 { $0.put(RTA.priority, route.metric) }
      if let src = route.src { $0.put(RTA.prefsrc, src) }
      if let nhid = route.nhid { $0.put(RTA.nhID, nhid) }
      if let hop = route.hop {
        if let via = hop.via { put($0, via, route.dst.family) }
        if indices[0] != 0 { $0.put(RTA.oif, indices[0]) }
      } else if !hops.isEmpty {
        $0.nest(RTA.multipath) { batch in
          for (hop, index) in zip(hops, indices) {
            let flags = UInt8(hop.isOnlink ? RTNH.onlink : 0)
            batch.multipathHop(index: index, weight: hop.weight, flags: flags) {
              if let via = hop.via { put($0, via, route.dst.family) }
            }
          }
        }
      }
      guard !isDeletion, route.mtu != nil || route.advmss != nil else { return }
      $0.nest(RTA.metrics) {
        if let mtu = route.mtu { $0.put(RTAX.mtu, mtu) }
        if let advmss = route.advmss { $0.put(RTAX.advmss, advmss) }
      }
    }
  }

  private static func put(_ batch: Batch, _ gateway: IPAddress, _ family: Family) {
    if gateway.family == family {
      batch.put(RTA.gateway, gateway)
    } else {
      // struct rtvia: the family as a short in host order, then the address.
      let (high, low) = gateway.v6
      let address = withUnsafeBytes(of: (high.bigEndian, low.bigEndian), Array.init)
      batch.put(RTA.via, bytes: [gateway.family.number, 0] + address)
    }
  }
}

extension Route.RouteType {
  /// IPv6's multicast routes, which the kernel makes for each link, are read as unicast.
  fileprivate init?(number: UInt8, _ family: Family?) {
    self.init(rawValue: family == .inet6 && number == RTN.multicast ? RTN.unicast : number)
  }
}

extension Attribute {
  /// `struct rtvia`.
  fileprivate var viaAddress: IPAddress? {
    guard payload.count >= 2 else { return nil }
    return IPAddress(bytes: payload.dropFirst(2))
  }
}
