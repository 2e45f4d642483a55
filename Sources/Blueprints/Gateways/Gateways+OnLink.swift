public import Model

/// The routing table of what is on the VPN network's links. Unmarked packets from a link are looked
/// up here and nowhere else. Each of its routes uses one of the links, so none leads out, whatever
/// main contains.
extension Gateways {
  public struct Network: Hashable, Sendable {
    public var prefix: Prefix
    public var link: LinkName

    public init(_ prefix: Prefix, link: LinkName) {
      self.prefix = prefix
      self.link = link
    }

    /// Nil if the address tells nothing about its neighbors: IPv4's /32, IPv6's /128, and
    /// link-local addresses, which aren't forwarded.
    public init?(of address: Address) {
      let prefix = (address.peer ?? address.address).network
      if prefix.isHost && address.peer == nil || prefix.length == 0
        || Self.linkLocal.contains(prefix.address)
      {
        return nil
      }
      self.init(prefix, link: address.link)
    }

    static let linkLocal = Prefix("fe80::/10")!
  }

  /// Learns the links' networks from addresses, both declared ones and those that other programs
  /// made.
  public mutating func learn(_ addresses: some Sequence<Address>) {
    for address in addresses where links.contains(address.link) {
      guard let network = Network(of: address), !networks.contains(network) else { continue }
      networks.append(network)
    }
  }

  /// The VPN network, as these expanded objects have it.
  public func prefixes(in configuration: NetworkState) -> [Prefix] {
    configuration.routes.filter { $0.table.number == onLinkTable }.map(\.dst)
  }

  /// Takes in the addresses that the file declares.
  public mutating func declare(_ addresses: [Address]) {
    let own = addresses.filter { links.contains($0.link) }
    ownAddresses = Set(own.map(\.address.address))
    learn(own)
  }

  /// `stated` are the file's own routes: those of main that use the links are copied here. Anything
  /// else in the VPN network by the file, but in no known network, is on the gateways' link.
  func onLinkRoutes(_ stated: [Route]) -> [Route] {
    var routes: [Route] = []
    func add(_ route: Route) {
      var route = route
      route.table = RouteTable(onLinkTable)
      routes.append(route)
    }
    for route in stated { onLink(route).map(add) }
    // If two links have one network, the gateways' link wins.
    for link in links {
      for network in networks
      where network.link == link && !routes.contains(where: { $0.dst == network.prefix }) {
        add(Route(network.prefix, hop: Route.Hop(dev: link)))
      }
    }
    for group in groups {
      let hosts = group.members.flatMap { $0.addresses + $0.vips } + servers.sorted()
      for prefix in group.egress.from + hosts.map({ Prefix($0) }) {
        if routes.contains(where: { $0.dst.covers(prefix) }) { continue }
        add(Route(prefix, hop: Route.Hop(dev: group.link)))
      }
    }
    return routes.sorted { $0.id < $1.id }
  }

  /// A route of main that leads to the links only; a hop without a device uses the link of its
  /// gateway's network.
  private func onLink(_ route: Route) -> Route? {
    guard route.table == .main, route.type == .unicast, route.dst.length > 0 else { return nil }
    var route = route
    for index in route.hops.indices { place(&route.hops[index]) }
    if var hop = route.hop {
      place(&hop)
      route.hop = hop
    }
    let hops = route.allHops
    let isInside = hops.allSatisfy { $0.dev.map(links.contains) ?? false }
    return isInside && !hops.isEmpty ? route : nil
  }

  private func place(_ hop: inout Route.Hop) {
    guard hop.dev == nil, let via = hop.via else { return }
    hop.dev = networks.first { $0.prefix.contains(via) }?.link
  }
}

extension Prefix {
  fileprivate func covers(_ other: Prefix) -> Bool {
    length <= other.length && contains(other.address)
  }
}
