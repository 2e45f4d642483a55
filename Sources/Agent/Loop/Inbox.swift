import Events
import Model
import Synchronization

/// What other threads tell the loop; each message wakes it.
final class Inbox: Sendable {
  private let signals = Mutex<[Signal: Signal.State]>([:])
  private let drift = Atomic(false)
  /// By which the daemon waits.
  let loop: EventLoop

  init() throws {
    do throws(Errno) {
      loop = try EventLoop()
    } catch {
      throw CommandError("cannot wait for what happens: \(error)")
    }
  }

  func post(_ signal: Signal, _ state: Signal.State) {
    let isNews = signals.withLock { signals in
      signals.updateValue(state, forKey: signal) != state
    }
    if isNews { loop.wake() }
  }

  /// Something that sends no events has changed.
  func postDrift() {
    drift.store(true, ordering: .relaxed)
    loop.wake()
  }

  /// Whether anybody said so since the last time. It comes before ``states(of:)``: whatever is
  /// posted after it wakes the loop again.
  func takeDrift() -> Bool {
    loop.clearWake()
    return drift.exchange(false, ordering: .relaxed)
  }

  /// The latest of each signal, except those that nobody speaks for any more.
  func states(of wanted: Set<Signal>) -> [Signal: Signal.State] {
    signals.withLock { signals in
      signals = signals.filter { wanted.contains($0.key) }
      return signals
    }
  }
}
