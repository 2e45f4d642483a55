import Model

/// Compares kind by kind, starting with those that others depend on. What is lost with a link or
/// nexthop that is deleted or replaced counts as absent.
struct Comparison {
  let observed: NetworkState
  let desired: NetworkState
  private let converged: NetworkState?
  var cascade = Cascade()
  var refused = Refused()
  lazy var foresight = Foresight(from: observed.links, to: desired.links)
  var knowsReach = false
  let isAllKnown: Bool

  var steps: [Step] = []
  /// The index of the first step for a route.
  private var firstRoute = 0
  private(set) var conflicts: [Plan.Conflict] = []
  private(set) var leftAlone: [Plan.LeftAlone] = []

  init(
    from observed: NetworkState, to desired: NetworkState, converged: NetworkState?,
    isAllKnown: Bool
  ) {
    self.isAllKnown = isAllKnown
    self.observed = observed
    self.desired = desired
    self.converged = converged
  }

  mutating func run() {
    if observed.lacksIPVS { refuseIPVS() }
    compareLinks()
    for kind in Kind.all where kind != Link.kind && !(kind.type.needsIPVS && observed.lacksIPVS) {
      if let compare = Self.special[kind] { compare(&self) } else { compare(kind.type) }
    }
  }

  /// Kinds that take more than comparing objects one by one.
  private static let special: [Kind: @Sendable (inout Comparison) -> Void] = [
    Sysctl.kind: { $0.compare($0.possibleSysctls(), $0.observed.sysctls) },
    Address.kind: {
      $0.compare($0.desired.addresses, $0.observed.addresses)
      $0.refuseDuplicates()
    },
    Nexthop.kind: { $0.compareNexthops() },
    Route.kind: {
      $0.firstRoute = $0.steps.count
      $0.compareRoutes()
    },
    Rule.kind: {
      $0.compareRules()
      $0.refuse(Claims(observed: $0.observed, desired: $0.desired), from: $0.firstRoute)
    },
    NftablesTable.kind: { $0.compareTables() },
    IPVSService.kind: { $0.compareServices() },
  ]

  private mutating func compare<R: Resource>(_: R.Type) {
    compare(desired[R.self], observed[R.self])
  }

  // MARK: - One kind

  mutating func compare<R: Resource>(
    _ desired: [R], _ observed: [R]
  ) {
    if desired.isEmpty && observed.isEmpty { return }
    var positions = Positions(desired.isEmpty ? [] : observed)
    var isWanted = [Bool](repeating: false, count: observed.count)
    for object in desired {
      guard let position = positions.position(of: object.id) else {
        add(object, reason: nil)
        continue
      }
      isWanted[position] = true
      let present = observed[position]
      if let cause = cascade.cause(of: present) {
        add(object, reason: cause)
      } else if !object.agrees(with: present) {
        if object.mayChange(present) {
          change(object, from: present)
        } else if present.givesWay {
          var change = Change(.create, object)
          change.isBeside = true
          steps.append(Step(change, reason: "before the kernel's own, which stays"))
        } else {
          refuse(object, object.isTheirs(present))
        }
      }
    }
    for (position, present) in observed.enumerated() where !isWanted[position] {
      if let former = present.former {
        if former.agrees(with: present) { continue }
        steps.append(
          Step(
            Change(.update, former, observed: present),
            reason: "no longer stated: as it was before"))
      } else if present.isOwned {
        steps.append(Step(Change(.delete, present, observed: present), reason: claimed(present)))
      }
    }
  }

  mutating func add<R: Resource>(_ object: R, reason: String?) {
    if !observed.inexpressible.isEmpty, let words = observed.inexpressible[object.objectID] {
      return refuse(object, "there is one that vpngw didn't make and can't change (\(words))")
    }
    if isRefused(object) { return }
    steps.append(Step(Change(.create, object), reason: reason))
  }

  private mutating func change<R: Resource>(
    _ object: R, from present: R
  ) {
    if isRefused(object) { return }
    let blocking = object.differences(from: present).filter {
      $0.mutability(object, present) == .replacing
    }
    guard !blocking.isEmpty else {
      steps.append(
        Step(
          Change(.update, object, observed: present),
          reason: endOfIPv6(object, present) ?? claimed(present)))
      return
    }
    let names = blocking.map(\.name).joined(separator: ", ")
    steps.append(
      Step(
        Change(.replace, object, observed: present),
        reason: "replaced: \(names) can't change in place"))
  }

