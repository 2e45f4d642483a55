internal import Model

/// The keys of an object that leads somewhere by a gateway, a link, or both.
protocol NextHopKey: ObjectKey {
  static var via: Self { get }
  static var dev: Self { get }
  static var onlink: Self { get }
}

extension RouteKey: NextHopKey {}
extension HopKey: NextHopKey {}
extension NexthopKey: NextHopKey {}

extension ObjectReader where Key: NextHopKey {
  /// The hop that the keys `via`, `dev` and `onlink` state.
  mutating func nextHop() -> Route.Hop {
    var hop = Route.Hop(via: optional(.via, .address), dev: optional(.dev, .link))
    hop.isOnlink = optional(.onlink, .bool) ?? false
    if has(.onlink), !(has(.via) && has(.dev)) {
      refuse(.onlink, "\"onlink\" needs both \"via\" and \"dev\"")
    }
    if let via = hop.via {
      if via.isUnspecified || via.isMulticast || via.isLoopback {
        report(.via, "\"\(via)\" is \(via.nature), which no gateway has")
      } else if via.isLinkLocal, via.family == .inet6, !has(.dev) {
        report("this \(noun) needs \"dev\": \"\(via)\" is an address of some link", blaming: .dev)
      }
    }
    return hop
  }
}
