import Addressing
import Model
import TestSupport
import Testing

@testable import DDNS

struct PublisherTests {
  @Test func theSetIsThatOfTheLiveGateways() {
    var scene = Scene()
    scene.settle()
    #expect(scene.published == (0..<4).map { "198.51.100.\($0)" })
    #expect(scene.world.zone[.a]?.ttl == 30)
    scene.signals[Scene.gateway(2)] = .down
    scene.settle()
    #expect(scene.published == ["198.51.100.0", "198.51.100.1", "198.51.100.3"])
    scene.read(1, IPAddress("203.0.113.9")!, IPAddress("2001:db8::9")!)
    scene.settle()
    #expect(scene.published == ["198.51.100.0", "198.51.100.3", "203.0.113.9"])
    #expect(scene.world.zone[.aaaa]?.values.map(\.text) == ["2001:db8::9"])
    scene.read(1, IPAddress("203.0.113.9")!)
    scene.settle()
    #expect(scene.world.zone[.aaaa] == nil)
  }

  @Test func nothingIsWrittenThatIsThereAlready() {
    var scene = Scene()
    scene.settle()
    let writes = scene.world.writes
    scene = Scene().with { $0.world.zone = scene.world.zone }
    scene.settle(within: .seconds(3600))
    #expect(scene.world.writes == 0 && writes == 1)
    #expect(scene.publisher.skips[.unchanged] ?? 0 >= 12)
  }

  @Test func whatOthersChangeIsPutBack() {
    var scene = Scene()
    scene.settle()
    scene.world.zone[.a] = RecordSet(Fake.record, .a, ttl: 30, [.address(scene.address(9))])
    scene.world.zone[.aaaa] = RecordSet(
      Fake.record, .aaaa, ttl: 30, [.address(IPAddress("2001:db8::1")!)])
    scene.settle(within: .seconds(301))
    #expect(scene.published.count == 4 && scene.world.zone[.aaaa] == nil)
    scene.world.zone[.a] = scene.world.zone[.a].map { set in
      var set = set
      set.ttl = 3600
      return set
    }
    scene.settle(within: .seconds(301))
    #expect(scene.world.zone[.a]?.ttl == 30)
  }

  @Test func nothingIsWrittenWhileSignalsAreUnknown() {
    var scene = Scene()
    scene.signals[Scene.gateway(3)] = .unknown
    scene.settle(within: .seconds(600))
    #expect(scene.world.writes == 0 && scene.publisher.wanted == .unknown([Scene.gateway(3)]))
    scene.signals[Scene.gateway(3)] = .down
    scene.signals[Scene.vip] = nil
    scene.settle(within: .seconds(600))
    #expect(scene.world.writes == 0)
    scene.signals[Scene.vip] = .up
    scene.settle()
    #expect(scene.published.count == 3)
  }

  @Test func onlyTheMasterWritesAndReadsAnewOnceItIsMasterAgain() {
    var scene = Scene()
    scene.settle()
    scene.signals[Scene.vip] = .down
    scene.settle()
    // The other router publishes what it sees.
    scene.world.zone[.a] = RecordSet(Fake.record, .a, ttl: 30, [.address(scene.address(0))])
    scene.settle(within: .seconds(3600))
    #expect(scene.published == ["198.51.100.0"] && scene.world.writes == 1)
    scene.signals[Scene.vip] = .up
    scene.settle()
    #expect(scene.published.count == 4)
  }

  @Test func anAttemptInProgressEndsWithTheMastership() {
    var scene = Scene()
    scene.publisher.follow(scene.signals, reading: scene.readings, scene.now)
    #expect(scene.publisher.begin(scene.now) != nil && scene.publisher.mayGoOn)
    scene.signals[Scene.vip] = .down
    scene.publisher.follow(scene.signals, reading: scene.readings, scene.now)
    #expect(!scene.publisher.mayGoOn && scene.publisher.next == nil)
    scene.publisher.end(.failure(ProviderError("no longer wanted")), scene.now)
    #expect(scene.publisher.failure == nil)
  }

