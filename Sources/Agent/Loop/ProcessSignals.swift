import Events
internal import Glibc
import Model
import Synchronization

/// Turns SIGHUP, SIGINT and SIGTERM into something that a loop can wait for.
struct ProcessSignals {
  enum Meaning {
    case reload, end
  }

  // A signal handler may hardly do more than write to a descriptor, and can only reach globals.
  private static let bell = Atomic<Int32>(-1)
  private static let isReloading = Atomic(false)
  private static let isEnding = Atomic(false)
  private let waker: Waker

  init() throws {
    do throws(Errno) {
      waker = try Waker()
    } catch {
      throw CommandError("cannot wait for signals: \(error)")
    }
    Self.isReloading.store(false, ordering: .sequentiallyConsistent)
    Self.isEnding.store(false, ordering: .sequentiallyConsistent)
    Self.bell.store(waker.descriptor, ordering: .sequentiallyConsistent)
    for number in [SIGHUP, SIGINT, SIGTERM] {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { number in
        let saved = errno
        if number == SIGHUP {
          ProcessSignals.isReloading.store(true, ordering: .sequentiallyConsistent)
        } else {
          ProcessSignals.isEnding.store(true, ordering: .sequentiallyConsistent)
        }
        var one: UInt64 = 1
        _ = write(ProcessSignals.bell.load(ordering: .relaxed), &one, 8)
        errno = saved
      }
      action.sa_flags = SA_RESTART
      sigaction(number, &action, nil)
    }
    signal(SIGPIPE, SIG_IGN)
  }

  /// Readable when there is something to drain.
  var descriptor: Int32 { waker.descriptor }

  /// Waits for a signal for at most `duration`.
  func wait(atMost duration: Duration) -> Meaning? {
    var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    poll(&polled, 1, Int32(clamping: Int64(duration.inSeconds * 1000)))
    return drain()
  }

  /// The signal received since the last time; an end outweighs a reload.
  func drain() -> Meaning? {
    waker.clear()
    let isReloading = Self.isReloading.exchange(false, ordering: .sequentiallyConsistent)
    if Self.isEnding.exchange(false, ordering: .sequentiallyConsistent) { return .end }
    return isReloading ? .reload : nil
  }
}
