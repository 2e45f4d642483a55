public import Model
public import Nftables

extension Gateways {
  /// The plain objects that it expands to.
  public struct Expansion: Hashable, Sendable {
    public var configuration: NetworkState
    public var table: Nftables.Table
    /// Tables beside it, if there are services behind VIPs.
    public var asking: [Nftables.Table] = []

    public var tables: [Nftables.Table] { [table] + asking }
  }

  /// `stated` are the file's own routes; `alive` is what a member's probe says. A member is used if
  /// it is alive, or if it is unknown and in use now: a restart, with every signal unknown, moves
  /// nothing.
  public func expanded(
    alive: (Member) -> Signal.State, isInUse: (Member) -> Bool, beside stated: [Route] = []
  ) -> Expansion {
    let used = members.map { member in
      switch alive(member) {
      case .up: true
      case .down: false
      case .unknown: isInUse(member)
      }
    }
    var configuration = NetworkState()
    configuration.sysctls = sysctls
    configuration.routes = routes(used) + onLinkRoutes(stated)
    configuration.rules = rules
    return Expansion(configuration: configuration, table: table(used), asking: askTables())
  }

  /// Expands with the states of the members' probes and with what the observed `tables` use now.
  public func expanded(
    given signals: [Signal: Signal.State], keeping tables: [NftablesTable] = [],
    beside stated: [Route] = []
  ) -> Expansion {
    let present = inUse(by: tables)
    return expanded(
      alive: { signals[$0.signal] ?? .unknown }, isInUse: { present.contains($0.name) },
      beside: stated)
  }

  /// The names of the members that the observed tables use, by the marks in the set `up`.
  public func inUse(by tables: [NftablesTable]) -> Set<String> {
    let table = tables.first { $0.id == Self.tableID }
    let marks = table?.marks(inSet: "up") ?? []
    return Set(members.indices.filter { marks.contains(Mark(mark($0))) }.map { members[$0].name })
  }

  /// The names of those members in use that new flows leave by.
  public func leading(_ inUse: Set<String>) -> [String] {
    let used = members.map { inUse.contains($0.name) }
    if case .single = egress.balance { return single(used).map { [members[$0].name] } ?? [] }
    return members.indices.filter { used[$0] && members[$0].weight > 0 }.map { members[$0].name }
  }

  /// Whether the object leads packets to the gateways: one of their routes, or their table.
  public func owns(_ object: Object) -> Bool {
    if let route = object.as(Route.self) {
      return (tables + [onLinkTable]).contains(route.table.number)
    }
    return object.id == ObjectID(NftablesTable.self, Self.tableID)
  }

  /// Every setting that routing depends on: a new namespace copies the host's.
  public var sysctls: [Sysctl] {
    func sysctl(_ parts: String..., value: String) -> Sysctl {
      Sysctl(Sysctl.Key(parts: ["net"] + parts)!, value)
    }
    var sysctls = [sysctl("ipv4", "ip_forward", value: "1")]
    if families.contains(.inet6) {
      sysctls.append(sysctl("ipv6", "conf", "all", "forwarding", value: "1"))
    }
    for name in ["all"] + links.map(\.text) {
      // A remote client's packet arrives on this link, while the route back uses another.
      sysctls.append(sysctl("ipv4", "conf", name, "rp_filter", value: "0"))
      // In and out on the same link: a client redirected to the gateway itself would bypass this
      // router.
      sysctls.append(sysctl("ipv4", "conf", name, "send_redirects", value: "0"))
    }
    // Otherwise an error about a client's packet may carry the address of the cluster's link.
    sysctls.append(sysctl("ipv4", "icmp_errors_use_inbound_ifaddr", value: "1"))
    if hasVIPs { sysctls += Sysctl.takeover }
    guard case .ecmp(let multipath) = egress.balance else { return sysctls }
    for family in families {
      let proto = family == .inet ? "ipv4" : "ipv6"
      sysctls.append(
        sysctl(proto, "fib_multipath_hash_policy", value: multipath.fields == nil ? "1" : "3"))
      if let fields = multipath.fields {
        sysctls.append(sysctl(proto, "fib_multipath_hash_fields", value: String(fields.rawValue)))
      }
    }
    // One setting for both families.
    sysctls.append(Sysctl(Self.hashSeed, String(egress.seed)))
    return sysctls
  }

