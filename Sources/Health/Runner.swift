import Model

/// Tries one probe again and again, on its poller's thread.
final class Runner {
  private var machine: ProbeMachine
  private let poller: Poller
  private let means: Means
  /// Told after each try; with the state if it is another one now.
  private let tell: (Runner, Trial, Signal.State?) -> Void
  private var timer: Poller.Timer?
  private var attempt: Try?

  var probe: Probe { machine.probe }
  var state: Signal.State { machine.state }
  var reading: Reading { machine.reading }

  init(
    _ probe: Probe, _ poller: Poller, _ means: Means, in groups: Groups, _ now: Duration,
    tell: @escaping (Runner, Trial, Signal.State?) -> Void
  ) {
    machine = ProbeMachine(probe, now, random: groups.random(for: probe))
    self.poller = poller
    self.means = means
    self.tell = tell
    schedule()
  }

  /// The same question at other times.
  func reschedule(_ probe: Probe, in groups: Groups, _ now: Duration) {
    machine.reschedule(probe, now, random: groups.random(for: probe))
    if attempt == nil { schedule() }
  }

  func stop() {
    timer?.cancel()
    attempt?.cancel()
  }

  private func schedule() {
    timer?.cancel()
    timer = poller.at(machine.next) { self.start() }
  }

  private func start() {
    machine.start(.now)
    let attempt = Try(poller, origin: Origin(probe), timeout: probe.timeout) { outcome in
      let now = Duration.now
      let change = self.machine.end(outcome, now)
      let trial = Trial(
        self.attempt!, outcome, took: self.machine.reading.lastDuration!, now)
      self.attempt = nil
      self.schedule()
      self.tell(self, trial, change)
    }
    self.attempt = attempt
    attempt.asksPort = machine.asksPort
    attempt.ask(probe.question, means)
  }
}

/// Lets tries begin together: a thread that is woken for each of them costs three times as much.
struct Groups {
  /// Between two groups.
  private let pause: Duration

  /// Of about thirty tries, and two groups a second at least.
  init(_ probes: some Collection<Probe>) {
    let rate = probes.reduce(0) { $0 + 1 / $1.interval.inSeconds }
    pause = .seconds(min(0.5, 32 / rate))
  }

  /// Which part of a probe's jitter it waits for: that of some group.
  func random(for probe: Probe) -> Double {
    let count = max(
      1, ((probe.jitter ?? probe.interval).inSeconds / pause.inSeconds).rounded(.down))
    return Double(Int.random(in: 0..<Int(count))) / count
  }
}
