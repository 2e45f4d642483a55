import Model

private func name(_ text: String) -> LinkName { LinkName(text)! }
private func address(_ text: String) -> IPAddress { IPAddress(text)! }

extension RoundTripTests {
  static let routes = {
    var configuration = NetworkState()
    configuration.links = [Link(name("d0"), .dummy)]
    configuration.links[0].isUp = true
    configuration.nexthops = [
      Nexthop(1, family: .inet, .hop(via: address("10.0.0.2"), dev: nil, onlink: false)),
      Nexthop(2, family: .inet6, .hop(via: address("2001:db8::2"), dev: nil, onlink: false)),
    ]
    var table: UInt32 = 0
    func add(_ dst: String, _ route: (Prefix) -> Route) {
      table += 1
      var route = route(Prefix(dst)!)
      route.table = RouteTable(table)
      configuration.routes.append(route)
    }
    let d0 = Route.Hop(dev: name("d0"))
    for (dst, via, nhid) in [
      ("0.0.0.0/0", "10.0.0.2", UInt32(1)), ("10.0.0.0/30", "fe80::1", 1),
      ("::/0", "2001:db8::2", 2), ("2001:db8::1/128", "fe80::1", 2),
    ] {
      let gateway = Route.Hop(via: address(via), dev: name("d0"))
      add(dst) { Route($0, hop: d0) }
      add(dst) { Route($0, type: .local, hop: d0) }
      add(dst) { Route($0, hop: gateway) }
      for type in Route.RouteType.allCases where type.isDiscarding {
        add(dst) { Route($0, type: type) }
      }
      add(dst) {
        var route = Route($0)
        route.nhid = nhid
        return route
      }
      add(dst) {
        var (route, first, second) = (Route($0), gateway, d0)
        first.isOnlink = true
        first.weight = 256
        second.weight = 2
        route.hops = [first, second, gateway]
        return route
      }
      add(dst) {
        var route = Route($0, hop: gateway)
        route.hop?.isOnlink = true
        route.metric = .max
        route.mtu = 65_520
        route.advmss = 65_495
        route.protocol = .kernel
        route.src = address($0.family == .inet ? "10.0.0.1" : "2001:db8::1")
        return route
      }
    }
    for scope in Scope.allCases {
      add("10.0.0.0/8") {
        var route = Route($0, hop: d0)
        route.scope = scope
        route.tos = 252
        route.protocol = RouteProtocol(0)
        return route
      }
    }
    return configuration
  }()

  static let rules = {
    var configuration = NetworkState()
    var every = Rule.Selector()
    every.isInverted = true
    every.from = Prefix("10.0.0.0/8")
    every.to = Prefix("10.1.0.1/32")
    every.iif = name("nowhere0")
    every.oif = .loopback
    every.fwmark = Mark(0x1900, mask: 0xff00)
    every.ipproto = 6
    every.sport = PortRange(53, 53)
    every.dport = PortRange(6881, 6889)
    every.tos = 28
    var one = Rule.Selector()
    one.fwmark = Mark(0)
    one.ipproto = 200
    let actions: [Rule.Action] = [
      .lookup(.main), .lookup(RouteTable(.max)), .goto(.max), .nop, .unreachable, .blackhole,
      .prohibit,
    ]
    for (number, action) in actions.enumerated() {
      for family in Family.allCases {
        var rule = Rule(family, priority: UInt32(number), action)
        rule.suppressPrefixLength = number == 0 ? 0 : number == 1 ? 128 : nil
        configuration.rules.append(rule)
        rule.selector = one
        rule.protocol = RouteProtocol(UInt8(number))
        configuration.rules.append(rule)
        if family == .inet {
          rule.selector = every
          configuration.rules.append(rule)
        }
      }
      var pattern = RulePattern()
      pattern.priority = 7
      pattern.action = action
      pattern.protocol = .static
      pattern.selector = number % 2 == 0 ? every : Rule.Selector()
      pattern.family = number < 3 ? .inet : nil
      configuration.absentRules.append(pattern)
    }
    return configuration
  }()
}
