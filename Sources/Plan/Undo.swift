public import Model

/// How to restore the state before a plan, however the plan went: computed before the plan is
/// carried out, and turned into steps if it must be undone.
public struct Undo: Sendable {
  /// The objects that the plan changes or deletes, and those lost with them, as they are now.
  private var before: NetworkState
  /// What the plan creates.
  private let made: [ObjectID: Object]

  public init(of plan: Plan, from observed: NetworkState) {
    let changes = plan.steps.map(\.change)
    let present = Set(changes.compactMap { $0.observed?.id })
    var cascade = Cascade()
    for change in changes where change.verb == .delete || change.verb == .replace {
      if let link = change.observed?.as(Link.self) { cascade.add([.link(link.name)]) }
      if let nexthop = change.observed?.as(Nexthop.self) { cascade.add(nexthop.provisions) }
    }
    for change in changes where change.verb == .update {
      if let link = change.object.as(Link.self), let present = change.observed?.as(Link.self) {
        cascade.add(present, becoming: link)
      }
    }
    cascade.spread(over: observed.links)
    cascade.spread(over: observed.nexthops)
    before = NetworkState()
    for object in observed.objects
    where present.contains(object.id) || cascade.takesAlong(object) {
      before.append(object.toRestore)
    }
    let kept = Set(before.objects.map(\.id))
    made = changes.reduce(into: [:]) { made, change in
      guard change.verb == .create, !kept.contains(change.object.id) else { return }
      made[change.object.id] = change.object
    }
  }

  /// The settings to read before `plan`.
  public var sysctls: [Sysctl.Key] { before.sysctls.map(\.key) }

  /// The tables to read before `plan`, besides ours.
  public var tables: [NftablesTable] { before.tables }

  /// The steps from whatever there is now; leaves alone what the plan didn't change.
  public func plan(from now: NetworkState) -> Plan {
    let concerned = Set(made.keys).union(before.objects.map(\.id))
    var reduced = NetworkState()
    reduced.nftablesGeneration = now.nftablesGeneration
    reduced.machineNames = now.machineNames
    var wanted = before
    // The kernel deletes a rule or a route only if the request states its protocol.
    var asPresent: [ObjectID: Object] = [:]
    for object in now.objects {
      if concerned.contains(object.id) {
        // The kernel's own route may be hidden by one that the plan made.
        let isMade = made[object.id].map { $0.resource.maker == object.resource.maker } ?? false
        reduced.append(isMade ? object.takenForOurs : object)
        if isMade { asPresent[object.id] = object }
      } else if object.kind.type.dependsOnAlikes {
        // How it is changed depends on others that are like it.
        reduced.append(object)
        wanted.append(object)
      }
    }
    var plan = Plan(from: reduced, to: wanted, isAllKnown: false)
    let deleted = Set(plan.steps.map(\.change).filter { $0.verb == .delete }.map(\.object.id))
    for index in plan.steps.indices where plan.steps[index].change.verb == .delete {
      guard let present = asPresent[plan.steps[index].change.object.id] else { continue }
      var deletion = Change(.delete, present, observed: present)
      deletion.table = plan.steps[index].change.table
      if let rule = present.as(Rule.self) {
        // Better keep a rule, and report it, than delete the wrong one.
        if now.partialRules.contains(where: { $0.rule.isTaken(for: rule) }) { continue }
        deletion.lookalikes = now.rules.prefix { $0.id != rule.id }
          .filter { !deleted.contains($0.objectID) && $0.isTaken(for: rule) }
      }
      plan.steps[index].change = deletion
    }
    return plan
  }
}

extension Cascade {
  fileprivate func takesAlong(_ object: Object) -> Bool {
    if let link = object.as(Link.self) { return has(link.name) }
    return cause(of: object.resource) != nil
  }
}
