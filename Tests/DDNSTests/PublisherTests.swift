import Addressing
import Model
import TestSupport
import Testing

@testable import DDNS

/// Holds what is published, answers requests, and fails as it is told.
private struct World {
  enum Fault: CaseIterable {
    case refused, lostAnswer, half, slowDown, forbidden
  }

  var zone: [RecordType: RecordSet] = [:]
  var faults: [Fault] = []
  var writes = 0

  mutating func answer(_ request: Request) throws(ProviderError) -> Answer {
    guard case .command(let command) = request else { preconditionFailure() }
    let fault = faults.popLast()
    switch fault {
    case .refused: throw ProviderError("refused")
    case .slowDown: throw ProviderError("slow down", retryAfter: .seconds(90))
    case .forbidden: throw ProviderError("forbidden", isPermanent: true)
    case .half, .lostAnswer, nil: break
    }
    if command.words[0] == "set" {
      writes += 1
      let type = RecordType(rawValue: command.words[1])!
      var values = command.words.dropFirst(3).map { RecordValue($0, type: type)! }
      if fault == .half, !values.isEmpty { values.removeLast() }
      let set = RecordSet(Fake.record, type, ttl: UInt32(command.words[2]), values)
      zone[type] = set.isEmpty ? nil : set
    }
    if fault != nil { throw ProviderError("no answer") }
    let lines = zone.values.flatMap { set in
      set.values.map { "\(set.type.rawValue) \(set.ttl ?? 0) \($0.text)" }
    }
    return .command(CommandResult(status: 0, output: Array(lines.joined(separator: "\n").utf8)))
  }

  mutating func carryOut<Value>(_ exchange: Exchange<Value>) -> Result<Value, ProviderError> {
    var exchange = exchange
    do throws(ProviderError) {
      while case .ask(let request, let next) = exchange { exchange = try next(answer(request)) }
    } catch {
      return .failure(error)
    }
    guard case .done(let value) = exchange else { preconditionFailure() }
    return .success(value)
  }
}

private struct Fake: Provider {
  static let name = "fake"
  static let keys: [ProviderKey] = []
  static let record = RecordName("vpn.example.org")!

  static func limits(_ settings: ProviderSettings) -> ProviderLimits { ProviderLimits() }
  init(_ settings: ProviderSettings, _ context: ProviderContext) {}

  func published(
    _ name: RecordName, _ types: Set<RecordType>
  ) throws(ProviderError) -> Exchange<[RecordSet]> {
    .command(CommandRequest(words: ["get"])) { result throws(ProviderError) in
      var sets: [RecordType: (UInt32, [RecordValue])] = [:]
      for line in String(decoding: result.output, as: UTF8.self).split(separator: "\n") {
        let words = line.split(separator: " ", maxSplits: 2).map(String.init)
        let type = RecordType(rawValue: words[0])!
        sets[type, default: (UInt32(words[1])!, [])].1.append(RecordValue(words[2], type: type)!)
      }
      return .done(
        sets.filter { types.contains($0.key) }.map {
          RecordSet(name, $0.key, ttl: $0.value.0, $0.value.1)
        })
    }
  }

  func replace(_ old: RecordSet?, by new: RecordSet?) throws(ProviderError) -> Exchange<Void> {
    let words = ["set", (new ?? old)!.type.rawValue, "\(new?.ttl ?? 0)"]
    return .command(CommandRequest(words: words + (new?.values.map(\.text) ?? []))) { _ in
      .done(())
    }
  }
}

/// A publisher, its world, and what its signals say.
private struct Scene {
  var publisher: Publisher
  var world = World()
  var signals: [Signal: Signal.State] = [:]
  var readings: [Signal: SignalReading] = [:]
  var now = Instant(nanoseconds: 1_000_000_000_000)

  static let vip = Signal(.vrrp, "clients")
  static let context = ProviderContext(time: 0, random: 0)
  static let settings = ProviderSettings(type: "fake", [:])