  /// Why a step may remove what somebody else made: the file claims its address or mark.
  private func claimed<R: Resource>(_ present: R) -> String? {
    guard present.isOwned, let maker = present.maker else { return nil }
    return "\(maker) made it; the file claims all that is there"
  }

  mutating func refuse(
    _ resource: some Resource, _ reason: String, because cause: ObjectID? = nil
  ) {
    refuse(Object(resource), reason, because: cause)
  }

  mutating func refuse(
    _ object: Object, _ reason: String, because cause: ObjectID? = nil, isShared: Bool = false
  ) {
    conflicts.append(
      Plan.Conflict(object: object, reason: reason, because: cause, isShared: isShared))
    refused.take(object)
  }

  // MARK: - Kinds with more to them

  private mutating func compareLinks() {
    var present = Positions(observed.links)
    // Stating one end of a pair is enough to want both.
    let wanted = Set(desired.links.flatMap { [$0.name] + ($0.veth?.peer.map { [$0] } ?? []) })

    for link in desired.links where link.isManaged {
      guard let position = present.position(of: link.id) else { continue }
      let found = observed.links[position]
      if !link.isOurs {
        continue
      } else if isReplaced(link, found), found.isOwned {
        cascade.add([.link(found.name)])
      }
    }
    for link in observed.links where link.isOwned && !wanted.contains(link.name) {
      cascade.add([.link(link.name)])
    }
    cascade.spread(over: observed.links)

    // Lower links first: whether they can be made decides about those on top of them.
    for link in Depth(of: desired.links).sorted(desired.links) {
      guard let position = present.position(of: link.id) else {
        if link.isOurs {
          add(link, reason: nil)
        } else {
          refused.lacks(link.name)
          if link.isManaged {
            refuse(link, "the link isn't there, and isn't vpngw's to make")
          }
        }
        continue
      }
      guard link.isManaged else { continue }
      var found = observed.links[position]
      if let master = found.master, cascade.has(master) { found.master = nil }
      if let primary = link.bond?.primary {
        let slave = present.position(of: Link.ID(primary)).map { observed.links[$0] }
        found = found.seen(wanted: link, primary: slave)
      }
      if let cause = cascade.links[link.name], cause != link.name {
        add(link, reason: "goes with link \(cause)")
      } else if isReplaced(link, found), !link.isOurs || !found.isOwned {
        let names = link.differences(from: found)
          .filter { $0.mutability(link, found) == .replacing }
          .map { "\($0.name) is \(describe($0.value(found)))" }
        refuse(
          link,
          "there is one that vpngw didn't make (\(names.joined(separator: ", "))): "
            + "rename it, delete it, or state what it is")
      } else if !link.agrees(with: found) {
        if link.mayChange(found) {
          change(link, from: found)
        } else {
          refuse(link, link.isTheirs(found))
        }
      }
    }
    for link in observed.links where link.isOwned && !wanted.contains(link.name) {
      // The other end of a replaced pair is lost with it.
      if let peer = link.veth?.peer, wanted.contains(peer), cascade.has(peer) { continue }
      steps.append(Step(Change(.delete, link, observed: link)))
    }
  }

  private func isReplaced(_ link: Link, _ found: Link) -> Bool {
    link.differences(from: found).contains { $0.mutability(link, found) == .replacing }
  }

  private func describe(_ value: Value?) -> String {
    value?.description ?? "something else"
  }

  private mutating func compareNexthops() {
    var present = Positions(observed.nexthops)
    var mine: [Nexthop] = []
    for nexthop in desired.nexthops {
      guard let position = present.position(of: nexthop.id),
        cascade.cause(of: observed.nexthops[position]) == nil
      else {
        mine.append(nexthop)
        continue
      }
      let found = observed.nexthops[position]
      if !nexthop.agrees(with: found), !nexthop.mayChange(found) {
        // FRR and others number from 1: changing this one would redirect their routes.
        refuse(nexthop, nexthop.isTheirs(found) + ", or take another id")
        continue
      }
      mine.append(nexthop)
      if found.isOwned, isReplaced(nexthop, found) {
        cascade.add(nexthop: found.number, because: found.number)
      }
    }
    let wanted = Set(desired.nexthops.map(\.id))
    for found in observed.nexthops where found.isOwned && !wanted.contains(found.id) {
      cascade.add(nexthop: found.number, because: found.number)
    }
    cascade.spread(over: observed.nexthops)
    let reduced =
      cascade.nexthops.isEmpty ? observed.nexthops : observed.nexthops.map(cascade.reduced)
    // Members come before their groups.
    if !refused.isEmpty { mine = mine.filter { $0.group == nil } + mine.filter { $0.group != nil } }
    compareKeepingReplaced(mine, reduced)
  }

