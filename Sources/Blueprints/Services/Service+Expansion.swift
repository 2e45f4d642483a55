public import Model

extension Service {
  /// The IPVS services that it expands to.
  ///
  /// A server is up or down as its signal says; an unknown server stays as it is in `present`. A
  /// server that leaves has weight 0 until `isOver` says that its time is over; by default it is
  /// removed at once.
  public func expanded(
    given signals: [Signal: Signal.State],
    keeping present: [IPVSService.Match: IPVSService] = [:],
    isOver: (Draining.ID) -> Bool = { _ in true }
  ) -> [IPVSService] {
    guard balancer == .ipvs else { return [] }
    return matches.map { match in
      var service = IPVSService(match, scheduler: scheduler)
      service.flags = flags
      service.persistence = persistence
      service.destinations = members(of: match, signals, present[match]).compactMap {
        $0.kept(of: match, isOver: isOver)
      }
      return service
    }
  }

  /// The destinations that drain, and how long each may take.
  public func drainings(
    given signals: [Signal: Signal.State], keeping present: [IPVSService.Match: IPVSService]
  ) -> [Draining] {
    guard balancer == .ipvs else { return [] }
    return matches.flatMap { match in
      members(of: match, signals, present[match]).compactMap { $0.draining(of: match) }
    }
  }

  /// Services without a live server.
  public func isUnserved(
    _ match: IPVSService.Match, given signals: [Signal: Signal.State],
    keeping observed: IPVSService? = nil
  ) -> Bool {
    !members(of: match, signals, observed).contains {
      $0.inhibition == nil && $0.destination.effectiveWeight > 0
    }
  }

  /// Every destination that the kernel has or should have.
  private func members(
    of match: IPVSService.Match, _ signals: [Signal: Signal.State], _ observed: IPVSService?
  ) -> [IPVSMember] {
    let present = observed?.destinations ?? []
    let byID = observed?.destinationsByID ?? [:]
    var members = servers(of: match).compactMap { server -> IPVSMember? in
      let destination = destination(server, match)
      let state = condition(of: server, match)?.state(given: signals) ?? .up
      return IPVSMember(destination, state, found: byID[destination.id], inhibit)
    }
    if let sorry {
      let destination = destination(sorry, match)
      let found = byID[destination.id]
      let isLost = isQuorumLost(members, was: found.map { $0.weight > 0 } ?? false)
      if isLost {
        for index in members.indices where members[index].inhibition == nil {
          members[index].destination = members[index].destination.drained
        }
      }
      if isLost || found != nil {
        members.append(
          IPVSMember(
            destination, leaving: isLost ? nil : .lasting(drain), isPresent: found != nil))
      }
    }
    let wanted = Set(members.map(\.destination.id))
    members += present.filter { !wanted.contains($0.id) }.map {
      IPVSMember($0, leaving: .lasting(drain), isPresent: true)
    }
    return members
  }

  /// keepalived's rule: quorum is lost below `quorum - hysteresis`, regained at `quorum +
  /// hysteresis`.
  private func isQuorumLost(_ members: [IPVSMember], was isLost: Bool) -> Bool {
    let alive = members.filter { $0.inhibition == nil }.reduce(UInt64(0)) {
      $0 + UInt64($1.destination.effectiveWeight)
    }
    if alive == 0 { return true }
    let (quorum, hysteresis) = (UInt64(quorum), UInt64(hysteresis))
    return isLost ? alive < quorum + hysteresis : alive + hysteresis < quorum
  }

  private func destination(_ server: Server, _ match: IPVSService.Match) -> IPVSDestination {
    var destination = IPVSDestination(
      server.address, port: port(of: server, match), forwarding: forwarding,
      weight: server.weight)
    destination.upperThreshold = server.upperThreshold
    destination.lowerThreshold = server.lowerThreshold
    destination.isDrained = server.isDrained
    return destination
  }
}
