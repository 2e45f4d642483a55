public import Model

/// A test's own instants: this long after the machine's start.
extension Instant {
  public static let zero = Instant(nanoseconds: 0)
  public static func seconds(_ count: Int) -> Instant { zero + .seconds(count) }
  public static func milliseconds(_ count: Int) -> Instant { zero + .milliseconds(count) }
}
