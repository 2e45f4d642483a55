internal import Glibc
import Model
import Synchronization

/// Turns SIGHUP, SIGINT and SIGTERM into bytes of a pipe, which a loop can poll.
struct ProcessSignals {
  enum Meaning {
    case reload, end
  }

  // A signal handler may do next to nothing but write to a descriptor that it finds in a global.
  private static let writing = Atomic<Int32>(-1)
  private let pipe: Pipe

  init() throws {
    pipe = try Pipe()
    Self.writing.store(pipe.writing, ordering: .sequentiallyConsistent)
    for number in [SIGHUP, SIGINT, SIGTERM] {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { number in
        let saved = errno
        var byte = UInt8(truncatingIfNeeded: number)
        _ = write(ProcessSignals.writing.load(ordering: .relaxed), &byte, 1)
        errno = saved
      }
      action.sa_flags = SA_RESTART
      sigaction(number, &action, nil)
    }
    signal(SIGPIPE, SIG_IGN)
  }

  /// To poll for reading.
  var descriptor: Int32 { pipe.reading }

  /// What comes within a time.
  func wait(atMost duration: Duration) -> Meaning? {
    var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    poll(&polled, 1, Int32(clamping: Int64(duration.inSeconds * 1000)))
    return drain()
  }

  /// What came since the last time; an end outweighs all.
  func drain() -> Meaning? {
    let numbers = pipe.drain().map(Int32.init)
    if numbers.contains(SIGTERM) || numbers.contains(SIGINT) { return .end }
    return numbers.contains(SIGHUP) ? .reload : nil
  }
}
