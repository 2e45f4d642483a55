public import Model

extension Gateways: Blueprint {
  public static let section = "gateways"
  public static let countsDrops = true

  public var probes: [Probe] { members.flatMap(\.askableProbes) }

  public var parts: [BlueprintPart] {
    members.map { BlueprintPart("gateway \($0.name)", when: $0.condition) }
  }

  /// A member's only probe tells all there is to tell about it.
  public var derivedSignals: [DerivedSignal] {
    members.map {
      DerivedSignal($0.signal, .condition($0.condition), isImplied: $0.onlySignal != nil)
    }
  }

  public var claims: BlueprintClaims {
    var claims = BlueprintClaims()
    claims.sysctls = sysctls
    claims.tables = tableIDs
    claims.routingTables = Set(tables + [onLinkTable])
    claims.rules = rules
    claims.priorities = priorities
    claims.marks = reservedMarks
    claims.links = groups.enumerated().flatMap { index, group -> [BlueprintClaims.LinksOfKey] in
      let index = group.name == nil ? nil : index
      return [
        .init("link", of: index, [group.link]),
        .init("client_links", of: index, group.clientLinks),
      ]
    }
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

  public var needsSurroundings: Bool { members.contains { $0.host != nil } }

  public func completed(by surroundings: some Surroundings) -> Gateways {
    var gateways = self
    for (index, group) in groups.enumerated() {
      let families = group.fromFamilies
      for position in group.members.indices {
        gateways.groups[index].members[position].resolve(families, by: surroundings)
      }
    }
    return gateways
  }

  public func deadHosts(given signals: [Signal: Signal.State]) -> Set<String> {
    Set(members.filter { $0.state(given: signals) == .down }.compactMap(\.host))
  }

  public func expanded(in context: BlueprintContext) -> NetworkState {
    var gateways = self
    gateways.keepHosts(as: context.observed.routes)
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

  /// Takes the addresses of hosts that nobody has resolved yet, as after a restart, from the routes that
  /// lead to them.
  private mutating func keepHosts(as routes: [Route]) {
    let unresolved = groups.indices.flatMap { index in
      groups[index].members.indices.filter { groups[index].members[$0].isUnresolved }
        .map { (group: index, position: $0) }
    }
    if unresolved.isEmpty { return }
    for (index, position) in unresolved {
      let table = groups[index].tables[position]
      groups[index].members[position].addresses = groups[index].fromFamilies.compactMap { family in
        routes.first {
          $0.table.number == table && $0.isOwned && $0.dst == .all(family) && $0.hop?.via != nil
        }?.hop?.via
      }
    }
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
    let pairs = groups.flatMap { group in
      group.members.map { member in
        let signal = member.onlySignal ?? member.signal
        let name = member.addresses.first?.description ?? member.host ?? member.name
        let words =
          [SignalSubject.Word("gateway", name)] + (group.name.map { [.init("group", $0)] } ?? [])
        return (signal, SignalSubject(words, peers: [signal]))
      }
    }
    return Dictionary(pairs) { first, _ in first }
  }

  public func availabilities(
    in wanted: NetworkState, given signals: [Signal: Signal.State]
  ) -> [Availability] {
    zip(groups, leading(in: wanted.tables)).map { group, leading in
      // A gateway in an unknown state isn't dead: at startup all are unknown.
      let isClosed =
        leading.isEmpty && group.members.allSatisfy { $0.state(given: signals) != .unknown }
      return Availability(
        name: "egress", group: group.name, noun: Self.section, leading: leading,
        count: group.members.count, isClosed: isClosed,
        reason: "no gateway is alive: egress is closed")
    }
  }

  public var counters: DropCounters? { DropCounters(table: Self.tableID, reasons: dropReasons) }

  public func untrusted(in wanted: NetworkState) -> [Prefix] { prefixes(in: wanted) }
}
