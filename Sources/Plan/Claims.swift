import Model

/// Others' uses of the routing tables that a blueprint fills: a rule of theirs would send their
/// packets along our routes, and a route of theirs would carry our packets.
struct Claims {
  /// What is in the way, by table.
  private(set) var intruders: [RouteTable: [String]] = [:]

  init(observed: NetworkState, desired: NetworkState) {
    let claimed = desired.claimedTables
    if claimed.isEmpty { return }
    let rules = Set(desired.rules.map(\.id))
    for rule in observed.rules where !rule.isOwned && !rules.contains(rule.id) {
      guard let table = rule.routeTable, claimed.contains(table),
        !desired.absentRules.contains(where: { $0.matches(rule) })
      else { continue }
      add("rule \(rule.id)", table)
    }
    for partial in observed.partialRules {
      guard let table = partial.rule.routeTable, claimed.contains(table) else { continue }
      add("rule \(partial.rule.id) and more that vpngw can't read", table)
    }
    let routes = Set(desired.routes.lazy.filter { claimed.contains($0.table) }.map(\.id))
    for route in observed.routes
    where claimed.contains(route.table) && !route.isOwned && !routes.contains(route.id) {
      add("route \(route.id)", route.table)
    }
    for id in observed.inexpressible.keys.compactMap({ $0.as(Route.self) }).sorted()
    where claimed.contains(id.table) && !routes.contains(id) {
      add("route \(id)", id.table)
    }
    for link in observed.links where !link.isOwned {
      guard let table = link.vrf?.table, claimed.contains(table) else { continue }
      add("vrf \(link.name)", table)
    }
  }

  private mutating func add(_ intruder: String, _ table: RouteTable) {
    intruders[table, default: []].append(intruder)
  }

  func reason(_ table: RouteTable) -> String? {
    guard let others = intruders[table] else { return nil }
    let more = others.count > 3 ? " and \(others.count - 3) more" : ""
    return "somebody else uses routing table \(table) (\(others.prefix(3).joined(separator: "; "))"
      + "\(more)), so that packets would take routes that aren't meant for them: state another "
      + "\"table\", or remove what is theirs"
  }
}

extension Comparison {
  /// Refuses to make anything in a table that somebody else uses, and anything that leads there.
  /// What exists already stays, since others' packets use it already.
  mutating func refuse(_ claims: Claims, from start: Int) {
    if claims.intruders.isEmpty { return }
    var refused: Set<RouteTable> = []
    func reason(_ object: Object) -> String? { object.resource.routeTable.flatMap(claims.reason) }
    let others = steps[start...].filter { step in
      guard step.change.verb != .delete, let reason = reason(step.change.object) else {
        return true
      }
      refuse(step.change.object, reason)
      refused.insert(step.change.object.resource.routeTable!)
      return false
    }
    steps.replaceSubrange(start..., with: others)
    // A conflict must be reported even if there is nothing left to do in the table.
    for object in desired.objects(of: Rule.kind) + desired.objects(of: Route.kind) {
      guard let table = object.resource.routeTable, let reason = claims.reason(table),
        refused.insert(table).inserted
      else { continue }
      refuse(object, reason)
    }
  }
}
