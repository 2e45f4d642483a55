import Blueprints
import JSON
import Model
import Testing

@testable import Agent

struct DropTotalsTests {
  private static let reasons = [Gateways.Drop.falseSource, .leak].map {
    DropCounters.Reason($0.rawValue, meaning: $0.meaning)
  }
  private static let now = WallClock(seconds: 1_782_875_565, milliseconds: 120)

  private static func packets(_ totals: DropTotals) -> [UInt64] { totals.list.map(\.packets) }

  /// A new table, or a counter that somebody resets, doesn't lower the total.
  @Test func totalsOnlyGrow() {
    var totals = DropTotals(of: "gateways")
    for (counter, total) in [(7, 7), (7, 7), (10, 10), (0, 10), (2, 12), (1, 13)]
      as [(UInt64, UInt64)]
    {
      totals.read(["false_source": counter, "another": 9], of: Self.reasons, at: Self.now)
      #expect(Self.packets(totals) == [total, 0])
    }
    totals.read([:], of: Self.reasons, at: Self.now)
    #expect(Self.packets(totals) == [13, 0])
  }

  /// What the kernel counted before the start has no time.
  @Test func theTimeIsThatOfTheLastGrowth() {
    var totals = DropTotals(of: "gateways")
    totals.read(["leak": 3], of: Self.reasons, at: Self.now)
    #expect(totals.list.map(\.last) == [nil, nil])
    totals.read(["leak": 4], of: Self.reasons, at: Self.now)
    #expect(totals.list.map(\.last) == [nil, Self.now])
  }

  @Test func statusAndMetricsShowTheTotals() throws {
    let store = StatusStore(path: "router.json")
    store.countDrops(["false_source": 1, "leak": 2], of: Self.reasons, "gateways")
    store.countDrops(["false_source": 1, "leak": 4], of: Self.reasons, "gateways")
    let metrics = store.metrics.text.split(separator: "\n")
    #expect(metrics.contains("vpngw_gateways_dropped_packets_total{reason=\"false_source\"} 1"))
    #expect(metrics.contains("vpngw_gateways_dropped_packets_total{reason=\"leak\"} 4"))
    let document = try Document(Array(store.status.tree().text().utf8))
    let text = withExtendedLifetime(document) { StatusTable(document.root).text }
    let lines = text.split(separator: "\n").filter { $0.hasPrefix("dropped") }
    #expect(lines.count == 2)
    #expect(lines.first?.hasPrefix("dropped     1 packet: false_source: from a VPN link") == true)
    #expect(lines.last?.hasPrefix("dropped     4 packets, the last at 2") == true)
    store.keepDrops(of: [])
    #expect(store.status.drops.isEmpty)
  }
}
