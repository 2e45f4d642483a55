internal import CLinux
internal import Glibc

/// Wakes whoever waits for its descriptor, from any thread or signal handler (eventfd(2)).
public final class Waker: Sendable {
  /// Readable from ``wake()`` until ``clear()``.
  public let descriptor: Int32

  /// Throws if the process is out of descriptors.
  public init() throws(Errno) {
    descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard descriptor >= 0 else { throw Errno(errno) }
  }

  deinit { close(descriptor) }

  public func wake() { eventfd_write(descriptor, 1) }

  /// Call it before checking what changed: a change after the check then wakes again.
  public func clear() {
    var count: eventfd_t = 0
    eventfd_read(descriptor, &count)
  }
}
