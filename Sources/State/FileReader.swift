internal import JSON
internal import Model

enum FileKey: Int, ObjectKey {
  case schema, comment, version, sysctls, links, addresses, neighbors, nexthops, routes, rules
  case nftables, ipvs, probes, signals, gateways, services, wireguard

  // JSON Schema's words: editors look for the schema under the first, and pass over the second.
  static let names = ["$schema", "$comment"] + spelledNames().dropFirst(2)
  static let example = "{ \"version\": 1, \"links\": [...] }"
}

extension ObjectReader<FileKey> {
  mutating func contents() -> Contents {
    var contents = Contents()
    _ = optional(.schema, .plainText)
    _ = optional(.comment, .plainText)
    _ = required(.version, .uint8(1, to: 1), ": write \"version\": 1")
    readSysctls(&contents)
    readInputs(&contents)
    for section in Sections.blueprints { section.read(&self, into: &contents) }

    contents.links.reserve(count(.links))
    let links = each(.links, of: "link") { object, index in
      let link = object.link()
      let when = object.when(of: link?.name)
      if let link {
        contents.links.append(Declared(link, when: when), index)
      } else {
        contents.unreadLinks?.formUnion(object.scalars)
      }
    }
    if links == nil, has(.links) { contents.unreadLinks = nil }

    _ = each(.wireguard, of: "wireguard") { object, index in
      let wireGuard = object.wireGuard()
      let when = object.when()
      if let wireGuard { contents.wireGuards.append(Declared(wireGuard, when: when), index) }
    }

    contents.addresses.reserve(count(.addresses))
    _ = each(.addresses, of: "address") { object, index in
      let address = object.address()
      let when = object.when()
      if let address { contents.addresses.append(Declared(address, when: when), index) }
    }

    _ = each(.neighbors, of: "neighbor") { object, index in
      let read = object.neighborOrEntry()
      let when = object.when()
      switch read {
      case .neighbor(let neighbor):
        contents.neighbors.append(Declared(neighbor, when: when), index)
      case .entry(let entry): contents.fdb.append(Declared(entry, when: when), index)
      case nil: break
      }
    }

    contents.nexthops.reserve(count(.nexthops))
    let nexthops = each(.nexthops, of: "nexthop") { object, index in
      if let nexthop = object.nexthop() {
        contents.nexthops.append(nexthop, index)
      } else {
        contents.unreadNexthops?.formUnion(object.scalars)
      }
    }
    if nexthops == nil, has(.nexthops) { contents.unreadNexthops = nil }

    contents.routes.reserve(count(.routes))
    _ = each(.routes, of: "route") { object, index in
      if let route = object.route() { contents.routes.append(route, index) }
    }

    _ = each(.rules, of: "rule") { object, index in
      let read = object.ruleOrPattern()
      let when = object.when()
      switch read {
      case .rule(let rule): contents.rules.append(Declared(rule, when: when), index)
      case .pattern(let pattern):
        contents.absentRules.append(Declared(pattern, when: when), index)
      case nil: break
      }
    }
    if let value = value(.nftables) {
      (contents.tables, contents.tablePlaces) = NftablesReader.sections(
        value, at: Pointer([.key("nftables")]), into: findings)
    }
    let _: Void? = object(.ipvs, "ipvs section") { (section: inout ObjectReader<IPVSKey>) in
      section.ipvs(into: &contents)
    }
    return contents
  }
}
