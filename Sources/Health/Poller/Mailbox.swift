internal import CLinux
internal import Glibc
import Synchronization

/// How other threads have something done on a poller's thread.
///
/// It is made before the poller, and holds its descriptors, so that what can fail does so where
/// somebody hears of it.
final class Mailbox: Sendable {
  typealias Letter = @Sendable (Poller) -> Void

  private let letters = Mutex<[Letter]>([])
  /// Of the poller that reads it.
  let epoll: Int32
  /// Readable while there are letters (eventfd(2)).
  let bell: Int32

  init() throws(Failure) {
    let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard epoll >= 0 else { throw Failure("cannot wait for probes: \(errorText(errno))") }
    let bell = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard bell >= 0 else {
      let code = errno
      close(epoll)
      throw Failure("cannot wait for probes: \(errorText(code))")
    }
    (self.epoll, self.bell) = (epoll, bell)
    var event = epoll_event()
    event.events = EPOLLIN.rawValue
    event.data.u64 = UInt64(bell)
    guard epoll_ctl(epoll, EPOLL_CTL_ADD, bell, &event) == 0 else {
      throw Failure("cannot wait for probes: \(errorText(errno))")
    }
  }

  deinit {
    close(bell)
    close(epoll)
  }

  func post(_ letter: @escaping Letter) {
    let isFirst = letters.withLock { letters in
      letters.append(letter)
      return letters.count == 1
    }
    if isFirst { eventfd_write(bell, 1) }
  }

  /// The next ones, in their order; the bell rings again for the others.
  func take(atMost most: Int) -> [Letter] {
    // Before the letters: one that comes in between rings again.
    var count: eventfd_t = 0
    eventfd_read(bell, &count)
    return letters.withLock { letters in
      let taken = Array(letters.prefix(most))
      letters.removeFirst(taken.count)
      if !letters.isEmpty { eventfd_write(bell, 1) }
      return taken
    }
  }
}
