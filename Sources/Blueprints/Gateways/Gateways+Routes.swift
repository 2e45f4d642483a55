import Model

extension Gateways.Group {
  /// One table for each gateway, dead or alive: answers go back the way the question came.
  func routes(_ use: Gateways.Use) -> [Route] {
    families.flatMap { family in
      var ways = members.map { member in
        member.address(family).map { [hop($0)] } ?? []
      }
      if case .ecmp(let multipath) = egress.balance {
        ways.append(self.hops(multipath, family, use))
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

  private func hops(_ multipath: Gateways.Multipath, _ family: Family, _ use: Gateways.Use)
    -> [Route.Hop]
  {
    if let slots = multipath.slots {
      return (choices(slots, use) ?? []).compactMap { members[$0].address(family).map(hop) }
    }
    return use.leading.sorted().compactMap { index in
      members[index].address(family).map { address in
        var hop = hop(address)
        hop.weight = members[index].weight
        return hop
      }
    }.alone
  }
}

extension [Route.Hop] {
  /// The hop on its own: a single hop has no weight.
  fileprivate var alone: [Route.Hop] {
    guard count == 1 else { return self }
    return map { Route.Hop(via: $0.via, dev: $0.dev) }
  }
}
