extension IPVSService {
  /// The service with its destinations in these states; an unknown destination stays as `present`
  /// has it.
  ///
  /// A destination that is down has weight 0 until `isOver`; it is then removed, or stays so.
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

  /// The draining destinations, and how long each may take.
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
  /// For many lookups: a service has up to 65,536 destinations.
  public var destinationsByID: [IPVSDestination.ID: IPVSDestination] {
    Dictionary(destinations.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
  }
}

extension IPVSDestination {
  /// The same without new flows.
  public var drained: IPVSDestination {
    var drained = self
    drained.isDrained = true
    return drained
  }
}

extension Sequence<IPVSService> {
  /// Where several share a match, the first one, which is in force.
  public var byMatch: [IPVSService.Match: IPVSService] {
    Dictionary(map { ($0.match, $0) }, uniquingKeysWith: { first, _ in first })
  }
}
