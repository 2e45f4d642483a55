import Model

/// What can't be made, as the cause for objects that depend on it.
struct Refused {
  private var causes: [Requirement: ObjectID] = [:]
  private var networks: [(network: Prefix, id: ObjectID)] = []

  var isEmpty: Bool { causes.isEmpty && networks.isEmpty }

  /// Links that somebody else must make first; that is no problem as long as nothing depends on
  /// them.
  private var missing: Set<LinkName> = []

  mutating func lacks(_ link: LinkName) {
    missing.insert(link)
    causes[.link(link)] = ObjectID(Link.self, Link.ID(link))
  }

  mutating func take(_ object: Object) {
    for provision in object.resource.provisions {
      switch provision {
      case .link(let name): causes[.link(name)] = object.id
      case .nexthop(let id): causes[.nexthop(id)] = object.id
      case .network(let network): networks.append((network, object.id))
      }
    }
  }

  /// Why an object can't be made either; nil if it can. `reach`: the networks that there will be.
  func cause<R: Resource>(of object: R, _ reach: Reach) -> (reason: String, id: ObjectID)? {
    for requirement in object.requirements {
      if case .reachable(let gateway) = requirement {
        guard !networks.isEmpty, !reach.covers(gateway, dev: nil),
          let id = networks.first(where: { $0.network.contains(gateway) })?.id
        else { continue }
        return ("it depends on \(id), which can't be made", id)
      }
      guard let id = causes[requirement] else { continue }
      if let link = requirement.linkName, missing.contains(link) {
        return ("link \(link) isn't there, and isn't vpngw's to make", id)
      }
      return ("it depends on \(id), which can't be made", id)
    }
    return nil
  }
}