  @Test(arguments: [
    (Publication.Empty.keep, ["198.51.100.0", "198.51.100.1", "198.51.100.2", "198.51.100.3"]),
    (.remove, []), (.fallback([IPAddress("192.0.2.80")!]), ["192.0.2.80"]),
  ]) func withoutALiveGatewayTheFileDecides(_ empty: Publication.Empty, _ expected: [String]) {
    var scene = Scene { $0.empty = empty }
    scene.settle()
    for number in 0..<4 { scene.signals[Scene.gateway(number)] = .down }
    scene.settle()
    #expect(scene.published == expected)
    for number in 0..<4 { scene.signals[Scene.gateway(number)] = .up }
    scene.settle()
    #expect(scene.published.count == 4)
  }

  @Test func failuresAreRetriedAfterGrowingWaits() {
    var scene = Scene()
    scene.world.faults = Array(repeating: .refused, count: 5)
    var waits: [Double] = []
    for _ in 0..<5 {
      scene.attempt()
      let next = scene.publisher.next!
      waits.append((next - scene.now).inSeconds)
      scene.now = next
    }
    for (wait, most) in zip(waits, [1.0, 2, 4, 8, 16]) {
      #expect((0.75 * most...most).contains(wait))
    }
    #expect(scene.published == [])
    scene.attempt()
    #expect(scene.published.count == 4 && scene.publisher.failure == nil)
  }

  @Test func theProviderMayAskForALongerWait() {
    var scene = Scene()
    scene.world.faults = [.slowDown]
    scene.settle(within: .seconds(89))
    #expect(scene.published == [] && scene.publisher.failure?.message == "slow down")
    scene.settle(within: .seconds(2))
    #expect(scene.published.count == 4)
  }

  @Test func twoRoutersDontTryAtOnce() {
    let waits = (1...2).map { seed -> Instant? in
      var scene = Scene(seed: UInt64(seed))
      scene.world.faults = [.refused]
      scene.attempt()
      return scene.publisher.next
    }
    #expect(waits[0] != waits[1])
  }

  @Test func aLimitKeepsThoseThatArePublished() {
    var scene = Scene { $0.most = 2 }
    scene.settle()
    #expect(scene.published == ["198.51.100.0", "198.51.100.1"])
    scene.signals[Scene.gateway(0)] = .down
    scene.settle()
    #expect(scene.published == ["198.51.100.1", "198.51.100.2"])
    scene.signals[Scene.gateway(0)] = .up
    scene.settle()
    #expect(scene.published == ["198.51.100.1", "198.51.100.2"])
    // Another start, or another router.
    scene = Scene { $0.most = 2 }.with { $0.world.zone = scene.world.zone }
    scene.settle(within: .seconds(600))
    #expect(scene.published == ["198.51.100.1", "198.51.100.2"] && scene.world.writes == 0)
  }

  @Test func writesKeepTheirDistance() {
    var scene = Scene { $0.pause = .seconds(30) }
    scene.settle()
    scene.signals[Scene.gateway(0)] = .down
    scene.settle(within: .seconds(25))
    #expect(scene.published.count == 4)
    scene.settle(within: .seconds(6))
    #expect(scene.published.count == 3)
  }

  @Test func aRefreshWritesWhatIsThereAlready() {
    var scene = Scene { $0.refresh = .seconds(86_400) }
    scene.settle(within: .seconds(86_500))
    #expect(scene.world.writes == 2)
    var empty = Scene {
      $0.refresh = .seconds(60)
      $0.empty = .remove
    }
    for number in 0..<4 { empty.signals[Scene.gateway(number)] = .down }
    empty.settle(within: .seconds(3600))
    #expect(empty.world.writes == 0)
  }