  /// Settings that the observed kernel lacks and that the gateways can do without: the seed of the
  /// multipath hash, which Linux 6.11 introduced.
  public func lacking(in observed: NetworkState) -> [Sysctl.Key] {
    guard case .ecmp = egress.balance else { return [] }
    return observed.sysctls.filter { $0.text == nil && $0.key == Self.hashSeed }.map(\.key)
  }

  private static let hashSeed = Sysctl.Key("net.ipv4.fib_multipath_hash_seed")!

  /// Each mark leads to its table. Unmarked packets from the VPN network stay on its links or go
  /// nowhere; with `strict`, packets from other links go nowhere either.
  public var rules: [Rule] {
    var rules: [Rule] = []
    for family in families {
      for table in tables {
        let number = table - numbers.table
        var rule = Rule(family, priority: numbers.priority + number, .lookup(RouteTable(table)))
        rule.selector.fwmark = Mark(numbers.mark + number)
        rules.append(rule)
      }
    }
    // For IPv6 too, even without an IPv6 gateway: packets must not take the cluster's default
    // route.
    for family in Family.allCases {
      for link in links {
        // Not main: any route there besides the default would be a way out.
        var onLink = Rule(
          family, priority: numbers.priority + Numbers.onLink, .lookup(RouteTable(onLinkTable)))
        onLink.selector.iif = link
        var closed = Rule(family, priority: numbers.priority + Numbers.guards, .unreachable)
        closed.selector.iif = link
        rules += [onLink, closed]
      }
      // One rule for each link: with `not iif lo` the kernel also couldn't reach the gateway of an
      // IPv6 route that somebody adds.
      for link in otherLinks where isStrict {
        var closed = Rule(family, priority: numbers.priority + Numbers.strict, .unreachable)
        closed.selector.iif = link
        rules.append(closed)
      }
    }
    return rules
  }

  /// One table for each gateway, dead or alive: answers go back the way the question came.
  func routes(_ used: [Bool]) -> [Route] {
    families.flatMap { family in
      var ways = members.map { member in
        member.address(family).map { [hop($0)] } ?? []
      }
      if case .ecmp(let multipath) = egress.balance {
        ways.append(self.hops(multipath, family, used))
      }
      return zip(tables, ways).flatMap { table, hops in
        var route = Route(.all(family), hop: hops.count == 1 ? hops[0] : nil)
        if hops.count > 1 { route.hops = hops }
        var closed = Route(.all(family), type: .unreachable)
        closed.metric = Self.worstMetric
        return (hops.isEmpty ? [closed] : [closed, route]).map { route in
          var route = route
          route.table = RouteTable(table)
          return route
        }
      }
    }
  }

  /// The metric that iproute2's users give to unreachable routes of last resort.
  private static let worstMetric: UInt32 = 4_278_198_272

  private func hop(_ address: IPAddress) -> Route.Hop { Route.Hop(via: address, dev: link) }

  private func hops(_ multipath: Multipath, _ family: Family, _ used: [Bool]) -> [Route.Hop] {
    if let slots = multipath.slots {
      return (choices(slots, used) ?? []).compactMap { members[$0].address(family).map(hop) }
    }
    return members.indices.filter { used[$0] && members[$0].weight > 0 }.compactMap { index in
      members[index].address(family).map { address in
        var hop = hop(address)
        hop.weight = members[index].weight
        return hop
      }
    }.alone
  }

  /// The member that gets each of the buckets; nil if no member can take any.
  func choices(_ buckets: UInt32, _ used: [Bool]) -> [Int]? {
    Rendezvous(
      members.map { ($0.name, Int($0.weight)) }, buckets: Int(buckets), seed: egress.seed
    ).choices(isPresent: used)
  }

  /// The member of ``Balance/single``.
  func single(_ used: [Bool]) -> Int? {
    let able = members.indices.filter { used[$0] && members[$0].weight > 0 }
    // Of equals, the first.
    return able.max { members[$0].weight < members[$1].weight }
  }
}

extension [Route.Hop] {
  /// The hop on its own: a single hop has no weight.
  fileprivate var alone: [Route.Hop] {
    guard count == 1 else { return self }
    return map { Route.Hop(via: $0.via, dev: $0.dev) }
  }
}
