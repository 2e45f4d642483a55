import Model
import TestSupport
import Testing

@testable import VRRP

/// Two and three routers through all kinds of faults, then a healed link. 100,000 of each, in a
/// release build:
///
///     VRRP_SEEDS=100000 swift test -c release --filter VRRPTests.SegmentTests
struct SegmentTests {
  /// After healing there is one master, the best one, and there are two for no longer than an
  /// interval.
  @Test(arguments: [2, 3])
  func oneMasterIsLeftAfterTheHealing(routers: Int) {
    for seed in 0..<count("VRRP_SEEDS", 600) {
      var trial = Trial(seed: UInt64(seed), routers: routers)
      if let broken = trial.run(cutting: nil) {
        Issue.record("seed \(seed): \(broken)")
        return
      }
    }
  }

  /// Neighbors of one priority don't become master at the same instant when their master dies.
  @Test(arguments: [2, 3])
  func equalPrioritiesAreNeverTwoMasters(backups: Int) {
    for seed in 0..<count("VRRP_SEEDS", 100) {
      let priorities = Array(repeating: UInt8(100), count: backups) + [200]
      let routers = priorities.map { priority in
        var router = VirtualRouter(id: 1)
        router.priority = priority
        return router
      }
      var segment = Segment(seed: UInt64(seed), routers)
      segment.delay = 50_000
      segment.maxLateness = 50_000
      for i in routers.indices { segment.perform(.start, i) }
      segment.run(until: 20_000_000_000)
      segment.reset()
      segment.perform(seed % 2 == 0 ? .stop : .faulty(true), backups)
      segment.run(until: 60_000_000_000)
      if segment.maxOverlap > 0 || segment.masters.count != 1 {
        Issue.record("seed \(seed): two masters for \(segment.maxOverlap) ns")
        return
      }
    }
  }

  /// Advertisements wait in the socket when the thread runs at last: no false failover.
  @Test(arguments: [Interval(centiseconds: 1)!, .second])
  func backupThatIsHeldUpNeverTakesOver(interval: Interval) {
    for seed in 0..<count("VRRP_SEEDS", 100) {
      let routers = [UInt8(200), 100].map { priority in
        var router = VirtualRouter(id: 1)
        router.priority = priority
        router.interval = interval
        return router
      }
      var segment = Segment(seed: UInt64(seed), routers)
      for i in routers.indices { segment.perform(.start, i) }
      segment.run(until: 5 * interval.nanoseconds)
      for _ in 0..<20 {
        segment.hold(1, for: .random(in: 0...20 * interval.nanoseconds, using: &segment.random))
        let time = Int64.random(in: 0...25 * interval.nanoseconds, using: &segment.random)
        segment.run(until: segment.now + time)
        if segment.masters != [0] {
          Issue.record("seed \(seed): masters \(segment.masters)")
          return
        }
      }
    }
  }

  /// If one family stays broken, in either or both directions, the other one is enough.
  @Test(arguments: [2, 3], Family.allCases)
  func oneFamilyIsEnough(routers: Int, broken family: Family) {
    for seed in 0..<count("VRRP_SEEDS", 300) {
      var trial = Trial(seed: UInt64(seed), routers: routers, bothFamilies: true)
      if let broken = trial.run(cutting: family) {
        Issue.record("seed \(seed): \(broken)")
        return
      }
    }
  }
}

private struct Trial {
  private var segment: Segment
  private var random: SplitMix64
  private let longest: Int64
  /// What a sound network and a sound machine add, at most.
  private let small: Int64
  private let preempts: Bool
  private let delays: Int64