  /// A nexthop that is replaced or deleted is lost to others, but not to itself.
  private mutating func compareKeepingReplaced(_ desired: [Nexthop], _ observed: [Nexthop]) {
    let all = cascade
    for (id, cause) in cascade.nexthops where cause == "nexthop \(id)" {
      cascade.remove(nexthop: id)
    }
    compare(desired, observed)
    cascade = all
  }

  private func isReplaced(_ nexthop: Nexthop, _ found: Nexthop) -> Bool {
    nexthop.differences(from: found).contains { $0.mutability(nexthop, found) == .replacing }
  }

  private mutating func compareTables() {
    let tables = Tables(from: observed, to: desired)
    steps += tables.steps
    conflicts += tables.conflicts
    leftAlone = tables.leftAlone
  }

  /// One conflict for all of IPVS: the kernel has none.
  private mutating func refuseIPVS() {
    let wanted = Kind.all.filter { $0.type.needsIPVS }.flatMap { desired.objects(of: $0) }
    guard let first = wanted.first else { return }
    refuse(
      first,
      "this kernel has no IPVS, which \(wanted.count) object\(wanted.count == 1 ? "" : "s") "
        + "need\(wanted.count == 1 ? "s" : ""): run `modprobe ip_vs` on the host, or take a kernel "
        + "that has it (CONFIG_IP_VS)")
  }

  private mutating func compareServices() {
    if let changed = changedServices() {
      for (service, present) in changed where !service.agrees(with: present) {
        change(service, from: present)
      }
      return
    }
    let claims = Set(desired.ipvsServices.lazy.filter { !$0.isAdopted }.map(\.claim))
    compare(
      desired.ipvsServices,
      observed.ipvsServices.map { service in
        var service = service
        guard !service.isOwned, claims.contains(service.claim) else { return service }
        service.isOwned = true
        service.isMadeByOthers = true
        return service
      })
  }

  /// The services that are wanted differently from when everything had converged; nil if that isn't
  /// known, or if one was added or removed. A signal seldom changes more than a few of a thousand
  /// services.
  private func changedServices() -> [(wanted: IPVSService, present: IPVSService)]? {
    guard let before = converged?.ipvsServices, before.count == desired.ipvsServices.count else {
      return nil
    }
    let changed = zip(before, desired.ipvsServices).filter { $0 != $1 }
    var pairs: [(wanted: IPVSService, present: IPVSService)] = []
    // Each of them is searched for among all.
    guard changed.count <= 64 else { return nil }
    for (old, new) in changed {
      guard old.match == new.match, old.isAdopted == new.isAdopted,
        let present = observed.ipvsServices.first(where: { $0.match == new.match })
      else { return nil }
      pairs.append((new, present))
    }
    return pairs
  }
}

extension Resource {
  /// Whether another route takes precedence and hides it: the kernel's own IPv4 route for an
  /// address returns once ours is gone.
  fileprivate var givesWay: Bool {
    guard let route = self as? Route else { return false }
    return route.protocol == .kernel && route.dst.family == .inet
  }

  /// Why an object that somebody else made isn't changed into this one.
  func isTheirs(_ present: Self) -> String {
    let properties = differences(from: present).map { property in
      "\(property.name) is \(property.effective(present)?.description ?? "not set")"
    }
    return "there is one that \(present.maker ?? "vpngw didn't make") "
      + (present.maker == nil ? "" : "made ")
      + "(\(properties.joined(separator: ", "))): state what "
      + "it is, or \"adopt\": true to have it changed"
  }
}

extension Requirement {
  var linkName: LinkName? { if case .link(let name) = self { name } else { nil } }
}
