import Events
import Model

/// Makes a probe's attempts, again and again, on its poller's thread.
final class Runner {
  private var machine: ProbeMachine
  private let poller: Poller
  private let resources: SharedResources
  /// Called after each attempt, with the state if it has changed.
  private let tell: (Runner, AttemptReport, Signal.State?) -> Void
  /// Called when a public address has been learnt, or couldn't be.
  private let learnt: (Runner) -> Void
  private var timer: Poller.Timer?
  private var attempt: ProbeAttempt?
  private let kept: Kept
  private var asker: AddressAsker?

  var probe: Probe { machine.probe }
  var state: Signal.State { machine.state }
  var reading: Reading { machine.reading }

  init(
    _ probe: Probe, _ poller: Poller, _ resources: SharedResources, in groups: Groups,
    _ now: Instant, learnt: @escaping (Runner) -> Void,
    tell: @escaping (Runner, AttemptReport, Signal.State?) -> Void
  ) {
    machine = ProbeMachine(probe, now, random: groups.random(for: probe, now))
    self.poller = poller
    self.resources = resources
    self.tell = tell
    self.learnt = learnt
    kept = Kept(of: probe, poller)
    schedule()
    askAddresses()
  }

  /// Asks the same question at other times.
  func reschedule(_ probe: Probe, in groups: Groups, _ now: Instant) {
    let before = self.probe.addressSources
    machine.reschedule(probe, now, random: groups.random(for: probe, now))
    if attempt == nil { schedule() }
    if probe.addressSources != before { askAddresses() }
  }

  private func askAddresses() {
    asker?.stop()
    asker = AddressAsker(probe, poller, resources) { [unowned self] said in
      machine.learn(said)
      learnt(self)
    }
  }

  func stop() {
    timer?.cancel()
    asker?.stop()
    attempt?.cancel()
    kept.close()
  }

  private func schedule() {
    timer?.cancel()
    timer = poller.at(machine.next) { self.start() }
  }

  private func start() {
    machine.start(.now)
    let attempt = ProbeAttempt(poller, origin: ProbeOrigin(probe), timeout: probe.timeout) {
      outcome in
      let now = Instant.now
      let before = self.machine.reading.consecutiveFailures
      let change = self.machine.end(outcome, now)
      if change == .down { self.asker?.forget() }
      // Back again, perhaps with another address.
      if case .good = outcome, before > 0 || change == .up { self.asker?.hurry() }
      let report = AttemptReport(
        self.attempt!, outcome, took: self.machine.reading.lastDuration!, now)
      self.attempt = nil
      self.schedule()
      self.tell(self, report, change)
    }
    self.attempt = attempt
    attempt.asksPort = machine.asksPort
    attempt.knowsAddress = !machine.reading.publicAddresses.isEmpty
    attempt.addressNote = machine.reading.addressNotes.first
    attempt.asksAddress = !probe.statesIPv4Address
    attempt.kept = kept
    attempt.ask(probe.question, resources)
  }
}

/// Lets attempts begin together: waking a thread for each of them costs three times as much.
///
/// They begin at instants a whole number of pauses apart, whenever their probes were added. The
/// phase is random for each process, so that not all routers ask at once.
struct Groups {
  /// In seconds: one, halved as often as needed for at most two hundred attempts in a group.
  private let pause: Double
  private static let phase = Double.random(in: 0..<1)

  init(_ probes: some Collection<Probe>) {
    let rate = probes.reduce(0) { $0 + 1 / $1.interval.inSeconds }
    var pause = 1.0
    while rate * pause > 200 { pause /= 2 }
    self.pause = pause
  }

  /// The part of its jitter that a probe waits: up to a group's instant, if one falls within it.
  func random(for probe: Probe, _ now: Instant) -> Double {
    let (now, jitter) = (Double(now.nanoseconds) / 1e9, (probe.jitter ?? probe.interval).inSeconds)
    guard jitter > 0 else { return 0 }
    let wanted = now + .random(in: 0..<jitter)
    var start = ((wanted - Self.phase) / pause).rounded(.up) * pause + Self.phase
    if start >= now + jitter { start -= pause }
    return ((start < now ? wanted : start) - now) / jitter
  }
}
