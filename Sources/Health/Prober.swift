import Events
public import Model
public import NIOCore
internal import Synchronization

/// Asks probes' questions at their times and tells what becomes of their signals.
///
/// All happens on a thread of its own, but for TLS, which an event loop of the group speaks.
public final class Prober: Sendable {
  /// Called on the prober's thread when a signal has changed.
  public typealias OnChange = @Sendable (Signal, Signal.State, Reading) -> Void
  /// Called there after each attempt.
  public typealias OnAttempt = @Sendable (Signal, AttemptReport, Reading) -> Void
  public typealias Snapshot = [Signal: (state: Signal.State, reading: Reading)]

  private let mailbox: Mailbox
  private let board = StatusStore()
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
    let (mailbox, board, loop) = (mailbox, board, loop)
    do throws(Errno) {
      thread = try Thread("probes") {
        let poller = Poller(mailbox)
        let runners = Runners(
          poller, Means(allowsExec: allowsExec, loop), board, (onAttempt, onChange))
        poller.runners = runners
        poller.run { poller.runners == nil }
      }
    } catch {
      throw ProbeFailure("cannot start a thread for probes: \(error)")
    }
  }

  /// Asks these from now on, and no others; what a probe has said so far counts until it asks
  /// something else.
  ///
  /// Not to be called on the prober's thread.
  public func update(_ probes: [Probe]) {
    onThread { $0.runners?.update(probes) }
  }

  /// What every probe says now.
  public func snapshot() -> Snapshot { board.entries.withLock { $0 } }

  /// Ends every attempt that is under way and asks nothing more, ever.
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
    // Nobody would read it.
    if isStopped.load(ordering: .relaxed) { return }
    let promise = loop.makePromise(of: Void.self)
    mailbox.post { poller in
      body(poller)
      promise.succeed()
    }
    try? promise.futureResult.wait()
  }
}

/// What every probe says, for any thread.
private final class StatusStore: Sendable {
  let entries = Mutex<Prober.Snapshot>([:])
}

/// The probes that are asked, by name, on their poller's thread.
final class Runners {
  private let poller: Poller
  private let means: Means
  private let board: StatusStore
  private let tell: (onAttempt: Prober.OnAttempt?, onChange: Prober.OnChange)
  private var runners: [String: Runner] = [:]

  fileprivate init(
    _ poller: Poller, _ means: Means, _ board: StatusStore,
    _ tell: (onAttempt: Prober.OnAttempt?, onChange: Prober.OnChange)
  ) {
    self.poller = poller
    self.means = means
    self.board = board
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
        if runner.state != .unknown { tell.onChange(probe.signal, .unknown, Reading()) }
      }
      let (board, tell) = (board, tell)
      let signal = probe.signal
      board.entries.withLock { $0[signal] = (.unknown, Reading()) }
      runners[name] = Runner(probe, poller, means, in: groups, now) { runner, report, change in
        board.entries.withLock { $0[signal] = (runner.state, runner.reading) }
        tell.onAttempt?(signal, report, runner.reading)
        if let change { tell.onChange(signal, change, runner.reading) }
      }
    }
  }

  private func stop(_ runner: Runner, _ name: String) {
    runner.stop()
    runners[name] = nil
    board.entries.withLock { $0[Signal(.probe, name)] = nil }
  }
}

extension Probe {
  /// Whether it differs at most in when and how often.
  fileprivate func asksTheSame(as other: Probe) -> Bool {
    question == other.question && ProbeOrigin(self) == ProbeOrigin(other)
  }
}
