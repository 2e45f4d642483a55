/// Links and nexthops that are absent or about to go, and what is lost with them: the kernel drops
/// it without a step of ours, and refuses to create it.
public struct Cascade: Sendable {
  /// Each lost link, with the link that takes it along: itself if none does.
  public private(set) var links: [LinkName: LinkName] = [:]
  /// Each lost nexthop's id, with the cause in words.
  public private(set) var nexthops: [UInt32: String] = [:]
  /// Links that lose IPv6, and links that go down, which lose their routes and IPv6 addresses.
  private var endsIPv6: Set<LinkName> = []
  private var goesDown: Set<LinkName> = []

  public init() {}

  public var isEmpty: Bool {
    links.isEmpty && nexthops.isEmpty && endsIPv6.isEmpty && goesDown.isEmpty
  }

  public func has(_ link: LinkName?) -> Bool { link.map { links[$0] != nil } ?? false }
  public func has(nexthop: UInt32) -> Bool { nexthops[nexthop] != nil }

  /// Adds what others can no longer depend on.
  public mutating func add(_ provisions: [Provision]) {
    for provision in provisions {
      switch provision {
      case .link(let name): links[name] = name
      case .nexthop(let number): add(nexthop: number, because: number)
      case .network: continue
      }
    }
  }

  public mutating func add(nexthop: UInt32, because cause: UInt32) {
    nexthops[nexthop] = "nexthop \(cause)"
  }

  /// Adds what is lost when a link is changed, besides what the change states.
  public mutating func add(_ link: Link, becoming wanted: Link) {
    if wanted.isUp == false, link.isUp != false { goesDown.insert(link.name) }
    if let mtu = wanted.mtu, mtu < Link.leastIPv6MTU,
      link.mtu.map({ $0 >= Link.leastIPv6MTU }) ?? true
    {
      endsIPv6.insert(link.name)
    }
  }

  /// Removes what exists after all.
  public mutating func remove(_ provisions: [Provision]) {
    for provision in provisions {
      switch provision {
      case .link(let name): links[name] = nil
      case .nexthop(let number): nexthops[number] = nil
      case .network: continue
      }
    }
  }

  public mutating func remove(nexthop: UInt32) { nexthops[nexthop] = nil }

  /// Links on top of a lost one are lost too, and so is the other end of a veth pair.
  public mutating func spread(over all: [Link]) {
    if links.isEmpty { return }
    var hasGrown = true
    while hasGrown {
      hasGrown = false
      for link in all where links[link.name] == nil {
        // A tunnel outlives the link that carries it.
        guard link.tunnel == nil, let below = link.lower ?? link.veth?.peer,
          let cause = links[below]
        else { continue }
        links[link.name] = cause
        hasGrown = true
      }
    }
  }

  /// Nexthops over a lost link are lost too, and so are groups that lose their last member.
  public mutating func spread(over all: [Nexthop]) {
    if isEmpty { return }
    for nexthop in all where nexthops[nexthop.number] == nil {
      guard let dev = nexthop.dev else { continue }
      if let cause = links[dev] {
        nexthops[nexthop.number] = "link \(cause)"
      } else if isTaken(nexthop, from: dev) {
        nexthops[nexthop.number] = "a change of link \(dev)"
      }
    }
    for nexthop in all where nexthops[nexthop.number] == nil {
      guard let members = nexthop.group?.members, let first = members.first,
        members.allSatisfy({ nexthops[$0.id] != nil })
      else { continue }
      nexthops[nexthop.number] = nexthops[first.id]
    }
  }

  /// The group as it is once its lost members have left it.
  public func reduced(_ nexthop: Nexthop) -> Nexthop {
    guard nexthops[nexthop.number] == nil, var group = nexthop.group else { return nexthop }
    group.members.removeAll { nexthops[$0.id] != nil }
    var nexthop = nexthop
    nexthop.target = .group(group)
    return nexthop
  }

  private func isTaken<R: Resource>(_ object: R, from link: LinkName) -> Bool {
    goesDown.contains(link) && object.isLost(by: .goesDown)
      || endsIPv6.contains(link) && object.isLost(by: .endsIPv6)
  }

  /// Why an object will be lost; nil if it won't.
  public func cause<R: Resource>(of object: R) -> String? {
    if isEmpty { return nil }
    if let nexthop = object as? Nexthop {
      return nexthops[nexthop.number].map { "goes with \($0)" }
    }
    for requirement in object.requirements {
      switch requirement {
      case .link(let name):
        if let cause = links[name] { return "goes with link \(cause)" }
        if isTaken(object, from: name) { return "goes with a change of link \(name)" }
      case .nexthop(let number):
        if let cause = nexthops[number] { return "goes with \(cause)" }
      case .reachable:
        continue
      }
    }
    return nil
  }
}
