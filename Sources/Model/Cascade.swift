/// Links and nexthops that are absent, in the kernel or by their conditions, and what is lost with
/// them.
public struct Cascade: Sendable {
  public var links: Set<LinkName> = []
  public var nexthops: Set<UInt32> = []

  public var isEmpty: Bool { links.isEmpty && nexthops.isEmpty }

  func has(_ link: LinkName?) -> Bool { link.map(links.contains) ?? false }

  mutating func add(_ provisions: [Provision]) {
    for provision in provisions {
      switch provision {
      case .link(let name): links.insert(name)
      case .nexthop(let id): nexthops.insert(id)
      case .network: continue
      }
    }
  }

  mutating func remove(_ provisions: [Provision]) {
    for provision in provisions {
      switch provision {
      case .link(let name): links.remove(name)
      case .nexthop(let id): nexthops.remove(id)
      case .network: continue
      }
    }
  }

  /// Whether an object depends on any of them.
  func takes(_ object: some Resource) -> Bool {
    object.requirements.contains { requirement in
      switch requirement {
      case .link(let name): links.contains(name)
      case .nexthop(let id): nexthops.contains(id)
      case .reachable: false
      }
    }
  }
}