  @Test func oneFailedQuestionForAnAddressRemovesNothing() {
    var scene = Scene()
    scene.settle()
    scene.read(1)
    scene.settle(within: .seconds(50))
    #expect(scene.published.count == 4)
    scene.settle(within: .seconds(20))
    #expect(scene.published.count == 3)
    scene.read(1, scene.address(1))
    scene.settle()
    scene.signals[Scene.gateway(1)] = .down
    scene.read(1)
    scene.settle()
    scene.signals[Scene.gateway(1)] = .up
    scene.settle()
    #expect(scene.published.count == 3, "the address before it went down says nothing")
  }

  @Test func aRestartRemovesNothingWhoseAddressIsNotKnownYet() {
    var scene = Scene()
    scene.settle()
    scene = Scene().with { $0.world.zone = scene.world.zone }
    scene.readings[Scene.gateway(2)] = nil
    scene.settle(within: .seconds(10))
    #expect(scene.world.writes == 0 && scene.publisher.wanted == .unknown([Scene.gateway(2)]))
    var later = scene
    later.read(2, later.address(2))
    later.settle(within: .seconds(600))
    #expect(later.world.writes == 0 && later.published.count == 4)
    // It says nothing at all.
    scene.settle(within: .seconds(6))
    #expect(scene.published == ["198.51.100.0", "198.51.100.1", "198.51.100.3"])
    // One that joins later holds nothing up.
    scene.signals[Scene.gateway(1)] = .down
    scene.settle()
    #expect(scene.published == ["198.51.100.0", "198.51.100.3"])
  }

  /// Whatever fails, whoever interferes: once all is well again, the right set is published.
  @Test(arguments: 0..<200) func everyFaultSequenceEndsInTheRightSet(_ seed: UInt64) {
    var random = SplitMix64(seed)
    var scene = Scene(seed: seed) {
      $0.empty = [.keep, .remove, .fallback([IPAddress("192.0.2.80")!])].randomElement(
        using: &random)!
      $0.pause = [.zero, .seconds(7)].randomElement(using: &random)!
      $0.most = [nil, 2].randomElement(using: &random)!
      $0.refresh = [nil, .seconds(600)].randomElement(using: &random)!
    }
    for _ in 0..<40 {
      let number = Int.random(in: 0..<4, using: &random)
      switch Int.random(in: 0..<8, using: &random) {
      case 0: scene.signals[Scene.gateway(number)] = .down
      case 1: scene.signals[Scene.gateway(number)] = .up
      case 2: scene.signals[Scene.gateway(number)] = .unknown
      case 3: scene.read(number, scene.address(Int.random(in: 0..<9, using: &random)))
      case 4: scene.signals[Scene.vip] = [.up, .down, .unknown].randomElement(using: &random)!
      case 5:
        scene.world.zone[.a] = RecordSet(
          Fake.record, .a, ttl: [30, 60].randomElement(using: &random)!,
          [.address(scene.address(Int.random(in: 0..<9, using: &random)))])
      case 6:
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          scene.world.faults.append(World.Fault.allCases.randomElement(using: &random)!)
        }
      default:
        scene.settle(within: .milliseconds(Int64.random(in: 1...60_000, using: &random)))
      }
      if Bool.random(using: &random) { scene.attempt() }
    }
    scene.world.faults = []
    scene.signals[Scene.vip] = .up
    for number in 0..<4 where scene.signals[Scene.gateway(number)] == .unknown {
      scene.signals[Scene.gateway(number)] = .up
    }
    scene.settle(within: .seconds(7200))
    guard case .values(let wanted) = scene.publisher.wanted else {
      Issue.record("nothing is wanted")
      return
    }
    let values = wanted[.a] ?? []
    if values.isEmpty, scene.publisher.publication.empty != .remove { return }
    #expect(scene.published.count == min(values.count, scene.publisher.publication.most ?? 4))
    #expect(Set(scene.published).isSubset(of: values.map(\.text)))
    if scene.publisher.publication.most == nil {
      #expect(scene.published == values.sorted().map(\.text))
    }
    #expect(scene.publisher.failure == nil)
    let next = scene.publisher.next
    #expect(next.map { $0 > scene.now } ?? true)
  }
}
