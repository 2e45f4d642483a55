import Model

/// What goes with the links and nexthops that a plan deletes or replaces: the kernel drops it
/// without a step of ours.
struct Lost {
  /// Each lost link, with the link that takes it along: itself where a step deletes it.
  private(set) var links: [LinkName: LinkName] = [:]
  /// Each lost nexthop's id, with the cause in words.
  var nexthops: [UInt32: String] = [:]

  /// Links on which IPv6 ends, and links that go down, with their routes and IPv6 addresses.
  private var endsIPv6: Set<LinkName> = []
  private var goesDown: Set<LinkName> = []

  private var isEmpty: Bool {
    links.isEmpty && nexthops.isEmpty && endsIPv6.isEmpty && goesDown.isEmpty
  }

  /// What a change of a link takes from it, beside what the change says.
  mutating func take(_ link: Link, becoming wanted: Link) {
    if wanted.isUp == false, link.isUp != false { goesDown.insert(link.name) }
    if let mtu = wanted.mtu, mtu < Link.leastIPv6MTU,
      link.mtu.map({ $0 >= Link.leastIPv6MTU }) ?? true
    {
      endsIPv6.insert(link.name)
    }
  }

  mutating func take(_ link: Link) { links[link.name] = link.name }

  mutating func take(_ nexthop: Nexthop, because cause: Nexthop) {
    nexthops[nexthop.number] = "nexthop \(cause.id)"
  }

  /// Links over a lost one go with it, and so does the other end of a veth.
  mutating func spread(over observed: [Link]) {
    if links.isEmpty { return }
    var hasGrown = true
    while hasGrown {
      hasGrown = false
      for link in observed where links[link.name] == nil {
        guard let below = link.lower ?? link.veth?.peer, let cause = links[below] else { continue }
        links[link.name] = cause
        hasGrown = true
      }
    }
  }

  /// Nexthops over a lost link go, and groups that lose their last member.
  mutating func spread(over observed: [Nexthop]) {
    if isEmpty { return }
    for nexthop in observed where nexthops[nexthop.number] == nil {
      guard let dev = nexthop.dev else { continue }
      if let cause = links[dev] {
        nexthops[nexthop.number] = "link \(cause)"
      } else if isTaken(nexthop, from: dev) {
        nexthops[nexthop.number] = "a change of link \(dev)"
      }
    }
    for nexthop in observed where nexthops[nexthop.number] == nil {
      guard let members = nexthop.group?.members, let first = members.first,
        members.allSatisfy({ nexthops[$0.id] != nil })
      else { continue }
      nexthops[nexthop.number] = nexthops[first.id]
    }
  }

  /// The group as it is once its lost members have left it.
  func reduced(_ nexthop: Nexthop) -> Nexthop {
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

  /// Why an observed object won't be there any more; nil when it will.
  func cause<R: Resource>(of observed: R) -> String? {
    if isEmpty { return nil }
    if let nexthop = observed as? Nexthop {
      return nexthops[nexthop.number].map { "goes with \($0)" }
    }
    for requirement in observed.requirements {
      switch requirement {
      case .link(let name):
        if let cause = links[name] { return "goes with link \(cause)" }
        if isTaken(observed, from: name) { return "goes with a change of link \(name)" }
      case .nexthop(let id):
        if let cause = nexthops[id] { return "goes with \(cause)" }
      case .reachable:
        continue
      }
    }
    return nil
  }
}
