public import Model

extension Gateways: Blueprint {
  public static let section = "gateways"
  public static let countsDrops = true

  public var parts: [BlueprintPart] {
    members.map { BlueprintPart("gateway \($0.name)", signals: [$0.signal]) }
  }

  public var claims: BlueprintClaims {
    var claims = BlueprintClaims()
    claims.sysctls = sysctls
    claims.tables = tableIDs
    claims.routingTables = Set(tables + [onLinkTable])
    claims.rules = rules
    claims.priorities = priorities
    claims.marks = reservedMarks
    claims.links = [.init("link", [link]), .init("client_links", clientLinks)]
    return claims
  }

  public mutating func learn(addresses: [Address], others: [any Blueprint]) {
    if let services = others[Services.self] {
      served = services.served(behind: Set(members.flatMap(\.vips)))
      servers = services.servers
    }
    // Regardless of their conditions: the network of an address that is absent for a while stays
    // known.
    declare(addresses)
  }

  public func expanded(in context: BlueprintContext) -> NetworkState {
    var gateways = self
    // Our own addresses are declared already, or about to be removed.
    gateways.learn(context.observed.addresses.filter { !$0.isOwned })
    gateways.close(context.stated.links, context.observed.links)
    let expansion = gateways.expanded(
      given: context.signals, keeping: context.observed.tables, beside: context.stated.routes)
    var state = expansion.configuration
    let lacking = lacking(in: context.observed)
    state.sysctls.removeAll { lacking.contains($0.key) }
    state.tables = expansion.tables.map(NftablesTable.init)
    return state
  }

  // MARK: - Statements

  public func notes(in observed: NetworkState) -> [Trouble] {
    let settings = lacking(in: observed).map { key in
      Trouble(
        object: "sysctl \(key)",
        reason: "this kernel has no such setting (Linux 6.11 has): two routers spread the same "
          + "flows differently")
    }
    let unguarded = unguarded(in: observed).map(\.text)
    if unguarded.isEmpty { return settings }
    let shown = 6
    let names =
      unguarded.prefix(shown).joined(separator: ", ") + (unguarded.count > shown ? ", ..." : "")
    return settings + [
      Trouble(
        object: Self.section,
        reason: "the router also forwards what comes in by other links, where no lock holds it: "
          + "\(names); \"strict\": true closes that")
    ]
  }

  /// Clients whom the file leads to no gateway, though it seems to.
  public func mistakes(in file: DesiredState) -> [Trouble] {
    let conditional = file.conditional.compactMap { $0.object.as(Address.self) }
    return unled(file.unconditional.addresses + conditional).map { address in
      Trouble(
        object: Self.section,
        reason: "clients of \(address.address.network) by \(address.link) reach no gateway: "
          + "\"from\" has their network, and \"client_links\" lacks \"\(address.link)\"")
    }
  }

  public var subjects: [Signal: SignalSubject] {
    let pairs = members.compactMap { member in
      member.addresses.first.map { address in
        (
          member.signal,
          SignalSubject([.init("gateway", address.description)], peers: [member.signal])
        )
      }
    }
    return Dictionary(pairs) { first, _ in first }
  }

  public func availability(
    in wanted: NetworkState, given signals: [Signal: Signal.State]
  ) -> Availability? {
    let leading = leading(inUse(by: wanted.tables))
    // A gateway in an unknown state isn't dead: at startup all are unknown.
    let isClosed =
      leading.isEmpty && members.allSatisfy { signals[$0.signal] ?? .unknown != .unknown }
    return Availability(
      name: "egress", noun: Self.section, leading: leading, count: members.count,
      isClosed: isClosed, reason: "no gateway is alive: egress is closed")
  }

  public var counters: DropCounters? {
    DropCounters(
      table: Self.tableID, reasons: drops.map { .init($0.rawValue, meaning: $0.meaning) })
  }

  public func untrusted(in wanted: NetworkState) -> [Prefix] { prefixes(in: wanted) }
}
