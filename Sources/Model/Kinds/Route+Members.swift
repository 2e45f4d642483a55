// Members are the parts of an object that signals may decide about one by one: a route's hops and a
// group's nexthops. A service's destinations drain as well (IPVSService+Members).

extension Route {
  public func keeping(_ states: [Signal.State], present: Route?) -> Route? {
    var route = self
    route.replaceHops(kept(allHops, states) { present?.hop(leadingAs: $0) })
    return route.allHops.isEmpty ? nil : route
  }
}

extension Nexthop {
  public func keeping(_ states: [Signal.State], present: Nexthop?) -> Nexthop? {
    guard var group else { return self }
    group.members = kept(group.members, states) { member in
      present?.group?.members.first { $0.id == member.id }
    }
    var nexthop = self
    nexthop.target = .group(group)
    return group.members.isEmpty ? nil : nexthop
  }
}

private func kept<Member>(
  _ members: [Member], _ states: [Signal.State], present: (Member) -> Member?
) -> [Member] {
  zip(members, states).compactMap { member, state in
    switch state {
    case .up: member
    case .down: nil
    case .unknown: present(member)
    }
  }
}

extension Route {
  /// The route's hops, whether it has one or several.
  public var allHops: [Hop] { hop.map { [$0] } ?? hops }

  /// Replaces the hops; an unstated scope follows them.
  public mutating func replaceHops(_ new: [Hop]) {
    let isScopeUsual = scope == usualScope
    hop = new.count == 1 ? new[0] : nil
    // A single hop shares with nobody.
    hop?.weight = 1
    hops = new.count > 1 ? new : []
    if isScopeUsual { scope = usualScope }
  }

  private var usualScope: Scope {
    Self.defaultScope(
      dst.family, type, hasGateway: hop?.via != nil || !hops.isEmpty, isBare: hop == nil)
  }
}

extension Route {
  /// The hop with the same gateway and link, whatever its weight; without a stated link the kernel
  /// finds one.
  fileprivate func hop(leadingAs stated: Hop) -> Hop? {
    let found = allHops.first { hop in
      stated.via == hop.via && (stated.dev == hop.dev || stated.dev == nil && stated.via != nil)
    }
    // The weight of a single hop means nothing.
    return hops.isEmpty ? found.map { _ in stated } : found
  }
}
