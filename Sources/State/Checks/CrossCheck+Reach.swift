internal import JSON
internal import Model

extension CrossCheck {
  /// A gateway must be on one of this machine's networks, as far as the file alone can tell.
  func checkReach() {
    var reach = Reach(contents)
    let (nexthops, routes) = (contents[Nexthop.self], contents[Route.self])
    func check<R>(
      _ via: IPAddress?, _ dev: LinkName?, isOnlink: Bool, _ section: Section<R>, _ position: Int,
      _ below: Pointer.Component...
    ) {
      guard let via, !isOnlink, let objection = reach.objection(to: via, dev, links) else { return }
      findings.report(
        at: Pointer(section.pointer(position).components + below), objection)
    }
    for (position, nexthop) in nexthops.items.enumerated() {
      check(
        nexthop.via, nexthop.dev, isOnlink: nexthop.isOnlink, nexthops, position, "via")
    }
    for position in routes.items.indices {
      if let hop = routes.items[position].hop {
        check(hop.via, hop.dev, isOnlink: hop.isOnlink, routes, position, "via")
      }
      guard !routes.items[position].hops.isEmpty else { continue }
      for (index, hop) in routes.items[position].hops.enumerated() {
        check(
          hop.via, hop.dev, isOnlink: hop.isOnlink, routes, position, "nexthops",
          .index(index), "via")
      }
    }
  }

  /// The kernel has no IPv6 on a link whose MTU is below IPv6's minimum (RFC 8200, section 5), and
  /// takes no IPv6 address where IPv6 is disabled.
  func checkIPv6() {
    var users: [LinkName: (pointer: Pointer, when: Condition?)] = [:]
    let (addresses, neighbors) = (contents[Address.self], contents[Neighbor.self])
    let (nexthops, routes, links) = (
      contents[Nexthop.self], contents[Route.self], contents[Link.self]
    )
    func note<R>(
      _ link: LinkName?, _ family: Family?, _ section: Section<R>, _ position: Int
    ) {
      guard family == .inet6, let link, users[link] == nil else { return }
      users[link] = (section.pointer(position), section.when(position))
    }
    for (position, address) in addresses.items.enumerated() {
      note(address.link, address.address.family, addresses, position)
    }
    checkDisabledIPv6(users.mapValues(\.pointer))
    for (position, neighbor) in neighbors.items.enumerated() {
      note(neighbor.link, neighbor.address.family, neighbors, position)
    }
    for (position, nexthop) in nexthops.items.enumerated() {
      note(nexthop.dev, nexthop.family, nexthops, position)
    }
    for position in routes.items.indices
    where routes.items[position].dst.family == .inet6 {
      for hop in routes.items[position].ways {
        note(hop.dev, .inet6, routes, position)
      }
    }
    for (position, link) in links.items.enumerated() {
      guard let mtu = link.mtu, mtu < 1280, let user = users[link.name] else { continue }
      let when = links.when(position)
      if let when, user.when?.excludes(when) == true { continue }
      findings.report(
        at: links.pointer(position, "mtu"),
        "\(mtu) is below 1280, IPv6's least, and \(user.pointer) is IPv6 on this link")
    }
  }

  private func checkDisabledIPv6(_ users: [LinkName: Pointer]) {
    let section = contents[Sysctl.self]
    let always = section.items.enumerated().compactMap {
      section.isConditional($0.offset) ? nil : $0.element
    }
    func isSet(_ name: String) -> Sysctl? {
      let key = Sysctl.Key(parts: ["net", "ipv6", "conf", name, "disable_ipv6"])
      return always.first { $0.key == key }
    }
    guard always.contains(where: { $0.key.parts.last == "disable_ipv6" }) else { return }
    let (all, fallback) = (isSet("all"), isSet("default"))
    for (link, pointer) in users.sorted(by: { $0.key < $1.key }) {
      let isMade = links[link]?.isOurs == true
      guard
        let sysctl = isSet(link.text) ?? (all?.text == "1" ? all : nil)
          ?? (isMade ? fallback : nil),
        sysctl.text == "1"
      else { continue }
      findings.report(
        at: Pointer([.key("sysctls"), .key(sysctl.key.description)]),
        "is 1, and \(pointer) is IPv6 on \"\(link)\": the kernel refuses such an address")
    }
  }
}

/// The networks that a file declares.
private struct Reach {
  private struct Networks {
    private(set) var prefixes: Set<Prefix> = []
    private var lengths: [Family: Set<UInt8>] = [:]
    private var families: Set<Family> = []

    mutating func add(_ prefix: Prefix, isAddress: Bool) {
      prefixes.insert(prefix.network)
      lengths[prefix.family, default: []].insert(prefix.length)
      if isAddress { families.insert(prefix.family) }
    }

    func hasAddress(_ family: Family) -> Bool { families.contains(family) }

    func contains(_ address: IPAddress) -> Bool {
      lengths[address.family]?.contains { length in
        Prefix(address, length: length).map { prefixes.contains($0.network) } ?? false
      } ?? false
    }
  }

  private var networks: [LinkName: Networks] = [:]
  private var all = Networks()
  private let knowsAllLinks: Bool
  /// The last gateway that passed: many routes share a few gateways.
  private var last: (via: IPAddress, dev: LinkName?)?

  init(_ contents: Contents) {
    knowsAllLinks =
      contents.unreadLinks?.isEmpty == true && contents[Link.self].items.allSatisfy(\.isOurs)
    let routes = contents[Route.self]
    for address in contents[Address.self].items {
      add(address.peer ?? address.address, address.link, isAddress: true)
    }
    for position in routes.items.indices
    where routes.items[position].type == .unicast {
      for hop in routes.items[position].ways where hop.via == nil {
        if let dev = hop.dev { add(routes.items[position].dst, dev, isAddress: false) }
      }
    }
  }

  private mutating func add(_ prefix: Prefix, _ link: LinkName, isAddress: Bool) {
    networks[link, default: Networks()].add(prefix, isAddress: isAddress)
    all.add(prefix, isAddress: isAddress)
  }

  /// Nil if the gateway is reachable, or may be through what others configure.
  mutating func objection(
    to via: IPAddress, _ dev: LinkName?, _ links: [LinkName: Link]
  ) -> String? {
    if let last, last == (via, dev) { return nil }
    // Link-local networks are on every link; the reader asks for the link.
    if via.family == .inet6, via.isLinkLocal { return nil }
    let known: Networks
    if let dev {
      // Somebody else's link may have addresses that the file doesn't state.
      guard links[dev]?.isOurs == true else { return nil }
      known = networks[dev] ?? Networks()
    } else {
      guard knowsAllLinks else { return nil }
      known = all
    }
    // A link without a declared address gets its addresses elsewhere (DHCP, router advertisements).
    guard known.hasAddress(via.family), !known.contains(via) else {
      last = (via, dev)
      return nil
    }
    let listed = known.prefixes.filter { $0.family == via.family }.sorted()
    return "\"\(via)\" is on no network of \(dev.map { "\"\($0)\"" } ?? "this machine") "
      + "(\(listed.prefix(4).map(\.description).joined(separator: ", "))"
      + (listed.count > 4 ? ", ..." : "")
      + "): if it is to be reached there all the same, add \"onlink\": true"
      + (dev == nil ? " and its \"dev\"" : "")
  }
}

extension Route {
  fileprivate var ways: [Hop] { hop.map { [$0] } ?? hops }
}
