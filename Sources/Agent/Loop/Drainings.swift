public import Model

/// Since when destinations have been draining, as remembered between passes.
///
/// A restart forgets it: each destination then gets its whole time again.
public struct Drainings: Hashable, Sendable {
  private var ends: [Draining.ID: Instant] = [:]

  public init() {}

  /// Takes the destinations that drain now; any other has gone, or come back.
  public mutating func update(_ drainings: [Draining], now: Instant) {
    ends = Dictionary(
      drainings.map { ($0.id, min(ends[$0.id] ?? now + $0.grace, now + $0.grace)) },
      uniquingKeysWith: { first, _ in first })
  }

  /// Whether the destination's time is over.
  public func isOver(_ id: Draining.ID, now: Instant) -> Bool {
    ends[id].map { $0 <= now } ?? false
  }

  /// When the next destination's time is over.
  public func next(after now: Instant) -> Instant? {
    ends.values.filter { $0 > now }.min()
  }
}
