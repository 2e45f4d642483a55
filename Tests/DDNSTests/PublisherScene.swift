import Addressing
import Model

@testable import DDNS

/// Holds what is published, answers requests, and fails as it is told.
struct World {
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

struct Fake: Provider {
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
struct Scene {
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

extension Scene {
  func with(_ change: (inout Scene) -> Void) -> Scene {
    var copy = self
    change(&copy)
    return copy
  }
}
