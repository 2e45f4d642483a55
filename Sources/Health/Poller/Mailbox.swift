import Events
import Synchronization

/// Lets other threads run something on a poller's thread.
///
/// Made before the poller, with the loop that the poller waits with, so that whatever can fail
/// fails where it can be reported.
final class Mailbox: Sendable {
  typealias Letter = @Sendable (Poller) -> Void

  private let letters = Mutex<[Letter]>([])
  /// The loop of the poller that reads it, which is woken while there are letters.
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

  /// The next letters, in order; the loop wakes again for the rest.
  func take(atMost most: Int) -> [Letter] {
    // Before taking the letters: one that arrives in between wakes again.
    loop.clearWake()
    return letters.withLock { letters in
      let taken = Array(letters.prefix(most))
      letters.removeFirst(taken.count)
      if !letters.isEmpty { loop.wake() }
      return taken
    }
  }
}
