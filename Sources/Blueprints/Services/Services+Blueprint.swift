public import Model

extension Services: Blueprint {
  public static let section = "services"

  public var parts: [BlueprintPart] {
    list.map { BlueprintPart("service \($0.name)", signals: $0.signals) }
  }

  public var derivedSignals: [DerivedSignal] {
    list.map { DerivedSignal($0.signal, .quorums($0.quorums), isImplied: true) }
  }

  public var claims: BlueprintClaims {
    var claims = BlueprintClaims()
    claims.sysctls = sysctls
    claims.tables = hasTable ? [Self.tableID] : []
    claims.needsIPVS = list.contains { $0.balancer == .ipvs }
    return claims
  }

  public func expanded(in context: BlueprintContext) -> NetworkState {
    let expansion = expanded(
      given: context.signals, keeping: context.observed.ipvsServices, context.observed.tables,
      isOver: context.isOver)
    var state = expansion.configuration
    if context.observed.lacksIPVS {
      // A kernel without IPVS lacks all of its settings too: one message is enough.
      let lacking = ipvsSettings
      state.sysctls.removeAll { lacking.contains($0.key) }
    }
    state.tables = [expansion.table].compactMap(\.self).map(NftablesTable.init)
    return state
  }

  public func drainings(
    given signals: [Signal: Signal.State], keeping observed: NetworkState
  ) -> [Draining] {
    drainings(given: signals, keeping: observed.ipvsServices)
  }

  /// Probes that together watch one protocol of a service share a name and the meaning of their
  /// loss.
  public var subjects: [Signal: SignalSubject] {
    var subjects: [Signal: SignalSubject] = [:]
    for service in list {
      // nil is for probes of marks.
      for `protocol` in IPVSProtocol.allCases + [nil] {
        let probes = service.probes.filter { $0.key.protocol == `protocol` }
        if probes.isEmpty { continue }
        let name = service.name + (`protocol`.map { " \($0.rawValue)" } ?? "")
        let hasPorts = Set(probes.keys.map(\.port)).count > 1
        let peers = Set(probes.values.map(\.signal))
        let loss = "no server of \(name) is alive (0 of \(peers.count))"
        for (place, probe) in probes {
          let server = "\(place.address)" + (hasPorts ? ".\(place.port)" : "")
          subjects[probe.signal] = SignalSubject(
            [.init("service", name), .init("server", server)], peers: peers, loss: loss)
        }
      }
    }
    return subjects
  }

  /// The flows through destination-NAT services that may continue.
  func flows(given signals: [Signal: Signal.State]) -> ServedFlows {
    var flows = ServedFlows(by: Self.tableID)
    for service in list where service.balancer == .nft {
      for match in service.matches {
        var servers: Set<ServedFlows.Server> = []
        var isServed = false
        for server in service.servers(of: match) {
          let state = service.condition(of: server, match)?.state(given: signals) ?? .up
          if state == .down { continue }
          servers.insert(.init(server.address, port: service.port(of: server, match)))
          if !server.isDrained, server.weight > 0 { isServed = true }
        }
        flows.add(match, to: servers, isServed: isServed)
      }
    }
    return flows
  }
}
