public import Model
internal import Synchronization
public import VRRP

/// What other threads may read of a virtual router at any time.
public final class Readings: Sendable {
  private let stateNumber = Atomic<Int>(0)
  private let priorityNumber = Atomic<UInt8>(0)
  private let sentCount = Atomic<UInt64>(0)
  private let receivedCount = Atomic<UInt64>(0)
  private let lateCount = Atomic<UInt64>(0)
  private let latest = Atomic<Int64>(0)
  private let speaksUntil = Atomic<Int64>(0)
  private let discards: InlineArray<24, Atomic<UInt64>> = InlineArray { _ in Atomic(0) }

  init() {}

  public var state: Machine.State {
    Machine.State.allCases[stateNumber.load(ordering: .acquiring)]
  }
  /// Whether it is master, and its thread has advertised lately: where that hangs, peers take over.
  public func isMaster(at now: Instant) -> Bool {
    state == .master && now.nanoseconds < speaksUntil.load(ordering: .relaxed)
  }
  /// The effective one.
  public var priority: UInt8 { priorityNumber.load(ordering: .relaxed) }
  /// Advertisements, one for each peer.
  public var sent: UInt64 { sentCount.load(ordering: .relaxed) }
  /// Those that were heeded.
  public var received: UInt64 { receivedCount.load(ordering: .relaxed) }
  /// How often the thread was late by more than a tenth of the interval.
  public var late: UInt64 { lateCount.load(ordering: .relaxed) }
  /// How late the thread was at most.
  public var maxLateness: Duration { .nanoseconds(latest.load(ordering: .relaxed)) }

  public func discarded(_ reason: Discard.Reason) -> UInt64 {
    discards[reason.rawValue].load(ordering: .relaxed)
  }

  // MARK: - By the speaker's thread

  func set(_ state: Machine.State) {
    stateNumber.store(Machine.State.allCases.firstIndex(of: state)!, ordering: .releasing)
  }

  /// It has just advertised, with an interval of so many nanoseconds.
  func spoke(at now: Instant, interval: Int64) {
    // On a busy machine a thread of short intervals may be late by many of them, and still be master.
    let patience = max(3 * interval, 1_000_000_000)
    speaksUntil.store(now.nanoseconds + patience, ordering: .relaxed)
  }

  func set(priority: UInt8) { priorityNumber.store(priority, ordering: .relaxed) }
  func countSent() { sentCount.add(1, ordering: .relaxed) }
  func countReceived() { receivedCount.add(1, ordering: .relaxed) }
  func count(_ reason: Discard.Reason) { discards[reason.rawValue].add(1, ordering: .relaxed) }

  func note(lateness: Int64, isTooLate: Bool) {
    latest.max(lateness, ordering: .relaxed)
    if isTooLate { lateCount.add(1, ordering: .relaxed) }
  }
}
