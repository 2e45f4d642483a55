import Model

extension Comparison {
  mutating func compareRoutes() {
    let start = steps.count
    compare(desired.routes, observed.routes)
    if start == steps.count, observed.routes.isEmpty { return }
    let shadows = shadows()
    // Only needed if there is anything to do: it takes a table of all routes.
    let changes = steps[start...].contains { $0.change.verb != .delete }
    var peers: [Route.ID.Key: [Route]] = [:]
    if changes {
      for route in observed.routes where route.dst.family == .inet6 {
        peers[route.id.key, default: []].append(route)
      }
      for id in observed.inexpressible.keys.compactMap({ $0.as(Route.self) })
      where id.dst.family == .inet6 {
        peers[id.key, default: []].append(Route(id.dst))
      }
    }
    for index in start..<steps.count {
      let change = steps[index].change
      guard change.verb != .delete, let route = change.object.as(Route.self) else { continue }
      if change.verb == .create {
        if peers[route.id.key] != nil { steps[index].change.isBeside = true }
      } else if let present = change.observed?.as(Route.self),
        shadows[route.id] != nil
          || peers[route.id.key]?.contains(where: { $0.isReplaced(for: present) }) ?? false
      {
        var change = Change(.replace, change.object, observed: change.observed)
        change.isBeside = shadows[route.id]?.protocol == .kernel
        steps[index] = Step(change, reason: "replaced: another route of its key is there")
      }
    }
    if shadows.isEmpty { return }
    for route in desired.routes {
      guard let other = shadows[route.id] else { continue }
      if other.protocol == .kernel {
        putFirst(route)
        continue
      }
      refuse(
        route,
        "the route is there, and no packet takes it: \(other.maker ?? "somebody") made one of the "
          + "same destination, metric and TOS, which stands before it and wins\(other.wayText). "
          + "vpngw doesn't delete it: do, or take a lower metric")
    }
  }

  /// The kernel's own route for an address has returned ahead of ours.
  private mutating func putFirst(_ route: Route) {
    guard let present = observed.routes.first(where: { $0.id == route.id && $0.isOwned }),
      !steps.contains(where: { $0.change.object.id == route.objectID })
    else { return }
    var change = Change(.replace, route, observed: present)
    change.isBeside = true
    steps.append(Step(change, reason: "replaced: the kernel's own stands before it"))
  }

  /// IPv4 routes of others that precede ours of the same key, by identity: the kernel uses the
  /// first.
  private func shadows() -> [Route.ID: Route] {
    var shadows: [Route.ID: Route] = [:]
    var first = 0
    for index in observed.routes.indices.dropFirst() {
      let route = observed.routes[index]
      guard route.dst.family == .inet, route.id == observed.routes[first].id else {
        first = index
        continue
      }
      if route.isOwned, !observed.routes[first].isOwned {
        shadows[route.id] = observed.routes[first]
      }
    }
    return shadows
  }
}

extension Route {
  /// Whether the kernel might replace this route in place of the other.
  fileprivate func isReplaced(for other: Route) -> Bool {
    self != other && isMultipathCapable == other.isMultipathCapable
  }

  /// ` (via 192.0.2.1 dev eth0)`.
  fileprivate var wayText: String {
    guard let hop else { return "" }
    let words = [hop.via.map { "via \($0)" }, hop.dev.map { "dev \($0)" }].compactMap(\.self)
    return words.isEmpty ? "" : " (\(words.joined(separator: " ")))"
  }
}
