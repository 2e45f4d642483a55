public import Model

extension Gateway: Blueprint {
  public static let section = "gateway"
  public static let countsDrops = true

  public var probes: [Probe] { [] }

  public var readSignals: Set<Signal> {
    forwards.reduce(into: []) { signals, forward in
      if case .read(let signal) = forward.ports { signals.insert(signal) }
    }
  }

  public var parts: [BlueprintPart] {
    readSignals.sorted().map { BlueprintPart("the ports that \($0) reads", signals: [$0]) }
  }

  public var claims: BlueprintClaims {
    var claims = BlueprintClaims()
    claims.sysctls = sysctls
    claims.tables = [Self.tableID]
    claims.routingTables = [numbers.table]
    claims.rules = rules
    claims.priorities = priorities
    claims.links = [.init("link", [link]), .init("tunnel", [tunnel])]
    return claims
  }

  public mutating func learn(wireGuards: [WireGuard]) {
    let own = wireGuards.filter { $0.link == tunnel }
    handshakes = Set(own.flatMap { device in device.peers.map(device.signal) })
  }

  /// The tunnel's link runs, something got through, and if WireGuard is ours, a session lives.
  public var healthCondition: Condition? {
    let session =
      handshakes.isEmpty ? [] : [Condition.any(handshakes.sorted().map(Condition.signal))]
    return .all([.signal(Signal(.link, tunnel.text)), health] + session)
  }

  public func owns(_ object: Object) -> Bool {
    object.as(Route.self)?.table.number == numbers.table
      || object.id == ObjectID(NftablesTable.self, Self.tableID)
  }

  public func expanded(in context: BlueprintContext) -> NetworkState {
    let isMade = context.stated.links.contains { $0.name == tunnel && $0.isOurs }
    let present = context.observed.links.first { $0.name == tunnel }
    var state = NetworkState()
    state.sysctls = sysctls
    if !isMade, present == nil { state.sysctls.removeAll { $0.key.link == tunnel } }
    state.routes = routes(hasTunnel: isMade || present.map { $0.isUp != false } ?? false)
    state.routes += onLinkRoutes(beside: context.stated.routes)
    let addresses = tunnelAddresses(context.stated.addresses, context.observed.addresses)
    state.rules = rules + rules(from: addresses)
    // gluetun leaves its rule behind when it is killed, and doesn't start while there is one. It
    // makes the rule last of all, after the link.
    if !isMade, present == nil, !context.stated.rules.contains(where: Self.leftover.matches) {
      state.absentRules = [Self.leftover]
    }
    let stated = context.stated.links.first { $0.name == tunnel }?.mtu
    let table = table(
      mtu: mtu ?? stated ?? present?.mtu, tunnelAddresses: addresses,
      ports: forwardedPorts(context.readings, keeping: context.observed.tables))
    state.tables = [NftablesTable(table)]
    return state
  }

  /// `ip rule del table 51820`
  private static var leftover: RulePattern {
    var pattern = RulePattern()
    pattern.action = .lookup(RouteTable(51_820))
    return pattern
  }

  // MARK: - Statements

  public var counters: DropCounters? {
    DropCounters(
      table: Self.tableID, reasons: drops.map { .init($0.rawValue, meaning: $0.meaning) })
  }

  /// They may ask how it is, and nothing else.
  public func untrusted(in wanted: NetworkState) -> [Prefix] { egress.from }
}
