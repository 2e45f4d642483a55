public import Model
public import NIOCore
internal import Synchronization

/// Asks probes' questions at their times and tells what becomes of their signals.
///
/// All happens on one event loop of the group; stop it before the group.
public final class Prober: Sendable {
  /// Called on the event loop's thread when a signal has changed.
  public typealias OnChange = @Sendable (Signal, Signal.State, Reading) -> Void
  /// Called there after each try.
  public typealias OnTry = @Sendable (Signal, Trial, Reading) -> Void
  public typealias Snapshot = [Signal: (state: Signal.State, reading: Reading)]

  private let loop: any EventLoop
  private let allowsExec: Bool
  private let tell: (onTry: OnTry?, onChange: OnChange)
  private let board = Board()
  /// Nil before the first update and after the stop.
  private let runners: NIOLoopBoundBox<Runners?>

  /// Without `allowsExec`, probes that run commands fail.
  public init(
    group: any EventLoopGroup, allowsExec: Bool, onTry: OnTry? = nil,
    onChange: @escaping OnChange
  ) {
    loop = group.next()
    self.allowsExec = allowsExec
    tell = (onTry, onChange)
    runners = .makeEmptyBox(valueType: Runners.self, eventLoop: loop)
  }

  /// Asks these from now on, and no others; what a probe has said so far counts until it asks
  /// something else.
  ///
  /// Not to be called on the event loop's thread.
  public func update(_ probes: [Probe]) {
    onLoop { prober in
      if prober.runners.value == nil {
        prober.runners.value = Runners(
          prober.loop, Means(allowsExec: prober.allowsExec), prober.board, prober.tell)
      }
      prober.runners.value?.update(probes)
    }
  }

  /// What every probe says now.
  public func snapshot() -> Snapshot { board.entries.withLock { $0 } }

  /// Ends every try that is under way and asks nothing more.
  ///
  /// Not to be called on the event loop's thread.
  public func stop() {
    onLoop { prober in
      prober.runners.value?.update([])
      prober.runners.value = nil
    }
  }

  /// Fails only when the group is gone, and with it all that could be changed.
  private func onLoop(_ body: @escaping @Sendable (Prober) -> Void) {
    try? loop.submit { body(self) }.wait()
  }
}

/// What every probe says, for any thread.
private final class Board: Sendable {
  let entries = Mutex<Prober.Snapshot>([:])
}

/// The probes that are asked, by name.
private final class Runners {
  private let loop: any EventLoop
  private let means: Means
  private let board: Board
  private let tell: (onTry: Prober.OnTry?, onChange: Prober.OnChange)
  private var runners: [String: Runner] = [:]

  init(
    _ loop: any EventLoop, _ means: Means, _ board: Board,
    _ tell: (onTry: Prober.OnTry?, onChange: Prober.OnChange)
  ) {
    self.loop = loop
    self.means = means
    self.board = board
    self.tell = tell
  }

  func update(_ probes: [Probe]) {
    let wanted = Dictionary(probes.map { ($0.name, $0) }) { first, _ in first }
    for (name, runner) in runners where wanted[name] == nil {
      stop(runner, name)
    }
    for (name, probe) in wanted {
      if let runner = runners[name] {
        if runner.probe == probe { continue }
        if runner.probe.asksTheSame(as: probe) {
          runner.reschedule(probe)
          continue
        }
        stop(runner, name)
        if runner.state != .unknown { tell.onChange(probe.signal, .unknown, Reading()) }
      }
      let (board, tell) = (board, tell)
      let signal = probe.signal
      board.entries.withLock { $0[signal] = (.unknown, Reading()) }
      runners[name] = Runner(probe, loop, means) { runner, trial, change in
        board.entries.withLock { $0[signal] = (runner.state, runner.reading) }
        tell.onTry?(signal, trial, runner.reading)
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
    question == other.question && Origin(self) == Origin(other)
  }
}
