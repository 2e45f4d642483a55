import Model

extension Machine {
  /// Active_Down_Interval after an advertisement of that interval.
  func masterDown(_ interval: Int64) -> Int64 { 3 * interval + skew(interval) }

  /// Skew_Time: routers of higher priority wait less. In version 2 it is a fraction of a second.
  ///
  /// By the RFC, backups of equal priority become master at the same instant. Here each waits a
  /// little less, by its address: less than half the step between two priorities, so that the order
  /// of priorities and the RFC's bound hold. The first one stays master, since the others hear it.
  func skew(_ interval: Int64) -> Int64 {
    let unit = router.version == .v2 ? 1_000_000_000 : interval
    return (256 - Int64(priority)) * unit / 256 - unit / 512 * head / 256
  }

  /// 0 to 255: the last byte of our address with its bits reversed, so that neighboring addresses
  /// are far apart.
  static func head(_ primaries: PerFamily<IPAddress?>) -> Int64 {
    guard let address = primaries.inet ?? primaries.inet6 else { return 0 }
    var (byte, reversed) = (address.v6.low & 255, UInt64(0))
    for _ in 0..<8 {
      reversed = reversed << 1 | byte & 1
      byte >>= 1
    }
    return Int64(reversed)
  }

  /// When the last master, in either family, will no longer count as heard.
  var masterDown: Instant {
    let latest = max(
      heard.inet?.until ?? Instant(nanoseconds: .min),
      heard.inet6?.until ?? Instant(nanoseconds: .min))
    if latest.nanoseconds != .min { return latest }
    return listensUntil ?? Instant(nanoseconds: .max)
  }

  mutating func listen(_ now: Instant) { listensUntil = now + masterDown(interval) }

  mutating func receiveAsBackup(
    _ advertisement: Advertisement, _ source: IPAddress, _ now: Instant
  ) {
    if advertisement.priority == 0 {
      farewell(source, advertisement, now)
    } else if advertisement.priority >= priority {
      preemptsAt = nil
      wants = nil
      follow(advertisement, source, now)
    } else if !router.preempt && priority != VirtualRouter.owner {
      wants = nil
      follow(advertisement, source, now)
    } else if wantsMaster {
      // As before: better than this one, and the group isn't ready.
    } else if preemptDelay > 0, priority != VirtualRouter.owner, !hasBetter(now) {
      // Followed until the preemption delay is over; then its deadline takes effect.
      if preemptsAt == nil { preemptsAt = now + preemptDelay }
      follow(advertisement, source, now)
    }
    // Otherwise discarded: unless a better master speaks, the master-down time ends and we take
    // over.
  }

  /// Computes the deadlines again, with the skew of a new priority.
  mutating func rearm() {
    func rearmed(_ master: Heard?) -> Heard? {
      guard var master, !master.leaves else { return master }
      master.until = master.at + masterDown(master.interval)
      return master
    }
    heard = PerFamily(inet: rearmed(heard.inet), inet6: rearmed(heard.inet6))
  }

  mutating func follow(_ advertisement: Advertisement, _ source: IPAddress, _ now: Instant) {
    let interval = router.version == .v2 ? interval : advertisement.interval.nanoseconds
    heard[source.family] = Heard(
      source: source, priority: advertisement.priority, at: now, interval: interval,
      until: now + masterDown(interval))
    wasLate = false
  }

  /// Handles the leave of the master that we follow, or of any master while we follow none. By RFC
  /// 9568 any master's counts: with two masters, the worse one's leave would then make us a second
  /// master beside the better one.
  private mutating func farewell(
    _ source: IPAddress, _ advertisement: Advertisement, _ now: Instant
  ) {
    let family = source.family
    if let master = heard[family] {
      guard master.source == source else { return }
      heard[family]!.until = min(master.until, now + skew(master.interval))
      heard[family]!.leaves = true
    } else if heard.inet == nil, heard.inet6 == nil, let deadline = listensUntil {
      let interval = router.version == .v2 ? interval : advertisement.interval.nanoseconds
      listensUntil = min(deadline, now + skew(interval))
    }
  }

  /// Whether a live master is better than we are, or equal.
  private func hasBetter(_ now: Instant) -> Bool {
    func isBetter(_ master: Heard?) -> Bool {
      master.map { $0.priority >= priority && $0.until > now } ?? false
    }
    return isBetter(heard.inet) || isBetter(heard.inet6)
  }

  mutating func elapseAsBackup(_ now: Instant, _ step: inout Step) {
    if wantsMaster { return }
    if let preemptsAt, preemptsAt <= now {
      if !hasBetter(now) { return takeOver(.preempted, now, &step) }
      self.preemptsAt = nil  // our priority has fallen meanwhile
    }
    let deadline = masterDown
    guard deadline <= now else { return }
    let interval = max(heard.inet?.interval ?? 0, heard.inet6?.interval ?? 0)
    let wait = interval > 0 ? interval : self.interval
    if now.nanoseconds(since: deadline) > wait, !wasLate {
      // We slept, perhaps with the whole machine, and the socket is empty for that reason. A live
      // master advertises within its interval. Only once: a router that is always late must take
      // over too.
      let until = now + wait + skew(wait)
      heard.inet?.until = until
      heard.inet6?.until = until
      listensUntil = until
      wasLate = true
      return
    }
    let left = heard.inet?.leaves ?? heard.inet6?.leaves ?? false
    takeOver(left ? .masterLeft : .noMaster, now, &step)
  }
}
