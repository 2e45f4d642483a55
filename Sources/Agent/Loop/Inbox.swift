import Events
import Model
import Synchronization

/// Messages from other threads to the loop; each one wakes it.
final class Inbox: Sendable {
  private let signals = Mutex<[Signal: Signal.State]>([:])
  private let readings = Mutex<[Signal: SignalReading]>([:])
  private let drift = Atomic(false)
  /// The loop that the daemon waits with.
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

  /// What was read about a signal's subject; an empty reading replaces an earlier one.
  func post(_ signal: Signal, _ reading: SignalReading) {
    let isNews = readings.withLock { readings in
      if reading == readings[signal] ?? SignalReading() { return false }
      readings[signal] = reading.isEmpty ? nil : reading
      return true
    }
    if isNews { loop.wake() }
  }

  /// Something that sends no events has changed.
  func postDrift() {
    drift.store(true, ordering: .relaxed)
    loop.wake()
  }

  /// Whether ``postDrift()`` was called since the last time. Call it before ``states(of:)``:
  /// whatever is posted after it wakes the loop again.
  func takeDrift() -> Bool {
    loop.clearWake()
    return drift.exchange(false, ordering: .relaxed)
  }

  /// The latest state of each signal, except of those that no input reports any more.
  func states(of wanted: Set<Signal>) -> [Signal: Signal.State] {
    signals.withLock { signals in
      signals = signals.filter { wanted.contains($0.key) }
      return signals
    }
  }

  /// The latest reading of each signal, except of those that no input reports any more.
  func readings(of wanted: Set<Signal>) -> [Signal: SignalReading] {
    readings.withLock { readings in
      readings = readings.filter { wanted.contains($0.key) }
      return readings
    }
  }
}
