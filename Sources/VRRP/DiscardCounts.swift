public import Model

/// Discarded packets by reason, and when a line may be logged: once a minute for each reason.
public struct DiscardCounts: Sendable {
  private var counts: InlineArray<24, UInt64> = .init(repeating: 0)
  private var logged: InlineArray<24, Int64> = .init(repeating: .min)
  private static let pause: Int64 = 60_000_000_000

  public init() {}

  public subscript(reason: Discard.Reason) -> UInt64 { counts[reason.rawValue] }

  /// Counts a packet; returns whether to log it now. The caller leaves that to a thread that may
  /// block.
  public mutating func record(_ reason: Discard.Reason, at now: Instant) -> Bool {
    let index = reason.rawValue
    counts[index] &+= 1
    guard reason.isLogged else { return false }
    let last = logged[index]
    guard last == .min || now.nanoseconds - last >= Self.pause else { return false }
    logged[index] = now.nanoseconds
    return true
  }
}
