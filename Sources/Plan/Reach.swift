import Model

/// The networks that this machine will be on, by its addresses and by its routes without a gateway:
/// the kernel accepts a gateway only within them, unless told `onlink`.
struct Reach {
  private struct Key: Hashable {
    let network: Prefix
    /// Nil: on any link.
    let dev: LinkName?
  }

  private var networks: Set<Key> = []
  private var lengths: Set<UInt8> = []
  private var own: Set<IPAddress> = []
  /// Addresses that another machine has too, each with the link on which that was detected.
  private(set) var duplicates: [IPAddress: LinkName] = [:]
  /// Addresses whose duplicate detection isn't over, each with its link.
  private(set) var tentative: [IPAddress: LinkName] = [:]
  private var ownNetworks: [Prefix] = []

  init() {}

  /// `isRefused` tells which addresses can't be made.
  init(
    from observed: NetworkState, to desired: NetworkState, _ cascade: Cascade,
    isRefused: (Address) -> Bool
  ) {
    let wanted = Set(desired.addresses.lazy.map(\.id))
    for address in desired.addresses where !isRefused(address) { add(address, stays: true) }
    // Removal comes after everything is made, and a route outlives its gateway's network.
    for address in observed.addresses where !cascade.has(address.link) {
      add(address, stays: !address.isOwned || wanted.contains(address.id))
    }
    let nexthops = Dictionary(
      (observed.nexthops + desired.nexthops).map { ($0.number, $0) },
      uniquingKeysWith: { _, last in last })
    for route in desired.routes { add(route) { nexthops[$0] } }
    for route in observed.routes { add(route) { nexthops[$0] } }
  }

  private mutating func add(_ prefix: Prefix, _ dev: LinkName?) {
    networks.insert(Key(network: prefix.network, dev: nil))
    if let dev { networks.insert(Key(network: prefix.network, dev: dev)) }
    lengths.insert(prefix.length)
  }

  private mutating func add(_ address: Address, stays: Bool) {
    add(address.peer ?? address.address, address.link)
    // Routes with this source go with the address (fib_sync_down_addr).
    guard stays else { return }
    let ip = address.address.address
    switch address.detection {
    case .failed: duplicates[ip] = address.link
    case .running:
      own.insert(ip)
      tentative[ip] = address.link
    case .over: own.insert(ip)
    }
  }

  private mutating func add(_ route: Route, nexthop: (UInt32) -> Nexthop?) {
    guard !route.type.isDiscarding else { return }
    if route.type == .local { ownNetworks.append(route.dst) }
    if let id = route.nhid {
      let members = nexthop(id)?.group?.members.map { nexthop($0.id) } ?? [nexthop(id)]
      for member in members where member?.via == nil { add(route.dst, member?.dev) }
      return
    }
    for hop in route.hop.map({ [$0] }) ?? route.hops where hop.via == nil {
      add(route.dst, hop.dev)
    }
  }

  /// Whether a gateway is on a network of `dev`, or of any link.
  func covers(_ gateway: IPAddress, dev: LinkName?) -> Bool {
    // For these the kernel only asks for a link.
    if gateway.isLinkLocal, gateway.family == .inet6 { return true }
    return lengths.contains { length in
      guard let network = Prefix(gateway, length: length)?.network else { return false }
      return networks.contains(Key(network: network, dev: dev))
    }
  }

  /// Whether the machine has the address, to be the source of what it sends.
  func has(_ address: IPAddress) -> Bool {
    address.isLoopback || own.contains(address)
      || ownNetworks.contains { $0.contains(address) }
  }

  /// The networks of a family on a link, or on all links, for messages.
  func networks(of dev: LinkName?, _ family: Family) -> [Prefix] {
    networks.filter { $0.dev == dev && $0.network.family == family && !$0.network.isDefault }
      .map(\.network).sorted()
  }
}
