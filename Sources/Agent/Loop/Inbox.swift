internal import Glibc
import Model
import Synchronization

/// What other threads tell the loop; each message wakes it.
final class Inbox: Sendable {
  private let signals = Mutex<[Signal: Signal.State]>([:])
  private let drift = Atomic(false)
  private let pipe: Pipe

  init() throws { pipe = try Pipe() }

  /// To poll for reading.
  var descriptor: Int32 { pipe.reading }

  func post(_ signal: Signal, _ state: Signal.State) {
    let isNews = signals.withLock { signals in
      signals.updateValue(state, forKey: signal) != state
    }
    if isNews { pipe.wake() }
  }

  /// Something that sends no events has changed.
  func postDrift() {
    drift.store(true, ordering: .relaxed)
    pipe.wake()
  }

  /// Whether anybody said so since the last time. It comes before ``states(of:)``: whatever is
  /// posted after it wakes the loop again.
  func takeDrift() -> Bool {
    pipe.drain()
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

/// A pipe that carries nothing but that something happened.
final class Pipe: Sendable {
  let reading: Int32
  let writing: Int32

  init() throws {
    var ends: [Int32] = [0, 0]
    guard Glibc.pipe(&ends) == 0 else {
      throw Session.Failure("cannot make a pipe: \(String(cString: strerror(errno)))")
    }
    (reading, writing) = (ends[0], ends[1])
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
  }

  deinit {
    close(reading)
    close(writing)
  }

  func wake() {
    var byte: UInt8 = 1
    // A full pipe wakes as well.
    _ = write(writing, &byte, 1)
  }

  /// The bytes that waited.
  @discardableResult
  func drain() -> [UInt8] { readAll(reading) }
}
