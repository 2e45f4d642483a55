import Model

/// When the loop looks at the kernel: soon after anything happens, but never so often that looking
/// is all it does.
struct Cadence {
  typealias Instant = Model.Instant

  /// A full look without any reason.
  let resync: Duration
  /// Events of one cause come in a row: wait for the others.
  static let debounce = Duration.milliseconds(2)

  private(set) var due: Instant
  private var earliest: Instant

  init(resync: Duration, now: Instant) {
    self.resync = resync
    due = now
    earliest = now
  }

  /// Something happened, or will need a look at `instant`.
  mutating func schedule(at instant: Instant) { due = min(due, max(instant, earliest)) }

  mutating func wake(_ now: Instant) { schedule(at: now + Self.debounce) }

  func isDue(_ now: Instant) -> Bool { now >= due }

  /// After a look: the next one leaves others twice its time.
  mutating func passed(from start: Instant, to end: Instant) {
    earliest = end + min((end - start) * 2, .seconds(1))
    due = end + resync
  }
}
