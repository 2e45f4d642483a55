internal import JSON
internal import Model

/// An object as a file declares it.
struct Declared<Item> {
  var item: Item
  var when: Condition?
  /// Of its members; empty: none has one.
  var members: [Condition?]

  init(_ item: Item, when: Condition?, members: [Condition?] = []) {
    self.item = item
    self.when = when
    self.members = members.allSatisfy { $0 == nil } ? [] : members
  }

  var isConditional: Bool { when != nil || !members.isEmpty }
}

/// The objects of one kind that could be read, and where in the file they stand.
struct Section<Item> {
  private let path: [Pointer.Component]
  private(set) var items: [Item] = []
  private var origins: [Int32] = []
  /// Of the items that have any, by position.
  private var conditions: [Int: (when: Condition?, members: [Condition?])] = [:]

  /// By the keys that lead to it.
  init(_ keys: String...) { path = keys.map(Pointer.Component.key) }

  mutating func reserve(_ count: Int) {
    items.reserveCapacity(count)
    origins.reserveCapacity(count)
  }

  mutating func append(_ declared: consuming Declared<Item>, _ index: Int) {
    if declared.isConditional { conditions[items.count] = (declared.when, declared.members) }
    items.append(declared.item)
    origins.append(Int32(truncatingIfNeeded: index))
  }

  /// Of an item by its position among those that could be read.
  func pointer(_ position: Int, _ below: Pointer.Component...) -> Pointer {
    Pointer(path + [.index(Int(origins[position]))] + below)
  }
}

extension Section {
  func when(_ position: Int) -> Condition? { conditions[position]?.when }

  func isConditional(_ position: Int) -> Bool { conditions[position] != nil }

  /// Whether the items' conditions show that the two never stand at once.
  func areExclusive(_ first: Int, _ second: Int) -> Bool {
    when(first).flatMap { first in when(second).map(first.excludes) } ?? false
  }

  /// Those that stand alone, and the others with what decides about them.
  func split(
    _ decide: (Item, _ when: Condition?, _ members: [Condition?]) -> Void
  ) -> [Item] {
    if conditions.isEmpty { return items }
    return items.enumerated().compactMap { position, item in
      guard let (when, members) = conditions[position] else { return item }
      decide(item, when, members)
      return nil
    }
  }
}

/// What a file holds, by kind.
struct Contents {
  var sysctls: [Sysctl] = []
  var sysctlConditions: [Sysctl.Key: Condition] = [:]
  var probes: [Probe] = []
  /// Also of probes that couldn't be read; nil when the whole section couldn't.
  var probeNames: Set<String>? = []
  var deadline = DesiredState.defaultDeadline
  var blueprints: [any Blueprint] = []
  /// What the file says for services of the section `ipvs`.
  var ipvsInhibitions: [IPVSService.Match: Inhibition] = [:]
  var links = Section<Link>("links")
  var wireGuards = Section<WireGuard>("wireguard")
  var addresses = Section<Address>("addresses")
  var neighbors = Section<Neighbor>("neighbors")
  var fdb = Section<FDBEntry>("neighbors")
  var nexthops = Section<Nexthop>("nexthops")
  var routes = Section<Route>("routes")
  var rules = Section<Rule>("rules")
  var absentRules = Section<RulePattern>("rules")
  var tables: [NftablesTable] = []
  var tablePlaces: [NftablesReader.Place: Pointer] = [:]
  var ipvsServices = Section<IPVSService>("ipvs", "services")
  var ipvsTimeouts: [IPVSTimeout] = []
  var ipvsDaemons: [Declared<IPVSDaemon>] = []
  /// What a link or nexthop whose identity couldn't be read may be called: texts and numbers in it.
  /// Nil when a whole section couldn't be read, and may have held anything.
  var unreadLinks: Set<String>? = []
  var unreadNexthops: Set<String>? = []

  var declaration: DesiredState {
    var declaration = DesiredState()
    declaration.probes = probes + blueprints.flatMap(\.probes)
    declaration.blueprints = blueprints.map { blueprint in
      var blueprint = blueprint
      blueprint.learn(addresses: addresses.items, others: blueprints)
      return blueprint
    }
    declaration.deadline = deadline
    func unconditional<R: Resource>(_ section: Section<R>) -> [R] {
      section.split { item, when, members in
        declaration.conditional.append(
          ConditionalObject(Object(item), when: when, members: members))
      }
    }
    for sysctl in sysctls {
      if let when = sysctlConditions[sysctl.key] {
        declaration.conditional.append(ConditionalObject(Object(sysctl), when: when))
      } else {
        declaration.unconditional.sysctls.append(sysctl)
      }
    }
    declaration.unconditional.links = unconditional(links)
    declaration.unconditional.wireGuards = unconditional(wireGuards)
    declaration.unconditional.addresses = unconditional(addresses)
    declaration.unconditional.neighbors = unconditional(neighbors)
    declaration.unconditional.fdb = unconditional(fdb)
    declaration.unconditional.nexthops = unconditional(nexthops)
    declaration.unconditional.routes = unconditional(routes)
    declaration.unconditional.rules = unconditional(rules)
    declaration.unconditional.tables = tables
    declaration.unconditional.ipvsServices = unconditional(ipvsServices)
    for (index, conditional) in declaration.conditional.enumerated() {
      guard let service = conditional.object.as(IPVSService.self) else { continue }
      declaration.conditional[index].inhibit = ipvsInhibitions[service.match] ?? .usual
    }
    declaration.unconditional.ipvsTimeouts = ipvsTimeouts
    for daemon in ipvsDaemons {
      if daemon.isConditional {
        declaration.conditional.append(
          ConditionalObject(Object(daemon.item), when: daemon.when))
      } else {
        declaration.unconditional.ipvsDaemons.append(daemon.item)
      }
    }
    declaration.unconditional.absentRules = absentRules.split { pattern, when, _ in
      declaration.conditionalPatterns.append(ConditionalPattern(pattern, when: when!))
    }
    return declaration
  }
}
