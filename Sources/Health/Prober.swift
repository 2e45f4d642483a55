import Events
public import Model
public import NIOCore
internal import Synchronization

/// Asks probes' questions when they are due, and reports changes of their signals.
///
/// Runs on a thread of its own, except for TLS, which one of the group's event loops speaks.
public final class Prober: Sendable {
  /// Called on the prober's thread when a signal has changed.
  public typealias OnChange = @Sendable (Signal, Signal.State, Reading) -> Void
  /// Called on the same thread after each attempt.
  public typealias OnAttempt = @Sendable (Signal, AttemptReport, Reading) -> Void
  public typealias Snapshot = [Signal: (state: Signal.State, reading: Reading)]

  private let mailbox: Mailbox
  private let readings = Readings()
  private let thread: Thread
  private let loop: any NIOCore.EventLoop
  private let isStopped = Atomic(false)

  /// Without `allowsExec`, probes that run commands fail.
  ///
  /// Stop it before the group.
  public init(
    group: any EventLoopGroup, allowsExec: Bool, onAttempt: OnAttempt? = nil,
    onChange: @escaping OnChange
  ) throws {
    loop = group.next()
    mailbox = try Mailbox()
    let (mailbox, readings, loop) = (mailbox, readings, loop)
    do throws(Errno) {
      thread = try Thread("probes") {
        let poller = Poller(mailbox)
        let runners = Runners(
          poller, SharedResources(allowsExec: allowsExec, loop), readings, (onAttempt, onChange))
        poller.runners = runners
        poller.run { poller.runners == nil }
      }
    } catch {
      throw ProbeFailure("cannot start a thread for probes: \(error)")
    }
  }

  /// Asks these probes from now on, and no others; a probe keeps its results until its question
  /// changes.
  ///
  /// Not to be called on the prober's thread.
  public func update(_ probes: [Probe]) {
    onThread { $0.runners?.update(probes) }
  }

  /// The present state of every probe.
  public func snapshot() -> Snapshot { readings.entries.withLock { $0 } }

  /// Ends all attempts in progress and asks nothing more, ever.
  ///
  /// Not to be called on the prober's thread.
  public func stop() {
    if isStopped.exchange(true, ordering: .relaxed) { return }
    mailbox.post { poller in
      poller.runners?.update([])
      poller.runners = nil
    }
    thread.join()
  }

  private func onThread(_ body: @escaping @Sendable (Poller) -> Void) {
    // Nobody would read the letter.
    if isStopped.load(ordering: .relaxed) { return }
    let promise = loop.makePromise(of: Void.self)
    mailbox.post { poller in
      body(poller)
      promise.succeed()
    }
    try? promise.futureResult.wait()
  }
}

/// The present state of every probe, for any thread.
private final class Readings: Sendable {
  let entries = Mutex<Prober.Snapshot>([:])
}

/// The probes that are asked, by name; lives on their poller's thread.
final class Runners {
  private let poller: Poller
  private let resources: SharedResources
  private let readings: Readings
  private let tell: (onAttempt: Prober.OnAttempt?, onChange: Prober.OnChange)
  private var runners: [String: Runner] = [:]

  fileprivate init(
    _ poller: Poller, _ resources: SharedResources, _ readings: Readings,
    _ tell: (onAttempt: Prober.OnAttempt?, onChange: Prober.OnChange)
  ) {
    self.poller = poller
    self.resources = resources
    self.readings = readings
    self.tell = tell
  }

  func update(_ probes: [Probe]) {
    let wanted = Dictionary(probes.map { ($0.name, $0) }) { first, _ in first }
    let (groups, now) = (Groups(wanted.values), Instant.now)
    for (name, runner) in runners where wanted[name] == nil {
      stop(runner, name)
    }
    for (name, probe) in wanted {
      if let runner = runners[name] {
        if runner.probe == probe { continue }
        if runner.probe.asksTheSame(as: probe) {
          runner.reschedule(probe, in: groups, now)
          continue
        }
        stop(runner, name)
        if runner.state != .unknown || !runner.reading.signalReading.isEmpty {
          tell.onChange(probe.signal, .unknown, Reading())
        }
      }
      let (readings, tell) = (readings, tell)
      let signal = probe.signal
      readings.entries.withLock { $0[signal] = (.unknown, Reading()) }
      let note: (Runner) -> Void = { runner in
        readings.entries.withLock { $0[signal] = (runner.state, runner.reading) }
      }
      runners[name] = Runner(probe, poller, resources, in: groups, now, learnt: note) {
        runner, report, change in
        note(runner)
        tell.onAttempt?(signal, report, runner.reading)
        if let change { tell.onChange(signal, change, runner.reading) }
      }
    }
  }

  private func stop(_ runner: Runner, _ name: String) {
    runner.stop()
    runners[name] = nil
    readings.entries.withLock { $0[Signal(.probe, name)] = nil }
  }
}

extension Probe {
  /// Whether only the timing differs.
  fileprivate func asksTheSame(as other: Probe) -> Bool {
    question == other.question && ProbeOrigin(self) == ProbeOrigin(other)
  }
}
