public import Model

/// Links beside the VPN network's. Neither lock checks what arrives there, unless `strict` closes
/// them.
extension Gateways {
  /// Links that are up and whose packets the router forwards.
  public func unguarded(in observed: NetworkState) -> [LinkName] {
    if isStrict { return [] }
    return others(among: observed.links.filter { $0.isUp != false }).map(\.name)
  }

  /// Finds what `strict` has to close: the links that the file wants, and those that other programs
  /// made.
  mutating func close(_ wanted: [Link], _ observed: [Link]) {
    guard isStrict else { return }
    otherLinks = others(among: wanted + observed.filter { !$0.isOwned }).map(\.name)
  }

  private func others(among links: [Link]) -> [Link] {
    let vrfs = Set(
      links.lazy.filter { if case .vrf = $0.device { true } else { false } }.map(\.name))
    var names: Set<LinkName> = [.loopback]
    names.formUnion(self.links)
    return links.filter { link in
      // A bridge's port hands its packets to the bridge.
      let isPort = link.master.map { !vrfs.contains($0) } ?? false
      return !isPort && names.insert(link.name).inserted
    }.sorted { $0.name < $1.name }
  }
}
