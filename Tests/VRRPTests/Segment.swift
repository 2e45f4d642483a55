import Model
import TestSupport

@testable import VRRP

/// Virtual routers on one link, or on one for each member of their sync groups, that loses, delays and
/// cuts packets: the real machines in simulated time.
struct Segment {
  private struct Packet {
    var arrives: Int64
    var to: Int
    var advertisement: Advertisement
    var source: IPAddress
  }

  var random: SplitMix64
  private(set) var now: Int64 = 0
  private(set) var machines: [Machine] = []
  private var packets: [Packet] = []
  /// How late each machine's thread runs after its next deadline.
  private var lateness: [Int64] = []
  /// Until when each machine's thread is held up: it reads no packet and notices no deadline.
  private var heldUntil: [Int64] = []
  private let addresses: [PerFamily<IPAddress>]
  private var primaries: [PerFamily<IPAddress?>]

  var loss = 0.0
  /// The maximum, in nanoseconds.
  var delay: Int64 = 0
  var maxLateness: Int64 = 0
  /// Directions that are cut, by family: from, to.
  var cuts = PerFamily<Set<[Int]>>(both: [])

  /// For how long there have been two masters without a pause, now and at most since `reset`.
  private(set) var overlap: Int64 = 0
  private(set) var maxOverlap: Int64 = 0
  /// For how long there has been one and the same master without a pause.
  private(set) var reign: Int64 = 0
  private var reigning: [Int] = []

  /// How many virtual routers each sync group has: these are neighbors among the machines, and each has a
  /// link of its own.
  private let members: Int

  init(seed: UInt64, _ routers: [VirtualRouter], members: Int = 1) {
    self.members = members
    random = SplitMix64(seed)
    machines = routers.map { Machine($0) }
    lateness = routers.map { _ in 0 }
    heldUntil = lateness
    // In IPv6 the order of the addresses differs.
    var six = Array(1...routers.count)
    six.shuffle(using: &random)
    addresses = routers.indices.map {
      PerFamily(
        inet: IPAddress(v4: 0x0a00_0001 + UInt32($0)),
        inet6: IPAddress(v6High: 0xfe80 << 48, low: UInt64(six[$0])))
    }
    primaries = routers.map { _ in PerFamily(both: nil) }
    for i in machines.indices { for family in Family.allCases { address(family, i, true) } }
  }

  /// Gives a router its address in a family, or removes it.
  mutating func address(_ family: Family, _ i: Int, _ isThere: Bool) {
    guard machines[i].router.families[family] else { return }
    primaries[i][family] = isThere ? addresses[i][family] : nil
    perform(.primary(family, primaries[i][family]), i)
  }

  var masters: [Int] { machines.indices.filter { machines[$0].state == .master } }

  mutating func reset() {
    maxOverlap = 0
    overlap = 0
  }

  mutating func perform(_ event: Event, _ i: Int) {
    carryOut(event, i)
    settle(i)
  }

  /// Starts all of them, the members of a group in one turn.
  mutating func start() {
    for i in machines.indices { carryOut(.start, i) }
    for i in machines.indices { settle(i) }
  }

  private mutating func settle(_ i: Int) {
    let group = i / members * members..<(i / members + 1) * members
    if machines[i].router.syncGroup == nil { return }
    while let (member, event) = SyncGroup.next(machines[group]) {
      carryOut(event, group.lowerBound + member)
    }
  }

  private mutating func carryOut(_ event: Event, _ i: Int) {
    let step = machines[i].step(event, at: Instant(nanoseconds: now))
    lateness[i] = maxLateness > 0 ? Int64.random(in: 0...maxLateness, using: &random) : 0
    guard let priority = step.advertisement else { return }
    var advertisement = Advertisement(priority: priority, interval: machines[i].router.interval)
    advertisement.priority = priority
    for family in Family.allCases {
      guard let source = primaries[i][family] else { continue }
      for j in machines.indices
      where j != i && j % members == i % members && machines[j].router.families[family] {
        guard !cuts[family].contains([i, j]), Double.random(in: 0..<1, using: &random) >= loss
        else { continue }
        packets.append(
          Packet(
            arrives: now + Int64.random(in: 0...delay, using: &random), to: j,
            advertisement: advertisement, source: source))
      }
    }
  }

  /// Changes a router's configuration.
  mutating func configure(_ i: Int, _ change: (inout VirtualRouter) -> Void) {
    var router = machines[i].router
    change(&router)
    _ = machines[i].configure(router, at: Instant(nanoseconds: now))
  }

  mutating func hold(_ i: Int, for time: Int64) { heldUntil[i] = now + time }

  /// Runs until `end`. A thread that runs reads its socket first.
  mutating func run(until end: Int64) {
    while true {
      var next = end
      var who: Int?
      for i in machines.indices {
        guard let deadline = machines[i].nextDeadline else { continue }
        let turn = max(deadline.nanoseconds + lateness[i], heldUntil[i], now)
        if turn < next { (next, who) = (turn, i) }
      }
      var arrived: Int?
      for (index, packet) in packets.enumerated() {
        let read = max(packet.arrives, heldUntil[packet.to])
        if read < next || read == next && arrived == nil { (next, arrived) = (read, index) }
      }
      pass(next - now)
      now = next
      if let arrived {
        let packet = packets.remove(at: arrived)
        perform(.received(packet.advertisement, from: packet.source), packet.to)
      } else if let who {
        perform(.elapsed, who)
      } else {
        return
      }
    }
  }

  private mutating func pass(_ time: Int64) {
    let masters = masters
    overlap = masters.count > 1 ? overlap + time : 0
    maxOverlap = max(maxOverlap, overlap)
    reign = masters.count == 1 && masters == reigning ? reign + time : 0
    reigning = masters
  }
}
