extension IPVSService {
  /// With its destinations in these states; of what isn't known `present` tells.
  ///
  /// Who is down has weight 0 until `isOver`, and then goes, or stays so.
  func keeping(
    _ states: [Signal.State], present: IPVSService?, _ inhibit: Service.Inhibition,
    isOver: (Draining.ID) -> Bool
  ) -> IPVSService {
    var service = self
    let observed = present?.destinationsByID ?? [:]
    service.destinations = zip(destinations, states).compactMap { destination, state in
      let found = observed[destination.id]
      switch state {
      case .up: return destination
      case .down where inhibit == .forever: return destination.drained
      case .down:
        return found == nil || isOver(Draining.ID(match, destination.id))
          ? nil : destination.drained
      // Found at weight 0 it has failed, which somebody else has seen or we before a restart.
      case .unknown: return found.map { $0.weight == 0 ? destination.drained : destination }
      }
    }
    return service
  }

  /// What is on its way out, and how long that may take.
  func departures(
    _ states: [Signal.State], present: IPVSService?, _ inhibit: Service.Inhibition
  ) -> [Draining] {
    guard case .lasting(let grace) = inhibit, let present else { return [] }
    let down = Set(zip(destinations, states).filter { $0.1 == .down }.map(\.0.id))
    return present.destinations.filter { down.contains($0.id) }.map {
      Draining(id: .init(match, $0.id), grace: grace)
    }
  }
}

extension IPVSService {
  /// To look up many: a service has up to 65,536.
  var destinationsByID: [IPVSDestination.ID: IPVSDestination] {
    Dictionary(destinations.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
  }
}

extension IPVSDestination {
  /// Without new flows.
  var drained: IPVSDestination {
    var drained = self
    drained.isDrained = true
    return drained
  }
}
