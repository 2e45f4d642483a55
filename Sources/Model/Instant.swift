/// A reading of `CLOCK_MONOTONIC`, which starts with the machine, stands while it is suspended, and is
/// moved by no change of the date.
///
/// The kernel's own timeouts stand in a suspend as well: those of epoll(7), by which we wait, of
/// conntrack and IPVS, by which flows drain, and of addresses. And nobody was asked meanwhile: by
/// `CLOCK_BOOTTIME` every attempt under way at a suspend would time out at the resume, and every signal
/// not yet known would be down before it was asked for.
public struct Instant: Hashable, Sendable {
  /// Since the machine's start.
  public var nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// Beyond what can be counted (292 years) is the last instant there is.
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
