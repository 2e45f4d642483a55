import Model
internal import NIOCore

/// Tries one probe again and again, on its event loop's thread.
final class Runner {
  private var machine: ProbeMachine
  private let loop: any EventLoop
  private let means: Means
  /// Told after each try; with the state if it is another one now.
  private let tell: (Runner, Trial, Signal.State?) -> Void
  private var timer: Scheduled<Void>?
  private var attempt: Try?

  var probe: Probe { machine.probe }
  var state: Signal.State { machine.state }
  var reading: Reading { machine.reading }

  init(
    _ probe: Probe, _ loop: any EventLoop, _ means: Means,
    tell: @escaping (Runner, Trial, Signal.State?) -> Void
  ) {
    machine = ProbeMachine(probe, .now, random: .random(in: 0..<1))
    self.loop = loop
    self.means = means
    self.tell = tell
    schedule()
  }

  /// The same question at other times.
  func reschedule(_ probe: Probe) {
    machine.reschedule(probe, .now, random: .random(in: 0..<1))
    if attempt == nil { schedule() }
  }

  func stop() {
    timer?.cancel()
    attempt?.cancel()
  }

  private func schedule() {
    timer?.cancel()
    let deadline = NIODeadline.uptimeNanoseconds(UInt64(machine.next.wholeNanoseconds))
    timer = loop.assumeIsolated().scheduleTask(deadline: deadline) { self.start() }
  }

  private func start() {
    machine.start(.now)
    let attempt = Try(loop, origin: Origin(probe), timeout: probe.timeout) { outcome in
      let now = Duration.now
      let change = self.machine.end(outcome, now)
      let trial = Trial(
        self.attempt!, outcome, took: self.machine.reading.lastDuration!, now)
      self.attempt = nil
      self.schedule()
      self.tell(self, trial, change)
    }
    self.attempt = attempt
    attempt.ask(probe.question, means)
  }
}

extension Duration {
  /// The event loops' clock.
  static var now: Duration { .nanoseconds(Int64(NIODeadline.now().uptimeNanoseconds)) }
}
