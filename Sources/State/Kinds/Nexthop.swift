internal import JSON
internal import Model

enum NexthopKey: Int, ObjectKey {
  case id, family, via, dev, onlink, blackhole, group, resilient, `protocol`, adopt, when

  static let names = spelledNames()
  static let example = "{ \"id\": 10, \"via\": \"192.0.2.1\", \"dev\": \"eth0\" }"
}

enum MemberKey: Int, ObjectKey {
  case id, weight, when

  static let names = spelledNames()
  static let example = "{ \"id\": 10, \"weight\": 2 }"
}

enum ResilientKey: Int, ObjectKey {
  case buckets, idleTimer, unbalancedTimer

  static let names = spelledNames()
  static let example = "{ \"buckets\": 64 }"
}

enum NexthopSection: ListSection {
  static let key = "nexthops"

  static var unread: WritableKeyPath<Contents, Set<String>?>? { \.unreadNexthops }

  static func read(_ object: inout ObjectReader<NexthopKey>) -> Declared<Nexthop>? {
    object.nexthop()
  }

  static func links(of nexthop: Nexthop) -> [(name: LinkName?, key: String)] {
    [(nexthop.dev, "dev")]
  }

  static func check(_ check: CrossCheck) {
    check.checkIdentities(of: Nexthop.self)
    check.checkLinks(of: Nexthop.self, links)
    check.checkNexthops()
  }
}

extension ObjectReader<NexthopKey> {
  fileprivate mutating func nexthop() -> Declared<Nexthop>? {
    let id = required(.id, .uint32(1, to: .max))
    let family = optional(.family, .family)
    var conditions: [Condition?] = []
    let target = target(family, &conditions)
    let maker = optional(.protocol, .routeProtocol(findings.names))
    let isAdopted = optional(.adopt, .bool) ?? false
    let when = when()
    guard let id else { return nil }
    // A target that can't be read leaves a nexthop without a link and a gateway, which no check
    // asks about.
    var nexthop = Nexthop(
      id, family: target?.family ?? .inet, target?.target ?? .hop(via: nil, dev: nil, onlink: false)
    )
    nexthop.protocol = maker.map(RouteProtocol.init)
    nexthop.isAdopted = isAdopted
    return Declared(nexthop, when: when, members: conditions)
  }

  private mutating func target(
    _ family: Family?, _ conditions: inout [Condition?]
  ) -> (target: Nexthop.Target, family: Family)? {
    let group: [(member: Nexthop.Member, when: Condition?)]? = list(.group, of: "group member") {
      $0.member()
    }
    let resilient: Nexthop.Resilient? = object(.resilient, "resilient group") { $0.resilient() }
    _ = optional(.blackhole, .flag)
    let hop = nextHop()

    if has(.group) {
      refuse([.family, .via, .dev, .onlink, .blackhole]) {
        "\($0) can't stand beside \"group\": the group's members have it"
      }
      guard let group else { return nil }
      checkUnique(group.map(\.member))
      // In the order in which groups sort their members.
      conditions = group.sorted { $0.member.id < $1.member.id }.map(\.when)
      return (.group(Nexthop.Group(group.map(\.member), resilient: resilient)), .inet)
    }
    refuse([.resilient]) { "\($0) is for groups: this nexthop has no \"group\"" }
    if has(.blackhole) {
      refuse([.via, .dev, .onlink]) { "\($0) can't stand beside \"blackhole\"" }
      return self.family(family).map { (.blackhole, $0) }
    }
    if !has(.via), !has(.dev) {
      report("this nexthop needs \"via\" and/or \"dev\", \"group\", or \"blackhole\": true")
      return nil
    }
    if let via = hop.via, let family, via.family != family {
      report(.via, "\"\(via)\" is not of the stated family, \(family.rawValue)")
    }
    guard let family = has(.via) ? hop.via?.family : self.family(family) else { return nil }
    return (.hop(via: hop.via, dev: hop.dev, onlink: hop.isOnlink), family)
  }

  private mutating func family(_ family: Family?) -> Family? {
    if !has(.family) { reportMissing(.family, ", \"inet\" or \"inet6\": nothing else tells it") }
    return family
  }

  private mutating func checkUnique(_ members: [Nexthop.Member]) {
    // With a member left out, positions no longer match the file's indexes; that problem is reported already.
    guard !faults.contains(.group) else { return }
    var seen: Set<UInt32> = []
    for (index, member) in members.enumerated() where !seen.insert(member.id).inserted {
      report(.group, index, "nexthop \(member.id) is in the group already: give it a weight")
    }
  }
}

extension ObjectReader<MemberKey> {
  fileprivate mutating func member() -> (member: Nexthop.Member, when: Condition?)? {
    let id = required(.id, .uint32(1, to: .max))
    let weight = optional(.weight, .uint16(1, to: 256))
    let when = when()
    return id.map { (Nexthop.Member(id: $0, weight: weight ?? 1), when) }
  }
}

extension ObjectReader<ResilientKey> {
  fileprivate mutating func resilient() -> Nexthop.Resilient? {
    let buckets = required(.buckets, .uint16(1, to: .max))
    let timer = DurationForm.duration(.zero ... .clockTicks, step: .milliseconds(10))
    let idle = optional(.idleTimer, timer) ?? nil
    let unbalanced = optional(.unbalancedTimer, timer) ?? nil
    guard let buckets else { return nil }
    var resilient = Nexthop.Resilient(buckets: buckets)
    resilient.idleTimer = idle
    resilient.unbalancedTimer = unbalanced
    return resilient
  }
}
