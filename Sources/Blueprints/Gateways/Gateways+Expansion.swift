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

  /// `stated` are the file's own routes; `alive` is what a member's tests say. A member is used if
  /// it is alive, or if it is unknown and in use now: a restart, with every signal unknown, moves
  /// nothing. `isLeading`: new flows leave by it now, as far as a sticky group wants to know.
  public func expanded(
    alive: (Member) -> Signal.State, isInUse: (Member) -> Bool,
    isLeading: (Member) -> Bool = { _ in false }, beside stated: [Route] = []
  ) -> Expansion {
    let uses = groups.map { group in
      let states = group.members.map(alive)
      return group.use(
        isUsed: zip(group.members, states).map { member, state in
          switch state {
          case .up: true
          case .down: false
          case .unknown: isInUse(member)
          }
        }, isLeading: group.members.map(isLeading), isSettled: !states.contains(.unknown))
    }
    var configuration = NetworkState()
    configuration.sysctls = sysctls
    configuration.routes =
      zip(groups, uses).flatMap { $0.routes($1) } + onLinkRoutes(stated)
    configuration.rules = rules
    return Expansion(configuration: configuration, table: table(uses), asking: askTables())
  }

  /// Expands with the states of the members' tests and with what the observed `tables` use now.
  public func expanded(
    given signals: [Signal: Signal.State], keeping tables: [NftablesTable] = [],
    beside stated: [Route] = []
  ) -> Expansion {
    let (present, leading) = (inUse(by: tables), members(in: Self.leadingSet, of: tables))
    return expanded(
      alive: { $0.state(given: signals) }, isInUse: { present.contains($0.name) },
      isLeading: { leading.contains($0.name) }, beside: stated)
  }

  /// The names of the members that the observed tables use, by the marks in the set `up`.
  public func inUse(by tables: [NftablesTable]) -> Set<String> { members(in: "up", of: tables) }

  /// The names of the members that new flows leave by, group by group, as the tables have it.
  func leading(in tables: [NftablesTable]) -> [[String]] {
    let (present, leading) = (inUse(by: tables), members(in: Self.leadingSet, of: tables))
    return groups.map { group in
      group.use(
        isUsed: group.members.map { present.contains($0.name) },
        isLeading: group.members.map { leading.contains($0.name) }
      ).leading.map { group.members[$0].name }
    }
  }

  private func members(in set: String, of tables: [NftablesTable]) -> Set<String> {
    guard let table = tables.first(where: { $0.id == Self.tableID }) else { return [] }
    return groups.reduce(into: []) { names, group in
      let marks = table.marks(inSet: group.own(set))
      for index in group.members.indices where marks.contains(Mark(group.mark(index))) {
        names.insert(group.members[index].name)
      }
    }
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
    // The same in all groups that have one: the settings are the router's.
    guard let (group, multipath) = multipath else { return sysctls }
    for family in families {
      let proto = family == .inet ? "ipv4" : "ipv6"
      sysctls.append(
        sysctl(proto, "fib_multipath_hash_policy", value: multipath.fields == nil ? "1" : "3"))
      if let fields = multipath.fields {
        sysctls.append(sysctl(proto, "fib_multipath_hash_fields", value: String(fields.rawValue)))
      }
    }
    // One setting for both families.
    sysctls.append(Sysctl(Self.hashSeed, String(group.egress.seed)))
    return sysctls
  }

  private var multipath: (Group, Multipath)? {
    for group in groups {
      if case .ecmp(let multipath) = group.egress.balance { return (group, multipath) }
    }
    return nil
  }

  /// Settings that the observed kernel lacks and that the gateways can do without: the seed of the
  /// multipath hash, which Linux 6.11 introduced.
  public func lacking(in observed: NetworkState) -> [Sysctl.Key] {
    if multipath == nil { return [] }
    return observed.sysctls.filter { $0.text == nil && $0.key == Self.hashSeed }.map(\.key)
  }

  private static let hashSeed = Sysctl.Key("net.ipv4.fib_multipath_hash_seed")!

  /// Each mark leads to its table. Unmarked packets from the VPN network stay on its links or go
  /// nowhere; with `strict`, packets from other links go nowhere either.
  public var rules: [Rule] {
    var rules: [Rule] = []
    for group in groups {
      for family in group.families {
        for table in group.tables {
          let number = table - group.numbers.table
          var rule = Rule(
            family, priority: group.numbers.priority + number, .lookup(RouteTable(table)))
          rule.selector.fwmark = Mark(group.numbers.mark + number)
          rules.append(rule)
        }
      }
    }
    // For IPv6 too, even without an IPv6 gateway: packets must not take the cluster's default
    // route.
    for family in Family.allCases {
      for link in links {
        // Not main: any route there besides the default would be a way out.
        var onLink = Rule(
          family, priority: lastPriority + Numbers.onLink, .lookup(RouteTable(onLinkTable)))
        onLink.selector.iif = link
        var closed = Rule(family, priority: lastPriority + Numbers.guards, .unreachable)
        closed.selector.iif = link
        rules += [onLink, closed]
      }
      // One rule for each link: with `not iif lo` the kernel also couldn't reach the gateway of an
      // IPv6 route that somebody adds.
      for link in otherLinks where isStrict {
        var closed = Rule(family, priority: lastPriority + Numbers.strict, .unreachable)
        closed.selector.iif = link
        rules.append(closed)
      }
    }
    return rules
  }
}
