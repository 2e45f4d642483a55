// Members are parts of an object that signals may decide about one by one: a route's hops, a
// group's nexthops.
extension Object {
  /// The object with only some of its members; nil where none is left.
  func keeping(_ isKept: [Bool]) -> Object? {
    func kept<T>(_ members: [T]) -> [T] { zip(members, isKept).filter(\.1).map(\.0) }
    switch self {
    case .route(var route):
      route.replaceHops(kept(route.allHops))
      return route.allHops.isEmpty ? nil : .route(route)
    case .nexthop(var nexthop):
      guard var group = nexthop.group else { return self }
      group.members = kept(group.members)
      nexthop.target = .group(group)
      return group.members.isEmpty ? nil : .nexthop(nexthop)
    default:
      return self
    }
  }

  /// Whether the observed object has this one's member at a position.
  func hasMember(_ position: Int, in observed: Object) -> Bool {
    switch (self, observed) {
    case (.route(let route), .route(let observed)):
      let hop = route.allHops[position]
      return observed.allHops.contains { hop.leads(as: $0) }
    case (.nexthop(let nexthop), .nexthop(let observed)):
      let id = nexthop.group?.members[position].id
      return observed.group?.members.contains { $0.id == id } ?? false
    default:
      return false
    }
  }
}

extension Route {
  /// Whether it is one or several.
  var allHops: [Hop] { hop.map { [$0] } ?? hops }

  /// Takes other hops; an unstated scope follows them.
  public mutating func replaceHops(_ new: [Hop]) {
    let isScopeUsual = scope == usualScope
    hop = new.count == 1 ? new[0] : nil
    // A single hop has nothing to share with.
    hop?.weight = 1
    hops = new.count > 1 ? new : []
    if isScopeUsual { scope = usualScope }
  }

  private var usualScope: Scope {
    Self.defaultScope(
      dst.family, type, hasGateway: hop?.via != nil || !hops.isEmpty, isBare: hop == nil)
  }
}

extension Route.Hop {
  /// By the same gateway and link, whatever the weight; without a stated device the kernel finds one.
  fileprivate func leads(as observed: Route.Hop) -> Bool {
    via == observed.via && (dev == observed.dev || dev == nil && via != nil)
  }
}
