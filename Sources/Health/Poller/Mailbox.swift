import Events
import Synchronization

/// How other threads have something done on a poller's thread.
///
/// It is made before the poller, with the loop that the poller waits by, so that what can fail does so
/// where somebody hears of it.
final class Mailbox: Sendable {
  typealias Letter = @Sendable (Poller) -> Void

  private let letters = Mutex<[Letter]>([])
  /// Of the poller that reads it; woken while there are letters.
  let loop: EventLoop

  init() throws(ProbeFailure) {
    do throws(Errno) {
      loop = try EventLoop()
    } catch {
      throw ProbeFailure("cannot wait for probes: \(error)")
    }
  }

  func post(_ letter: @escaping Letter) {
    let isFirst = letters.withLock { letters in
      letters.append(letter)
      return letters.count == 1
    }
    if isFirst { loop.wake() }
  }

  /// The next ones, in their order; the loop wakes again for the others.
  func take(atMost most: Int) -> [Letter] {
    // Before the letters: one that comes in between wakes again.
    loop.clearWake()
    return letters.withLock { letters in
      let taken = Array(letters.prefix(most))
      letters.removeFirst(taken.count)
      if !letters.isEmpty { loop.wake() }
      return taken
    }
  }
}
