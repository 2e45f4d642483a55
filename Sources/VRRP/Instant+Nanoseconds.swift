import Model

/// Durations are plain nanoseconds here: `Duration` would cost 128-bit arithmetic on every
/// advertisement.
extension Instant {
  static func + (instant: Instant, nanoseconds: Int64) -> Instant {
    Instant(nanoseconds: instant.nanoseconds + nanoseconds)
  }

  func nanoseconds(since earlier: Instant) -> Int64 { nanoseconds - earlier.nanoseconds }
}
