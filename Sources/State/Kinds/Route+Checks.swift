internal import JSON
internal import Model

extension CrossCheck {
  func checkLinksOfRoutes() {
    let section = contents[Route.self]
    for position in section.items.indices {
      // Read in place: copying a route retains five references, 100,000 times.
      if let dev = section.items[position].hop?.dev {
        checkLink(dev, at: section.pointer(position, "dev"))
      }
      guard !section.items[position].hops.isEmpty else { continue }
      for (index, hop) in section.items[position].hops.enumerated() {
        guard let dev = hop.dev else { continue }
        checkLink(dev, at: section.pointer(position, "nexthops", .index(index), "dev"))
      }
    }
  }

  func checkRoutes() {
    let section = contents[Route.self]
    for position in section.items.indices {
      guard let id = section.items[position].nhid else { continue }
      let pointer = section.pointer(position, "nhid")
      guard let nexthop = declared(id, at: pointer), section.items[position].dst.family == .inet6
      else { continue }
      let members = nexthop.group?.members.compactMap { nexthops[$0.id] } ?? [nexthop]
      // fib6_check_nexthop: "IPv6 routes can not use an IPv4 nexthop".
      if let wrong = members.first(where: { $0.group == nil && $0.family == .inet }) {
        findings.report(
          at: pointer, "nexthop \(wrong.number) is for IPv4, and the route is IPv6")
      }
    }
  }
}
