import Glibc
import Model
import TestSupport
import Testing

@testable import VRRP

/// How many random cases to try: `VRRP_SEQUENCES`, `VRRP_SEEDS`, or as many as take seconds.
func count(_ variable: String, _ few: Int) -> Int {
  getenv(variable).flatMap { Int(String(cString: $0)) } ?? few
}

/// Random events at random times, and what must hold after each. A million of them, in a release build:
///
///     VRRP_SEQUENCES=1000000 swift test -c release --filter VRRPTests.PropertyTests
struct PropertyTests {
  @Test func anySequenceOfEventsKeepsTheLaws() {
    for seed in 0..<count("VRRP_SEQUENCES", 10_000) {
      var sequence = Sequence(seed: UInt64(seed))
      if let broken = sequence.run() {
        Issue.record("seed \(seed): \(broken)")
        return
      }
    }
  }
}

/// One random sequence with its bookkeeping, which knows the rules but not how the machine
/// implements them.
private struct Sequence {
  private var random: SplitMix64
  private var router = VirtualRouter(id: 1)
  private var machine: Machine
  private var now: Int64
  private var log: [(at: Int64, event: Event, step: Step)] = []

  private var priority: UInt8 = 0
  private var isStarted = false
  private var isFaulty = false
  private var isYielding = false
  /// When a master that yields must have left, since a peer has taken over.
  private var leavesBy: Int64?
  private var primaries = PerFamily<IPAddress?>(both: nil)
  /// When a backup that is called in time must become master, unless it hears something; nil: not a
  /// backup.
  private var latest: Int64?
  private var lastSent: Int64?

  init(seed: UInt64) {
    random = SplitMix64(seed)
    machine = Machine(router)
    now = Int64.random(in: 0...1_000_000_000_000, using: &random)
    func flip(_ probability: Double) -> Bool {
      Double.random(in: 0..<1, using: &random) < probability
    }
    router.version = flip(0.2) ? .v2 : .v3
    if router.version == .v3 {
      router.families.inet6 = flip(0.6)
      router.families.inet = !router.families.inet6 || flip(0.7)
      router.interval = Interval(centiseconds: .random(in: 1...200, using: &random))!
    } else {
      router.interval = Interval(centiseconds: 100 * .random(in: 1...5, using: &random))!
    }
    router.priority = flip(0.1) ? 255 : .random(in: 1...254, using: &random)
    router.preempt = flip(0.7)
    if flip(0.3) {
      router.preemptDelay = .milliseconds(Int64.random(in: 0...20_000, using: &random))
    }
    if flip(0.2) {
      router.startupDelay = .milliseconds(Int64.random(in: 0...20_000, using: &random))
    }
    machine = Machine(router)
    priority = router.priority
  }

  /// The first law that is broken, with the events up to that point.
  mutating func run() -> String? {
    for family in Family.allCases where Double.random(in: 0..<1, using: &random) < 0.9 {
      if let broken = perform(.primary(family, address(family, 5))) { return broken }
    }
    for _ in 0..<40 {
      // To the next deadline, in time, or to somewhere before it.
      let deadline = machine.nextDeadline?.nanoseconds
      if let deadline, Bool.random(using: &random) {
        now = max(now, deadline)
        if let broken = perform(.elapsed) { return broken }
      } else {
        let most = min(deadline.map { max($0 - now, 0) } ?? .max, 3_000_000_000)
        now += Int64.random(in: 0...most, using: &random)
      }
      if let broken = perform(event()) { return broken }
    }
    return nil
  }

  private func address(_ family: Family, _ last: Int) -> IPAddress { Script.address(family, last) }

  private mutating func event() -> Event {
    switch Int.random(in: 0..<100, using: &random) {
    case ..<12: return .start
    case ..<15: return .stop
    case ..<17: return .yield
    case ..<20: return .faulty(true)
    case ..<28: return .faulty(false)
    case ..<34: return .priority(.random(in: 1...255, using: &random))
    case ..<38:
      let family = Family.allCases.randomElement(using: &random)!
      return .primary(
        family,
        Bool.random(using: &random) ? nil : address(family, .random(in: 4...6, using: &random)))
    case ..<42: return .elapsed
    default:
      let family = Family.allCases.randomElement(using: &random)!
      let around = Int(priority) + .random(in: -2...2, using: &random)
      let priority =
        Bool.random(using: &random)
        ? UInt8(min(max(around, 0), 255)) : .random(in: 0...255, using: &random)
      let centiseconds = UInt16.random(in: 1...400, using: &random)
      return .received(
        Advertisement(priority: priority, interval: Interval(centiseconds: centiseconds)!),
        from: address(family, .random(in: 3...7, using: &random)))
    }
  }