  init(seed: UInt64 = 1, _ change: (inout Publication) -> Void = { _ in }) {
    var publication = Publication(
      "vpn", Fake.record, .addresses([.a, .aaaa]), provider: Self.settings)
    publication.when = .signal(Self.vip)
    publication.ttl = 30
    publication.source = .probes((0..<4).map(Self.gateway))
    publication.learn([])
    change(&publication)
    publisher = Publisher(publication, seed: seed)
    signals[Self.vip] = .up
    for number in 0..<4 {
      signals[Self.gateway(number)] = .up
      read(number, address(number))
    }
  }

  static func gateway(_ number: Int) -> Signal { Signal(.probe, "gw\(number)") }

  func address(_ number: Int) -> IPAddress { IPAddress("198.51.100.\(number)")! }

  mutating func read(_ number: Int, _ addresses: IPAddress...) {
    readings[Self.gateway(number)] = SignalReading(publicAddresses: addresses)
  }

  /// Makes one attempt if one is due.
  @discardableResult
  mutating func attempt() -> Bool {
    publisher.follow(signals, reading: readings, now)
    guard let attempt = publisher.begin(now) else { return false }
    let exchange = try! publisher.publication.exchange(
      attempt, with: Fake(Self.settings, Self.context), Self.context)
    now += .milliseconds(5)
    publisher.end(world.carryOut(exchange), now)
    return true
  }

  /// Until nothing is left to do within this time.
  mutating func settle(within duration: Duration = .seconds(1)) {
    let end = now + duration
    publisher.follow(signals, reading: readings, now)
    for _ in 0..<1000 {
      guard let next = publisher.next, next <= end else { break }
      now = max(now, next)
      attempt()
    }
    now = max(now, end)
  }

  var published: [String] { world.zone[.a]?.values.map(\.text) ?? [] }
}

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

extension Scene {
  fileprivate func with(_ change: (inout Scene) -> Void) -> Scene {
    var copy = self
    change(&copy)
    return copy
  }
}

struct WantedTests {
  private static let members = [
    PublicMember(probe: Signal(.probe, "gw0")), PublicMember(probe: Signal(.probe, "gw1")),
  ]

  private func texts(_ records: Publication.Records) -> [String] {
    var publication = Publication("x", Fake.record, records, provider: Scene.settings)
    publication.members = Self.members
    let readings = [
      Signal(.probe, "gw0"): SignalReading(
        publicAddresses: [IPAddress("198.51.100.7")!], forwardedPorts: [4242, 4243]),
      Signal(.probe, "gw1"): SignalReading(
        publicAddresses: [IPAddress("198.51.100.9")!], forwardedPorts: []),
    ]
    let signals = Dictionary(uniqueKeysWithValues: readings.keys.map { ($0, Signal.State.up) })
    guard case .values(let values) = publication.wanted(given: signals, reading: readings) else {
      return []
    }
    return values.values.flatMap(\.self).map(\.text)
  }

  @Test func servicesHaveTheForwardedPorts() {
    #expect(
      texts(
        .services(
          priority: 1, weight: 2, port: .forwarded, target: Template("{gateway}.vpn.example.org")!))
        == ["1 2 4242 gw0.vpn.example.org.", "1 2 4243 gw0.vpn.example.org."])
  }

  @Test func textsNameWhatTheyLike() {
    #expect(
      texts(.texts(Template("{gateway}={address}")!))
        == ["\"gw0=198.51.100.7\"", "\"gw1=198.51.100.9\""])
    #expect(texts(.texts(Template("port={port}")!)) == ["\"port=4242\"", "\"port=4243\""])
    #expect(Template("{host}") == nil && Template("a}") == nil && Template("{port") == nil)
  }

  @Test func bindingsHaveHints() {
    var binding = Publication.Binding()
    binding.protocols = ["h2"]
    binding.port = .forwarded
    binding.hasHints = true
    #expect(
      texts(.bindings(binding)) == [
        "1 . alpn=\"h2\" port=4242 ipv4hint=198.51.100.7",
        "1 . alpn=\"h2\" port=4243 ipv4hint=198.51.100.7",
      ])
  }
}
