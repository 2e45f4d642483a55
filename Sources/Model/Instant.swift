/// A reading of `CLOCK_MONOTONIC`, which starts with the machine, stands still while the machine is
/// suspended, and ignores changes of the date.
///
/// The kernel's own timeouts stand still in a suspend too: epoll(7)'s, by which we wait; those of
/// conntrack and IPVS, by which flows drain; and those of addresses. With `CLOCK_BOOTTIME`, every
/// attempt under way at a suspend would time out on resume, and every unknown signal would be down
/// before anybody was asked.
public struct Instant: Hashable, Sendable {
  /// Since the machine's start.
  public var nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// Saturates at the last instant that can be counted, 292 years from the start.
  public static func + (instant: Instant, duration: Duration) -> Instant {
    let (sum, isTooLate) = instant.nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
    return Instant(nanoseconds: isTooLate ? .max : sum)
  }

  public static func += (instant: inout Instant, duration: Duration) {
    instant = instant + duration
  }

  public static func - (later: Instant, earlier: Instant) -> Duration {
    .nanoseconds(later.nanoseconds - earlier.nanoseconds)
  }
}

extension Instant: Comparable {
  public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }
}
