internal import JSON
internal import Model

extension CrossCheck {
  /// Links that objects name must be declared, so that a slip of the hand is seen before the kernel
  /// is asked for a link that will never come.
  func checkReferences() {
    guard let unread = contents.unreadLinks else { return }
    var search = LinkSearch(
      known: impliedLinks.union(links.keys).union(unread.compactMap(LinkName.init)),
      altnames: links.values.reduce(into: [:]) { altnames, link in
        for altname in link.altnames ?? [] { altnames[altname] = link.name }
      })
    func check<R>(
      _ name: LinkName?, _ section: Section<R>, _ position: Int, _ below: Pointer.Component...
    ) {
      guard let name, let problem = search.problem(with: name) else { return }
      let pointer = section.pointer(position)
      findings.report(at: Pointer(pointer.components + below), problem)
    }
    for probe in contents.probes {
      guard let link = probe.link, let problem = search.problem(with: link) else { continue }
      findings.report(at: ["probes", .key(probe.name), "link"], problem)
    }
    for (position, link) in contents.links.items.enumerated() {
      if link.lower != link.name {
        check(link.lower, contents.links, position, link.vxlan == nil ? "link" : "dev")
      }
      if link.master != link.name { check(link.master, contents.links, position, "master") }
    }
    for blueprint in contents.blueprints {
      for named in blueprint.claims.links {
        for problem in named.links.compactMap({ search.problem(with: $0) }) {
          findings.report(
            at: Pointer([.key(type(of: blueprint).section), .key(named.key)]), problem)
        }
      }
    }
    for (position, device) in contents.wireGuards.items.enumerated() {
      check(device.link, contents.wireGuards, position, "link")
    }
    for (position, address) in contents.addresses.items.enumerated() {
      check(address.link, contents.addresses, position, "link")
    }
    for (position, neighbor) in contents.neighbors.items.enumerated() {
      check(neighbor.link, contents.neighbors, position, "link")
    }
    for (position, entry) in contents.fdb.items.enumerated() {
      check(entry.link, contents.fdb, position, "link")
      check(entry.via, contents.fdb, position, "via")
    }
    for (position, nexthop) in contents.nexthops.items.enumerated() {
      check(nexthop.dev, contents.nexthops, position, "dev")
    }
    for daemon in contents.ipvsDaemons.map(\.item) {
      guard let problem = search.problem(with: daemon.link) else { continue }
      findings.report(
        at: Pointer([.key("ipvs"), .key("sync"), .key(daemon.role.rawValue), .key("link")]),
        problem)
    }
    for position in contents.routes.items.indices {
      // In place: a copy of a route retains five things, 100,000 times.
      if let dev = contents.routes.items[position].hop?.dev, !search.isKnown(dev) {
        check(dev, contents.routes, position, "dev")
      }
      guard !contents.routes.items[position].hops.isEmpty else { continue }
      for (index, hop) in contents.routes.items[position].hops.enumerated() {
        check(hop.dev, contents.routes, position, "nexthops", .index(index), "dev")
      }
    }
  }
}

/// Looks links up by name; the same one over and over, as routes do, at no cost.
private struct LinkSearch {
  let known: Set<LinkName>
  let altnames: [String: LinkName]
  private var last = LinkName.loopback
  private var sentences: [LinkName: String] = [:]

  init(known: Set<LinkName>, altnames: [String: LinkName]) {
    self.known = known
    self.altnames = altnames
  }

  mutating func isKnown(_ name: LinkName) -> Bool {
    if name == last { return true }
    guard known.contains(name) else { return false }
    last = name
    return true
  }

  mutating func problem(with name: LinkName) -> String? {
    if isKnown(name) { return nil }
    if let sentence = sentences[name] { return sentence }
    var sentence = "link \"\(name)\" isn't declared in \"links\""
    if let link = altnames[name.text] {
      sentence += ": it is an altname of \"\(link)\", which is the name to use"
    } else if sentences.count < 100,  // a wrong file must not cost every name times every link
      let nearest = Spelling.nearest(to: name.text, among: known.map(\.text))
    {
      sentence += "; did you mean \"\(nearest)\"?"
    } else {
      sentence += "; if something else makes it, add { \"name\": \"\(name)\", \"managed\": false }"
    }
    sentences[name] = sentence
    return sentence
  }
}
