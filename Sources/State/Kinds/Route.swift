internal import JSON
internal import Model

enum RouteKey: Int, ObjectKey {
  case type, dst, family, table, metric, tos, via, dev, onlink, nexthops, nhid
  case scope, src, mtu, advmss, `protocol`, adopt, when

  static let names = spelledNames()
  static let example = "{ \"dst\": \"10.0.0.0/8\", \"via\": \"192.0.2.1\" }"
}

enum HopKey: Int, ObjectKey {
  case via, dev, weight, onlink, when

  static let names = spelledNames()
  static let example = "{ \"via\": \"192.0.2.1\", \"dev\": \"eth0\" }"
}

enum RouteSection: ListSection {
  static let key = "routes"

  static func read(_ object: inout ObjectReader<RouteKey>) -> Declared<Route>? { object.route() }

  static func links(of route: Route) -> [(name: LinkName?, key: String)] {
    [(route.hop?.dev, "dev")]
  }

  static func check(_ check: CrossCheck) {
    check.checkIdentities(of: Route.self)
    check.checkLinksOfRoutes()
    check.checkRoutes()
  }
}

extension ObjectReader<RouteKey> {
  fileprivate mutating func route() -> Declared<Route>? {
    let destination = required(.dst, .destination)
    let type = optional(.type, .routeType) ?? .unicast
    let stated = optional(.family, .family)
    let statedHop = nextHop()
    let hop = has(.via) || has(.dev) ? statedHop : nil
    let members: [(hop: Route.Hop, when: Condition?)] =
      list(.nexthops, of: "nexthop") { (hop: inout ObjectReader<HopKey>) in hop.hop() } ?? []
    let hops = members.map(\.hop)
    let src = optional(.src, .address)
    checkWay(type)

    let dst = prefix(destination, stated, src: src, vias: hop?.via, hops)
    let family = dst?.family
    var route = Route(dst ?? .all(.inet), type: type, hop: hop ?? (hops.count == 1 ? hops[0] : nil))
    if hops.count == 1 { route.hop?.weight = 1 }
    if hops.count > 1 { route.hops = hops }
    route.nhid = optional(.nhid, .uint32(1, to: .max))
    route.src = src
    route.table = optional(.table, .table(findings.names)) ?? .main
    if let metric = optional(.metric, .uint32(0, to: .max)) { route.metric = metric }
    route.tos = optional(.tos, TosForm(range: 0...252)) ?? 0
    if let scope = optional(.scope, .scope), family == .inet { route.scope = scope }
    // ip_metrics_convert lowers a greater value to this.
    route.mtu = optional(.mtu, .bytes(68, to: 65_520))
    route.advmss = optional(.advmss, .bytes(1, to: 65_495))
    route.protocol = optional(.protocol, .routeProtocol(findings.names)).map(RouteProtocol.init)
    route.isAdopted = optional(.adopt, .bool) ?? false
    if let family { checkFamily(family, route, hops) }
    let when = when()
    return dst != nil && faults.isDisjoint(with: [.dst, .family, .table, .metric, .tos])
      ? Declared(route, when: when, members: members.map(\.when)) : nil
  }

  /// A route has one way out; a discarding route has none.
  private mutating func checkWay(_ type: Route.RouteType) {
    guard !faults.contains(.type) else { return }
    if type.isDiscarding {
      refuse([.via, .dev, .nexthops, .nhid]) { "\($0) is not for \(type.name) routes" }
    } else if let stated = first(of: [.nexthops, .nhid]) {
      refuse(stated == .nhid ? [.via, .dev] : [.nhid, .via, .dev]) {
        "\($0) can't stand beside \"\(stated.name)\": a route leads by one of them"
      }
    } else if !has(.via), !has(.dev) {
      report("this route needs \"via\" and/or \"dev\", \"nexthops\" or \"nhid\"")
    }
  }

  /// A default route's family is the stated one, or that of the route's addresses.
  private mutating func prefix(
    _ destination: Destination?, _ stated: Family?, src: IPAddress?, vias via: IPAddress?,
    _ hops: [Route.Hop]
  ) -> Prefix? {
    switch destination {
    case nil: return nil
    case .network(let prefix):
      if let stated, stated != prefix.family {
        report(.family, "must be \"\(prefix.family.rawValue)\", as \"dst\" is, or left out")
      }
      return prefix
    case .default:
      if let stated { return .all(stated) }
      let families = ([src, via] + hops.map(\.via)).compactMap { $0?.family }
      // An IPv4 route may have an IPv6 gateway, but an IPv6 route has nothing of IPv4.
      if let least = families.min() { return .all(least) }
      if faults.isDisjoint(with: [.family, .src, .via, .nexthops]) {
        reportMissing(
          .family, ", \"inet\" or \"inet6\": neither \"dst\" nor another address tells it")
      }
      return nil
    }
  }

  private mutating func checkFamily(_ family: Family, _ route: Route, _ hops: [Route.Hop]) {
    if let src = route.src, src.family != family {
      report(.src, "\"\(src)\" is of another family than the route")
    }
    guard family == .inet6 else { return }
    if let via = route.hop?.via, has(.via), via.family == .inet {
      report(.via, "\"\(via)\" is IPv4, and the route is IPv6")
    }
    for (index, hop) in hops.enumerated() {
      guard let via = hop.via, via.family == .inet, !faults.contains(.nexthops) else { continue }
      report(.nexthops, index, "\"\(via)\" is IPv4, and the route is IPv6")
    }
    refuse([.tos]) { "\($0) is for IPv4 routes" }
    refuse([.scope]) { "\($0) is for IPv4: IPv6 routes have none" }
    if has(.metric), route.metric == 0 {
      report(.metric, "must not be 0: the kernel reads it as 1024 for IPv6; leave it out")
    }
  }
}

extension ObjectReader<HopKey> {
  fileprivate mutating func hop() -> (hop: Route.Hop, when: Condition?)? {
    var hop = nextHop()
    hop.weight = optional(.weight, .uint16(1, to: 256)) ?? 1
    if !has(.via), !has(.dev) { report("this nexthop needs \"via\" and/or \"dev\"") }
    return (hop, when())
  }
}

extension Form where Self == WordForm<Route.RouteType> {
  fileprivate static var routeType: Self { routeTypeForm }
}

private let routeTypeForm = WordForm(Route.RouteType.self, \.name)