  init(seed: UInt64, routers: Int, bothFamilies: Bool = false) {
    random = SplitMix64(seed ^ 0x5eed)
    let kind = Int.random(in: 0..<4, using: &random)
    let common = UInt16.random(in: 1...300, using: &random)
    preempts = Double.random(in: 0..<1, using: &random) < 0.7
    var list: [VirtualRouter] = []
    for _ in 0..<routers {
      var router = VirtualRouter(id: 1)
      router.version = kind == 0 && !bothFamilies ? .v2 : .v3
      router.families.inet6 = kind > 1 || bothFamilies
      router.families.inet = kind != 3 || bothFamilies
      let own = kind == 1 ? UInt16.random(in: max(common / 8, 1)...common, using: &random) : common
      router.interval = Interval(
        centiseconds: router.version == .v2 ? 100 * (1 + common % 3) : own)!
      router.priority =
        Bool.random(using: &random) ? 100 : [1, 99, 101, 254, 255].randomElement(using: &random)!
      router.preempt = preempts
      if Double.random(in: 0..<1, using: &random) < 0.2 {
        router.preemptDelay = .milliseconds(Int64.random(in: 1...3000, using: &random))
      }
      list.append(router)
    }
    longest = list.map { $0.interval.nanoseconds }.max()!
    small = list.map { $0.interval.nanoseconds }.min()! / 20
    delays = list.map { $0.preemptDelay.wholeNanoseconds }.max()!
    segment = Segment(seed: seed, list)
  }

  private mutating func trouble() {
    let machines = segment.machines.indices
    func flip(_ probability: Double) -> Bool {
      Double.random(in: 0..<1, using: &random) < probability
    }
    segment.loss = flip(0.5) ? 0 : Double.random(in: 0...0.9, using: &random)
    segment.delay = flip(0.5) ? small : Int64.random(in: 0...5 * longest, using: &random)
    segment.maxLateness =
      flip(0.7) ? small : Int64.random(in: 0...5 * longest, using: &random)
    for family in Family.allCases {
      segment.cuts[family] = []
      for i in machines {
        for j in machines where flip(0.4) { segment.cuts[family].insert([i, j]) }
      }
    }
    for i in machines {
      for family in Family.allCases { segment.address(family, i, flip(0.9)) }
      if flip(0.2) { segment.hold(i, for: .random(in: 0...5 * longest, using: &random)) }
      switch Int.random(in: 0..<8, using: &random) {
      case 0: segment.perform(.stop, i)
      case 1: segment.perform(.faulty(true), i)
      case 2: segment.perform(.yield, i)
      case 3: segment.perform(.priority(.random(in: 1...254, using: &random)), i)
      default:
        segment.perform(.start, i)
        segment.perform(.faulty(false), i)
      }
    }
  }

  mutating func run(cutting family: Family?) -> String? {
    for i in segment.machines.indices { segment.perform(.start, i) }
    for _ in 0..<6 {
      trouble()
      segment.run(until: segment.now + Int64.random(in: 0...8 * longest, using: &random))
    }
    heal(family)
    let down = 4 * max(longest, 1_000_000_000 / 4)
    // What is still under way, at most five intervals late, arrives first.
    segment.run(until: segment.now + 5 * longest + small)
    segment.reset()
    // Both masters advertise within an interval; with IPv4 cut, IPv6 decides a master-down time
    // later.
    let most = (family == nil ? longest : 2 * down + longest) + 4 * small
    // One master: a master-down time, another to preempt, the preemption delay; some contests more.
    let decided = segment.now + (family == nil ? 4 : 12) * down + 2 * delays
    segment.run(until: decided)
    if segment.maxOverlap > most {
      return "two masters for \(segment.maxOverlap) ns of \(most) after the healing"
    }
    segment.run(until: segment.now + 6 * longest)
    guard segment.masters.count == 1 else { return "masters: \(segment.masters)" }
    guard segment.reign >= 6 * longest - small else {
      return "the master moved"
    }
    let master = segment.machines[segment.masters[0]]
    if preempts, segment.machines.contains(where: { $0.priority > master.priority }) {
      return "a master of priority \(master.priority), though there is a better one"
    }
    return nil
  }

  private mutating func heal(_ family: Family?) {
    segment.loss = 0
    segment.delay = small
    segment.maxLateness = small
    segment.cuts = PerFamily(both: [])
    let machines = segment.machines.indices
    if let family {
      for i in machines {
        for j in machines where Bool.random(using: &random) {
          segment.cuts[family].insert([i, j])
        }
      }
    }
    for i in machines {
      segment.address(.inet, i, family != .inet || Bool.random(using: &random))
      segment.address(.inet6, i, family != .inet6 || Bool.random(using: &random))
      // Two masters stay two masters here; only one that leaves does so now, and comes back.
      if segment.machines[i].yields != nil { segment.perform(.stop, i) }
      segment.perform(.faulty(false), i)
      segment.perform(.start, i)
    }
  }
}
