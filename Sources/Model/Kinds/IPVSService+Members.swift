extension IPVSService {
  /// With its destinations in these states; of what isn't known `present` tells.
  ///
  /// Who is down has weight 0 until `isOver`, and then goes, or stays so.
  func keeping(
    _ states: [Signal.State], present: IPVSService?, _ inhibit: Inhibition,
    isOver: (Draining.ID) -> Bool
  ) -> IPVSService {
    var service = self
    service.destinations = members(states, present, inhibit).compactMap {
      $0.kept(of: match, isOver: isOver)
    }
    return service
  }

  /// The destinations that drain, and how long each may take.
  func drainings(
    _ states: [Signal.State], present: IPVSService?, _ inhibit: Inhibition
  ) -> [Draining] {
    members(states, present, inhibit).compactMap { $0.draining(of: match) }
  }

  private func members(
    _ states: [Signal.State], _ present: IPVSService?, _ inhibit: Inhibition
  ) -> [IPVSMember] {
    let observed = present?.destinationsByID ?? [:]
    return zip(destinations, states).compactMap { destination, state in
      IPVSMember(destination, state, found: observed[destination.id], inhibit)
    }
  }
}

extension IPVSService {
  /// To look up many: a service has up to 65,536.
  public var destinationsByID: [IPVSDestination.ID: IPVSDestination] {
    Dictionary(destinations.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
  }
}

extension IPVSDestination {
  /// Without new flows.
  public var drained: IPVSDestination {
    var drained = self
    drained.isDrained = true
    return drained
  }
}

extension Sequence<IPVSService> {
  /// Of several the first, which is the one in force.
  public var byMatch: [IPVSService.Match: IPVSService] {
    Dictionary(map { ($0.match, $0) }, uniquingKeysWith: { first, _ in first })
  }
}
