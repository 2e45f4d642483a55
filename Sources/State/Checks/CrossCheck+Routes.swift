internal import JSON
internal import Model

extension CrossCheck {
  func checkNexthops() {
    let section = contents.nexthops
    for (position, nexthop) in section.items.enumerated() {
      guard let group = nexthop.group else { continue }
      let pointer = section.pointer(position, "group")
      for member in group.members {
        if member.id == nexthop.number {
          findings.report(at: pointer, "nexthop \(member.id) can't be a member of itself")
          continue
        }
        guard let target = declared(member.id, at: pointer)?.target else { continue }
        if case .group = target {
          findings.report(
            at: pointer, "nexthop \(member.id) is a group itself; members must be single nexthops")
        } else if target == .blackhole, group.members.count > 1 {
          // nh_create_ipv4 and its kin: a blackhole "can not be used in a group with more than 1 path".
          findings.report(
            at: pointer,
            "nexthop \(member.id) is a blackhole, which can only be a group's one member")
        }
      }
    }
  }

  /// Nil, and reported, if no such nexthop is declared.
  private func declared(_ id: UInt32, at pointer: Pointer) -> Nexthop? {
    if let nexthop = nexthops[id] { return nexthop }
    guard let unread = contents.unreadNexthops, !unread.contains(String(id)) else { return nil }
    findings.report(at: pointer, "nexthop \(id) isn't declared in \"nexthops\"")
    return nil
  }

  func checkRoutes() {
    let section = contents.routes
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

  /// A gateway is another machine.
  func checkGateways() {
    if contents.addresses.items.isEmpty { return }
    let own = Dictionary(
      // One that comes and goes (a virtual router's) may be the way to whoever has it.
      contents.addresses.items.enumerated().filter { !contents.addresses.isConditional($0.offset) }
        .map { ($1.address.address, $0) },
      uniquingKeysWith: { first, _ in first })
    func check<R>(
      _ via: IPAddress, _ section: Section<R>, _ position: Int, _ below: Pointer.Component...
    ) {
      guard let address = own[via] else { return }
      let pointer = section.pointer(position)
      findings.report(
        at: Pointer(pointer.components + below),
        "\"\(via)\" is this machine's own address, \(contents.addresses.pointer(address)), "
          + "and can't be its gateway")
    }
    for (position, nexthop) in contents.nexthops.items.enumerated() {
      if let via = nexthop.via { check(via, contents.nexthops, position, "via") }
    }
    for position in contents.routes.items.indices {
      if let via = contents.routes.items[position].hop?.via {
        check(via, contents.routes, position, "via")
      }
      guard !contents.routes.items[position].hops.isEmpty else { continue }
      for (index, hop) in contents.routes.items[position].hops.enumerated() {
        guard let via = hop.via else { continue }
        check(via, contents.routes, position, "nexthops", .index(index), "via")
      }
    }
  }

  /// Forwarding entries are of VXLANs.
  func checkEntries() {
    let section = contents.fdb
    for (position, entry) in section.items.enumerated() {
      guard let device = links[entry.link]?.device else { continue }
      guard case .vxlan(let vxlan) = device else {
        findings.report(
          at: section.pointer(position, "link"),
          "must be a vxlan for an entry with \"dst\", and \"\(entry.link)\" is of type "
            + device.type)
        continue
      }
      // vxlan_fdb_add: EAFNOSUPPORT.
      if entry.dst.family != vxlan.family {
        findings.report(
          at: section.pointer(position, "dst"),
          "\"\(entry.dst)\" is of another family than the endpoints of \"\(entry.link)\"")
      }
    }
  }

  func checkAbsentRules() {
    let patterns = contents.absentRules
    var seen: [RulePattern: Int] = [:]
    for (position, pattern) in patterns.items.enumerated() {
      if let first = seen[pattern], !patterns.areExclusive(first, position) {
        findings.report(
          at: patterns.pointer(position), "the same absent rule as \(patterns.pointer(first))")
      } else {
        seen[pattern] = position
      }
    }
    for (position, rule) in contents.rules.items.enumerated() {
      let when = contents.rules.when(position)
      if let match = patterns.items.indices.first(where: { match in
        patterns.items[match].matches(rule)
          && !(when.flatMap { rule in patterns.when(match).map(rule.excludes) } ?? false)
      }) {
        findings.report(
          at: contents.rules.pointer(position),
          "rule \(rule.id) would be removed by the absent rule \(patterns.pointer(match))")
      }
    }
  }
}
