public import Model

/// The second of the two locks, which holds without nftables and without the daemon: rules that
/// lead the VPN network's packets to a table of their own and then nowhere.
extension Gateway {
  /// Every setting that forwarding depends on: a new namespace copies the host's.
  public var sysctls: [Sysctl] {
    func sysctl(_ parts: String..., value: String) -> Sysctl {
      Sysctl(Sysctl.Key(parts: ["net"] + parts)!, value)
    }
    var sysctls = [sysctl("ipv4", "ip_forward", value: "1")]
    if families.contains(.inet6) {
      sysctls.append(sysctl("ipv6", "conf", "all", "forwarding", value: "1"))
    }
    // Of the tunnel, which may come and go, by the default too.
    for name in ["all", "default", link.text, tunnel.text] {
      // The kernel would look for the way back by the rules below, which lead elsewhere.
      sysctls.append(sysctl("ipv4", "conf", name, "rp_filter", value: "0"))
    }
    for name in ["all", link.text] {
      // A client redirected to its neighbor would go around the gateway.
      sysctls.append(sysctl("ipv4", "conf", name, "send_redirects", value: "0"))
    }
    // Otherwise an error about a client's packet may carry the address of the pod's own link.
    sysctls.append(sysctl("ipv4", "icmp_errors_use_inbound_ifaddr", value: "1"))
    return sysctls
  }

  public var rules: [Rule] {
    func rule(_ family: Family, _ offset: UInt32, _ action: Rule.Action) -> Rule {
      Rule(family, priority: numbers.priority + offset, action)
    }
    let table = Rule.Action.lookup(RouteTable(numbers.table))
    return Family.allCases.flatMap { family -> [Rule] in
      var rules: [Rule] = []
      // For IPv6 too, even where the VPN network has none: packets must not take the pod's default
      // route.
      for (name, offset) in [(link, Numbers.linkGuard), (tunnel, Numbers.tunnelGuard)] {
        var closed = rule(family, offset, .unreachable)
        closed.selector.iif = name
        rules.append(closed)
      }
      guard families.contains(family) else { return rules }
      var outward = rule(family, Numbers.link, table)
      outward.selector.iif = link
      // What comes from the tunnel goes into the VPN network: never back, and nowhere else.
      var inward = rule(family, Numbers.tunnel, table)
      inward.selector.iif = tunnel
      inward.suppressPrefixLength = 0
      // The pod's own programs that ask for the tunnel: probes.
      var own = rule(family, Numbers.own, table)
      own.selector.oif = tunnel
      return rules + [outward, inward, own]
    }
  }

  /// The pod itself says something with the tunnel's address, such as an error about a remote
  /// client's packet: by the tunnel.
  func rules(from addresses: [IPAddress]) -> [Rule] {
    addresses.map { address in
      var rule = Rule(
        address.family, priority: numbers.priority + Numbers.own, .lookup(RouteTable(numbers.table))
      )
      rule.selector.from = Prefix(address)
      return rule
    }
  }

  /// The addresses of the tunnel's link, made by the file or by somebody else.
  func tunnelAddresses(_ stated: [Address], _ observed: [Address]) -> [IPAddress] {
    let all = (stated + observed.filter { !$0.isOwned }).filter { $0.link == tunnel }
    return Set(all.map(\.address.address)).filter {
      families.contains($0.family) && !$0.isLinkLocal
    }
    .sorted()
  }

  /// The way out, while there is a tunnel.
  func routes(hasTunnel: Bool) -> [Route] {
    families.flatMap { family -> [Route] in
      var closed = Route(.all(family), type: .unreachable)
      closed.metric = Self.worstMetric
      let open = Route(.all(family), hop: Route.Hop(dev: tunnel))
      return (hasTunnel ? [closed, open] : [closed]).map(inTable)
    }
  }

  /// The metric that iproute2's users give to unreachable routes of last resort.
  private static let worstMetric: UInt32 = 4_278_198_272

  /// What is on the VPN network's link: the file's routes of main by this link, and whatever of the
  /// network they leave out.
  func onLinkRoutes(beside stated: [Route]) -> [Route] {
    var routes = stated.filter { route in
      let hops = route.allHops
      return route.table == .main && route.type == .unicast && route.dst.length > 0
        && !hops.isEmpty && hops.allSatisfy { $0.dev == link }
    }
    let hosts = (vips + forwards.flatMap(\.to)).map { Prefix($0) }
    for prefix in egress.from + hosts {
      let isCovered = routes.contains {
        $0.dst.length <= prefix.length && $0.dst.contains(prefix.address)
      }
      if !isCovered { routes.append(Route(prefix, hop: Route.Hop(dev: link))) }
    }
    return routes.map(inTable).sorted { $0.id < $1.id }
  }

  private func inTable(_ route: Route) -> Route {
    var route = route
    route.table = RouteTable(numbers.table)
    return route
  }
}
