import Model

/// When passes are due: soon after anything happens, but never so often that the loop does nothing
/// else.
struct Cadence {

  /// The time between passes when nothing happens.
  let resync: Duration
  /// Events of one cause arrive in bursts: how long to wait for the rest.
  static let debounce = Duration.milliseconds(2)

  private(set) var due: Instant
  private var earliest: Instant

  init(resync: Duration, now: Instant) {
    self.resync = resync
    due = now
    earliest = now
  }

  /// Something happened, or will make a pass due at `instant`.
  mutating func schedule(at instant: Instant) { due = min(due, max(instant, earliest)) }

  mutating func wake(_ now: Instant) { schedule(at: now + Self.debounce) }

  /// A pass is due now, however short ago the last one was.
  mutating func hurry(_ now: Instant) { due = min(due, now) }

  func isDue(_ now: Instant) -> Bool { now >= due }

  /// A pass is over: until the next, others get twice the time that it took.
  mutating func passed(from start: Instant, to end: Instant) {
    earliest = end + min((end - start) * 2, .seconds(1))
    due = end + resync
  }
}