  private mutating func perform(_ event: Event) -> String? {
    let before = machine.state
    let step = machine.step(event, at: Instant(nanoseconds: now))
    log.append((now, event, step))
    if let broken = check(event, before, step) {
      let lines = log.map { "\($0.at): \($0.event) -> \($0.step)" }
      return ([broken, "\(router)"] + lines).joined(separator: "\n")
    }
    return nil
  }

  private mutating func check(_ event: Event, _ before: Machine.State, _ step: Step) -> String? {
    let state = machine.state
    switch event {
    case .start: isStarted = true
    case .stop: isStarted = false
    case .yield:
      isStarted = false
      isYielding = before == .master
    case .faulty(let isFaulty): self.isFaulty = isFaulty
    case .priority(let priority): self.priority = priority
    case .primary(let family, let address): primaries[family] = address
    default: break
    }
    if state != .master { (isYielding, leavesBy) = (false, nil) }

    // A transition is reported, and it is the one that was made.
    if (step.transition == nil) != (before == state) { return "a transition that isn't one" }
    if let transition = step.transition, transition.from != before || transition.to != state {
      return "another transition than told"
    }
    // A router that mustn't be in the election isn't.
    let canSpeak = Family.allCases.contains { router.families[$0] && primaries[$0] != nil }
    if isFaulty || !canSpeak || !isStarted && !isYielding, state != .initialize {
      return "in the election, though faulty, stopped or mute"
    }
    // Only a master advertises; if it stops being master without a better one, it says so.
    switch step.advertisement {
    case nil:
      if before == .master, state == .initialize, step.transition?.reason != .yielded,
        lastSent != nil
      {
        return "left without a farewell"
      }
    case 0:
      if before != .master || state == .backup { return "a farewell of no master" }
      lastSent = nil
    case priority:
      if state != .master || isYielding { return "advertises, but isn't master" }
      lastSent = now
    default: return "another priority than ours"
    }
    if before != .master, state == .master, step.advertisement != priority || !step.announces {
      return "master in silence"
    }
    if state != .master { lastSent = nil }
    // A master that is called in time advertises at least once in an interval.
    if state == .master, !isYielding {
      guard let lastSent else { return "a master that never advertised" }
      if now - lastSent > router.interval.nanoseconds { return "a silent master" }
    }
    if let broken = checkHeard(event, before, step) { return broken }
    // It never asks to be called again now, except for a start after a transition: that would be a
    // busy loop.
    if case .elapsed = event, step.transition == nil, let deadline = machine.nextDeadline,
      deadline.nanoseconds <= now
    {
      return "the deadline isn't ahead"
    }
    if state != .initialize, machine.nextDeadline == nil { return "waits for nothing" }
    return nil
  }

  private mutating func checkHeard(
    _ event: Event, _ before: Machine.State, _ step: Step
  ) -> String? {
    func down(_ interval: Int64) -> Int64 {
      // The longest that any priority of ours would wait.
      3 * interval + (router.version == .v2 ? 1_000_000_000 : interval)
    }
    if case .received(let advertisement, let source) = event,
      router.families[source.family], source != primaries[source.family]
    {
      if isYielding, advertisement.priority > 0 {
        leavesBy = min(
          leavesBy ?? .max, now + min(router.interval.nanoseconds / 4, 25_000_000))
      }
      if let leavesBy, machine.nextDeadline.map({ $0.nanoseconds > leavesBy }) ?? true {
        return "stays longer than a peer needs"
      }
      if isYielding { return nil }
      if before == .master, advertisement.priority > priority, machine.state == .master {
        return "master below a higher priority"
      }
      if before == .master, advertisement.priority == priority, priority > 0,
        source.family == .inet, let own = primaries.inet, source > own, machine.state == .master
      {
        return "two masters of one priority"
      }
      if before == .master, machine.state == .backup, advertisement.priority < priority {
        return "gave way to a lower priority"
      }
      if before != .master, machine.state == .master { return "master because of a master" }
      // Everything that is accepted and may be followed.
      let isLower = advertisement.priority < priority
      let preempts = priority == 255 || router.preempt && router.preemptDelay == .zero
      if before != .initialize, machine.state == .backup, advertisement.priority > 0,
        !(isLower && preempts)
      {
        let interval =
          router.version == .v2
          ? router.interval.nanoseconds : advertisement.interval.nanoseconds
        latest = max(latest ?? 0, now + down(interval))
      }
    }
    if machine.state != .backup {
      latest = nil
    } else if before != .backup, latest == nil {
      latest = now + down(router.interval.nanoseconds)
    }
    // Master after a master-down time without a better peer.
    if let latest, now > latest { return "no master after the master-down time" }
    if let latest, let deadline = machine.nextDeadline, deadline.nanoseconds > latest {
      return "waits for longer than the master-down time"
    }
    return nil
  }
}
