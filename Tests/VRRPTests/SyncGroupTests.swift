import Model
import TestSupport
import Testing

@testable import VRRP

/// Virtual routers that move together.
struct SyncGroupTests {
  private static func routers(_ priorities: [UInt8]) -> [VirtualRouter] {
    priorities.map { priority in
      var router = VirtualRouter(id: 1)
      router.priority = priority
      router.syncGroup = "g"
      return router
    }
  }

  /// Two routers with two members each, in this order: the first's, the second's.
  private static func segment(_ priorities: [UInt8]) -> Segment {
    var segment = Segment(seed: 1, routers(priorities), members: 2)
    segment.start()
    segment.run(until: second * 6)
    return segment
  }

  private static let second: Int64 = 1_000_000_000

  @Test func theBetterRouterIsMasterOnBothLinks() {
    #expect(Self.segment([100, 100, 90, 90]).masters == [0, 1])
    #expect(Self.segment([90, 90, 100, 100]).masters == [2, 3])
  }

  /// Rather than to be taken back by whichever link it is worse on.
  @Test func whoeverIsBetterOnOneLinkAloneLeavesTheMasterAlone() {
    var segment = Self.segment([100, 100, 90, 90])
    segment.perform(.priority(200), 2)
    segment.run(until: segment.now + 60 * Self.second)
    #expect(segment.masters == [0, 1])
    segment.perform(.priority(200), 3)
    segment.run(until: segment.now + 6 * Self.second)
    #expect(segment.masters == [2, 3])
  }

  @Test func aFaultOfOneMemberTakesTheOthersOutUntilItIsOver() {
    var segment = Self.segment([100, 100, 90, 90])
    segment.perform(.faulty(true), 0)
    #expect(segment.machines[0].state == .initialize && segment.machines[1].state == .initialize)
    // The peers were told, and needn't wait for a master-down time.
    segment.run(until: segment.now + Self.second)
    #expect(segment.masters == [2, 3])
    // Another fault meanwhile: it isn't over with the first.
    segment.perform(.faulty(true), 1)
    segment.perform(.faulty(false), 0)
    segment.run(until: segment.now + 10 * Self.second)
    #expect(segment.machines[0].state == .initialize)
    segment.perform(.faulty(false), 1)
    segment.run(until: segment.now + 6 * Self.second)
    #expect(segment.masters == [0, 1])
  }

  @Test func aMemberWithoutAnAddressTakesTheOthersOut() {
    var segment = Self.segment([100, 100, 90, 90])
    segment.address(.inet, 1, false)
    // Without an address, nothing can tell the peers on that link.
    segment.run(until: segment.now + 5 * Self.second)
    #expect(segment.masters == [2, 3])
    segment.address(.inet, 1, true)
    segment.run(until: segment.now + 6 * Self.second)
    #expect(segment.masters == [0, 1])
  }

  @Test func aBackupOfACutLinkWaitsForTheOther() {
    var segment = Self.segment([100, 100, 90, 90])
    segment.cuts.inet = [[1, 3], [3, 1]]
    segment.run(until: segment.now + 20 * Self.second)
    #expect(segment.masters == [0, 1])
    #expect(segment.machines[3].wantsMaster)
  }

  @Test func anOwnerOfOneLinkWaitsForTheOther() {
    #expect(Self.segment([255, 90, 100, 100]).masters == [2, 3])
    #expect(Self.segment([255, 100, 90, 90]).masters == [0, 1])
  }

  @Test func oneThatYieldsLeavesAllOfThem() {
    var segment = Self.segment([100, 100, 90, 90])
    segment.perform(.yield, 0)
    segment.perform(.yield, 1)
    segment.run(until: segment.now + 2 * Self.second)
    #expect(segment.masters == [2, 3])
  }

  @Test func whoeverLeavesTheGroupMovesAlone() {
    var segment = Self.segment([100, 90, 90, 100])
    let together = segment.masters
    #expect(together == [0, 1] || together == [2, 3])
    for i in segment.machines.indices { segment.configure(i) { $0.syncGroup = nil } }
    segment.run(until: segment.now + 6 * Self.second)
    #expect(segment.masters == [0, 3])
  }

  /// Through all kinds of faults; the members of each router agree at every moment, and after the
  /// healing one router is master on all links.
  @Test(arguments: [2, 3])
  func oneRouterIsMasterOfAllAfterTheHealing(members: Int) {
    for seed in 0..<count("VRRP_SEEDS", 300) {
      if let broken = trial(UInt64(seed), members: members) {
        Issue.record("seed \(seed): \(broken)")
        return
      }
    }
  }

  private func trial(_ seed: UInt64, members: Int) -> String? {
    var random = SplitMix64(seed ^ 0x5eed)
    let isMixed = seed % 4 == 0
    var priorities: [UInt8] = []
    for _ in 0..<2 {
      let common = UInt8.random(in: 1...254, using: &random)
      for _ in 0..<members {
        priorities.append(isMixed ? .random(in: 1...255, using: &random) : common)
      }
    }
    var routers = Self.routers(priorities)
    for i in routers.indices { routers[i].interval = Interval(centiseconds: 50)! }
    var segment = Segment(seed: seed, routers, members: members)
    let interval = routers[0].interval.nanoseconds
    segment.start()
    for _ in 0..<8 {
      segment.loss = Bool.random(using: &random) ? 0 : .random(in: 0...0.9, using: &random)
      segment.delay = .random(in: 0...2 * interval, using: &random)
      segment.maxLateness = .random(in: 0...2 * interval, using: &random)
      segment.cuts.inet = []
      for i in routers.indices {
        for j in routers.indices where Int.random(in: 0..<3, using: &random) == 0 {
          segment.cuts.inet.insert([i, j])
        }
        switch Int.random(in: 0..<8, using: &random) {
        case 0: segment.perform(.faulty(true), i)
        case 1: segment.address(.inet, i, Bool.random(using: &random))
        case 2: segment.perform(.faulty(false), i)
        default: break
        }
      }
      for _ in 0..<8 {
        segment.run(until: segment.now + .random(in: 0...interval, using: &random))
        for router in 0..<2 {
          let states = (0..<members).map { segment.machines[router * members + $0].state }
          if states.contains(.master), Set(states).count > 1 {
            return "router \(router): \(states)"
          }
        }
      }
    }
    (segment.loss, segment.delay, segment.maxLateness) = (0, 50_000, 50_000)
    segment.cuts.inet = []
    for i in routers.indices {
      segment.address(.inet, i, true)
      segment.perform(.faulty(false), i)
    }
    segment.run(until: segment.now + 60 * interval)
    let groups = [Array(0..<members), Array(members..<2 * members)]
    let masters = segment.masters
    guard groups.contains(masters) else { return "masters: \(masters) of \(priorities)" }
    segment.run(until: segment.now + 60 * interval)
    if segment.masters != masters { return "the masters moved: \(priorities)" }
    if !isMixed, priorities[0] != priorities[members] {
      let best = priorities[0] > priorities[members] ? 0 : 1
      if masters != groups[best] { return "the worse one is master: \(priorities)" }
    }
    return nil
  }
}
