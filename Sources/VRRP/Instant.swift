/// A reading of CLOCK_MONOTONIC, which no change of the date moves.
public struct Instant: Hashable, Sendable {
  public var nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// Spans are plain nanoseconds: `Duration` takes 128-bit arithmetic on every advertisement.
  static func + (instant: Instant, nanoseconds: Int64) -> Instant {
    Instant(nanoseconds: instant.nanoseconds + nanoseconds)
  }

  static func - (later: Instant, earlier: Instant) -> Int64 {
    later.nanoseconds - earlier.nanoseconds
  }
}

extension Instant: Comparable {
  public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }
}
