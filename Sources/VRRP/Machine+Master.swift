import Model

extension Machine {
  /// The first advertisement of a master.
  mutating func rule(_ now: Instant, _ step: inout Step) {
    step.advertisement = priority
    step.announces = true
    advertisesAt = now + interval
  }

  mutating func receive(
    _ advertisement: Advertisement, _ source: IPAddress, _ now: Instant, _ step: inout Step
  ) {
    guard router.families[source.family], source != primaries[source.family] else { return }
    switch state {
    case .initialize: break
    case .backup: receiveAsBackup(advertisement, source, now)
    case .master: receiveAsMaster(advertisement, source, now, &step)
    }
  }

  private mutating func receiveAsMaster(
    _ advertisement: Advertisement, _ source: IPAddress, _ now: Instant, _ step: inout Step
  ) {
    if let yields {
      if advertisement.priority > 0 { self.yields = min(yields, now + handOver) }
    } else if advertisement.priority == 0 {
      // Its followers should hear us before they take over.
      step.advertisement = priority
      advertisesAt = now + interval
    } else if isBeaten(by: advertisement, source, now) {
      become(.backup, .betterMaster, &step)
      follow(advertisement, source, now)
    } else if !isAsserted {
      // RFC 9568 section 6.4.3: assert ourselves, so that the other gives way and the switch learns
      // anew. Once in each interval: two that both consider themselves better would otherwise
      // answer each other at the speed of the link.
      isAsserted = true
      step.advertisement = priority
      step.announces = true
    }
  }

  private mutating func isBeaten(
    by advertisement: Advertisement, _ source: IPAddress, _ now: Instant
  ) -> Bool {
    if advertisement.priority != priority { return advertisement.priority > priority }
    let family = source.family
    if let own = primaries[family], source < own { return false }
    if family == .inet || !router.families.inet || primaries.inet == nil { return true }
    let masterDown = self.masterDown(advertisement.interval.nanoseconds)
    guard let contest, now.nanoseconds(since: contest.last) < masterDown else {
      self.contest = (now, now)
      return false
    }
    self.contest = (contest.since, now)
    return now.nanoseconds(since: contest.since) >= masterDown
  }

  mutating func elapse(_ now: Instant, _ step: inout Step) {
    switch state {
    case .initialize: break
    case .backup: elapseAsBackup(now, &step)
    case .master:
      if let yields {
        if yields <= now { leave(.yielded, &step) }
      } else if advertisesAt <= now {
        step.advertisement = priority
        isAsserted = false
        // Relative to the schedule, so that lateness doesn't accumulate; missed advertisements
        // aren't made up for.
        advertisesAt = advertisesAt + interval
        if advertisesAt <= now { advertisesAt = now + interval }
      }
    }
  }

  /// How long a master that yields stays after a peer's first advertisement, in nanoseconds: a peer
  /// advertises first, and then places the addresses.
  private var handOver: Int64 { min(interval / 4, 25_000_000) }

  /// Announces that we leave, and stays until a peer has taken over. A peer does so after its skew,
  /// which is less than an interval.
  mutating func yield(_ now: Instant, _ step: inout Step) {
    isStarted = false
    switch state {
    case .initialize: break
    case .backup: leave(.stopped, &step)
    case .master:
      guard yields == nil else { return }
      step.advertisement = 0
      yields = now + interval + interval / 4
    }
  }
}
