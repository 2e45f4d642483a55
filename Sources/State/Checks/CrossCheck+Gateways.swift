internal import JSON
internal import Model

extension CrossCheck {
  /// A gateway must be another machine.
  func checkGateways() {
    let (addresses, routes) = (contents[Address.self], contents[Route.self])
    if addresses.items.isEmpty { return }
    let own = Dictionary(
      // A conditional address (a virtual router's) may now be another machine's, and then be a
      // gateway.
      addresses.items.enumerated().filter { !addresses.isConditional($0.offset) }
        .map { ($1.address.address, $0) },
      uniquingKeysWith: { first, _ in first })
    func check<R>(
      _ via: IPAddress, _ section: Section<R>, _ position: Int, _ below: Pointer.Component...
    ) {
      guard let address = own[via] else { return }
      let pointer = section.pointer(position)
      findings.report(
        at: Pointer(pointer.components + below),
        "\"\(via)\" is this machine's own address, \(addresses.pointer(address)), "
          + "and can't be its gateway")
    }
    let nexthops = contents[Nexthop.self]
    for (position, nexthop) in nexthops.items.enumerated() {
      if let via = nexthop.via { check(via, nexthops, position, "via") }
    }
    for position in routes.items.indices {
      if let via = routes.items[position].hop?.via {
        check(via, routes, position, "via")
      }
      guard !routes.items[position].hops.isEmpty else { continue }
      for (index, hop) in routes.items[position].hops.enumerated() {
        guard let via = hop.via else { continue }
        check(via, routes, position, "nexthops", .index(index), "via")
      }
    }
  }
}
