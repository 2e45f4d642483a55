internal import CLinux
internal import Glibc
public import Model

/// Waits on one thread for descriptors, an instant, and wake-ups from other threads (epoll(7)).
///
/// Waiting allocates nothing: the caller provides the room for events.
public final class EventLoop: Sendable {
  private let epoll: Int32
  private let waker: Waker

  /// The token of ``wake()``.
  public static let woken = UInt64.max

  /// Throws if the process is out of descriptors.
  public init() throws(Errno) {
    let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard epoll >= 0 else { throw Errno(errno) }
    do throws(Errno) {
      waker = try Waker()
    } catch {
      close(epoll)
      throw error
    }
    self.epoll = epoll
    try add(waker.descriptor, for: .toRead, as: Self.woken)
  }

  deinit { close(epoll) }

  /// What a descriptor is ready for.
  public struct Readiness: OptionSet, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let toRead = Readiness(rawValue: EPOLLIN.rawValue)
    public static let toWrite = Readiness(rawValue: EPOLLOUT.rawValue)
    /// The peer sends no more. The others in ``ended`` are always reported.
    public static let hangup = Readiness(rawValue: EPOLLRDHUP.rawValue)
    /// The peer's side, or both sides, are closed or broken: reading or `SO_ERROR` tells which.
    public static let ended = Readiness(
      rawValue: EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue)
    /// Reported once each time that a descriptor becomes ready, not for as long as it is.
    public static let onceAnew = Readiness(rawValue: EPOLLET.rawValue)
  }

  /// Reports events of a descriptor under a token until it is removed or closed. Throws if out of
  /// memory, or beyond `fs.epoll.max_user_watches`.
  public func add(
    _ descriptor: Int32, for interest: Readiness, as token: UInt64
  ) throws(Errno) {
    var event = epoll_event()
    event.events = interest.rawValue
    event.data.u64 = token
    guard epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 else { throw Errno(errno) }
  }

  public func remove(_ descriptor: Int32) {
    var event = epoll_event()
    epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event)
  }

  /// Ends the current wait, or the next one; may be called on any thread.
  public func wake() { waker.wake() }

  /// Call it after ``woken``, before checking what other threads have left.
  public func clearWake() { waker.clear() }

  /// A descriptor that stays open as long as the loop exists.
  public var descriptor: Int32 { waker.descriptor }

  /// The events of the last wait, and the room for them.
  public struct Events {
    fileprivate var room: [epoll_event]
    public fileprivate(set) var count = 0

    public init(atMost most: Int) { room = [epoll_event](repeating: epoll_event(), count: most) }

    /// Whether there may be more events.
    public var isFull: Bool { count == room.count }

    public subscript(index: Int) -> (token: UInt64, readiness: Readiness) {
      (room[index].data.u64, Readiness(rawValue: room[index].events))
    }
  }

  /// Sleeps until something is ready or the instant has come; without an instant, until something
  /// is ready. A signal to the process ends the wait too.
  public func wait(for events: inout Events, until instant: Instant? = nil) {
    let most = Int32(events.room.count)
    let count: Int32
    if let instant {
      let left = max(instant.nanoseconds - Instant.now.nanoseconds, 0)
      var pause = timespec(
        tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
      count = vpngw_epoll_wait(epoll, &events.room, most, &pause)
    } else {
      count = vpngw_epoll_wait(epoll, &events.room, most, nil)
    }
    // Only a signal can make the call fail here.
    events.count = max(0, Int(count))
  }
}
