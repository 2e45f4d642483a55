extension Service {
  /// What the kernel shall have of it.
  ///
  /// A server is up or down as its signal says, and what isn't known is left as it is `present`.
  /// One that goes stays at weight 0 until `isOver` says that its time is; whoever keeps no time
  /// leaves that out, and has it removed at once.
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
      service.destinations = roll(match, signals, present[match]).compactMap { entry in
        guard let grace = entry.grace else { return entry.destination }
        guard entry.isPresent || grace == .forever else { return nil }
        let id = Draining.ID(match, entry.destination.id)
        return grace != .forever && isOver(id) ? nil : entry.destination.drained
      }
      return service
    }
  }

  /// What is on its way out, and how long that may take.
  public func departures(
    given signals: [Signal: Signal.State], keeping present: [IPVSService.Match: IPVSService]
  ) -> [Draining] {
    guard balancer == .ipvs else { return [] }
    return matches.flatMap { match in
      roll(match, signals, present[match]).compactMap { entry in
        guard entry.isPresent, case .lasting(let grace) = entry.grace else { return nil }
        return Draining(id: .init(match, entry.destination.id), grace: grace)
      }
    }
  }

  /// Those with nobody to send to.
  public func isForsaken(
    _ match: IPVSService.Match, given signals: [Signal: Signal.State],
    keeping observed: IPVSService? = nil
  ) -> Bool {
    !roll(match, signals, observed).contains {
      $0.grace == nil && $0.destination.effectiveWeight > 0
    }
  }

  /// A destination, and whether it is to go.
  private struct Entry {
    var destination: IPVSDestination
    /// Nil: it stays.
    var grace: Inhibition?
    /// Whether the kernel has it.
    var isPresent: Bool
  }

  /// Every destination that the kernel has or should have.
  private func roll(
    _ match: IPVSService.Match, _ signals: [Signal: Signal.State], _ observed: IPVSService?
  ) -> [Entry] {
    let present = observed?.destinations ?? []
    let byID = observed?.destinationsByID ?? [:]
    func found(_ wanted: IPVSDestination) -> IPVSDestination? { byID[wanted.id] }
    var entries = servers(of: match).compactMap { server -> Entry? in
      let destination = destination(server, match)
      let found = found(destination)
      var entry = Entry(destination: destination, grace: nil, isPresent: found != nil)
      switch condition(of: server, match)?.state(given: signals) ?? .up {
      case .up: break
      case .down: entry.grace = inhibit
      case .unknown:
        guard let found else { return nil }
        // Found at weight 0 it has failed, which somebody else has seen or we before a restart.
        if found.weight == 0 { entry.destination = destination.drained }
      }
      return entry
    }
    if let sorry {
      let destination = destination(sorry, match)
      let found = found(destination)
      let isLost = isQuorumLost(entries, was: found.map { $0.weight > 0 } ?? false)
      if isLost {
        for index in entries.indices where entries[index].grace == nil {
          entries[index].destination = entries[index].destination.drained
        }
      }
      if isLost || found != nil {
        entries.append(
          Entry(
            destination: destination, grace: isLost ? nil : .lasting(drain),
            isPresent: found != nil))
      }
    }
    let wanted = Set(entries.map(\.destination.id))
    entries += present.filter { !wanted.contains($0.id) }.map {
      Entry(destination: $0, grace: .lasting(drain), isPresent: true)
    }
    return entries
  }

  /// As keepalived has it: less than the quorum by more than the hysteresis is too little, and then
  /// it takes as much above it to be enough.
  private func isQuorumLost(_ entries: [Entry], was isLost: Bool) -> Bool {
    let alive = entries.filter { $0.grace == nil }.reduce(UInt64(0)) {
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
