public import Addressing

extension Prefix {
  /// What is left of the prefix without others, as few prefixes as possible, sorted.
  public func subtracting(_ others: [Prefix]) -> [Prefix] {
    let others = others.filter(overlaps)
    if others.isEmpty { return [self] }
    if others.contains(where: { $0.length <= length && $0.contains(address) }) { return [] }
    return halves.flatMap { $0.subtracting(others) }
  }

  /// The two prefixes that it consists of; itself if it is a single address.
  var halves: [Prefix] {
    guard length < family.width else { return [self] }
    let lower = Prefix(network.address, length: length + 1)!
    return [lower, Prefix(Prefix(lower.last).address.advanced(1), length: length + 1)!]
  }
}

extension NetworkDescription {
  /// A client's routes to the internet: everything but the intranet.
  public func clientRoutes(_ family: Family) -> [Prefix] {
    guard network.contains(where: { $0.family == family }) else { return [] }
    let all = Prefix.all(family)
    let routes = all.subtracting(intranet.filter { $0.family == family })
    // The pod has a default route already, by the cluster's own network: two halves go before it.
    return routes == [all] ? all.halves : routes
  }
}
