import JSON
import Model

/// Packets that a blueprint's nftables dropped, as totals that only grow.
///
/// The kernel's counters start again with their table, and when somebody resets them: a counter
/// below its last value has counted from zero. What was counted between the last reading and the
/// reset is lost. When the daemon starts, the totals are the kernel's.
struct DropTotals: Sendable {
  struct Drop: Sendable {
    let reason: DropCounters.Reason
    private(set) var packets: UInt64 = 0
    /// When the total last grew; nil: not since the daemon's start.
    private(set) var last: WallClock?
    /// The counter as it was last read.
    private var counter: UInt64?

    init(_ reason: DropCounters.Reason) { self.reason = reason }

    fileprivate mutating func read(_ counter: UInt64, at now: WallClock) {
      let growth = self.counter.map { counter >= $0 ? counter - $0 : counter } ?? counter
      if growth > 0, self.counter != nil { last = now }
      packets += growth
      self.counter = counter
    }

    var tree: Tree {
      var members: [(String, Tree)] = [
        ("reason", .string(reason.name)), ("packets", .integer(Int(clamping: packets))),
      ]
      if let group = reason.group { members.append(("group", .string(group))) }
      if let last { members.append(("last", .string(last.text))) }
      members.append(("meaning", .string(reason.meaning)))
      return .object(members)
    }
  }

  let section: String
  private(set) var list: [Drop] = []

  init(of section: String) { self.section = section }

  /// `counters` are the kernel's, by name; a missing counter has counted nothing.
  mutating func read(
    _ counters: [String: UInt64], of reasons: [DropCounters.Reason], at now: WallClock
  ) {
    list = reasons.map { reason in
      var drop = list.first { $0.reason == reason } ?? Drop(reason)
      drop.read(counters[reason.counter] ?? 0, at: now)
      return drop
    }
  }
}
