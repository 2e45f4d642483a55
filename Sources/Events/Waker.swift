internal import CLinux
internal import Glibc

/// Wakes whoever waits for its descriptor, from any thread and from handlers of signals (eventfd(2)).
public final class Waker: Sendable {
  /// Readable from ``wake()`` on, until ``clear()``.
  public let descriptor: Int32

  /// Throws the errno.
  public init() throws(Errno) {
    descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard descriptor >= 0 else { throw Errno(errno) }
  }

  deinit { close(descriptor) }

  public func wake() { eventfd_write(descriptor, 1) }

  /// To be called before the look at what changed: a change after the look wakes again.
  public func clear() {
    var count: eventfd_t = 0
    eventfd_read(descriptor, &count)
  }
}
