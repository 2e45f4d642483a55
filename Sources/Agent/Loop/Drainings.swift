public import Model

/// Since when destinations are on their way out: what the loop remembers between two looks.
///
/// Nothing of it outlives a restart, after which each of them has its whole time again.
public struct Drainings: Hashable, Sendable {
  private var ends: [Draining.ID: Instant] = [:]

  public init() {}

  /// Takes those that are on their way now; who is no longer among them has gone, or come back.
  public mutating func update(_ drainings: [Draining], now: Instant) {
    ends = Dictionary(
      drainings.map { ($0.id, min(ends[$0.id] ?? now + $0.grace, now + $0.grace)) },
      uniquingKeysWith: { first, _ in first })
  }

  /// Whether its time is over.
  public func isOver(_ id: Draining.ID, now: Instant) -> Bool {
    ends[id].map { $0 <= now } ?? false
  }

  /// When the next one's time is over.
  public func next(after now: Instant) -> Instant? {
    ends.values.filter { $0 > now }.min()
  }
}
