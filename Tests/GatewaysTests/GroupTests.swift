import Blueprints
import Model
import Netlink
import Nftables
import TestSupport
import Testing

extension Seed {
  static let narrow = IPAddress("192.168.24.10")!
  static let narrow6 = IPAddress("fd24::10")!

  /// Four gateways for all clients but one, which has a gateway of its own.
  static func groups(
    _ balance: Gateways.Balance = .consistent(buckets: 16), vips: Bool = true
  ) -> Gateways {
    var pool = gateways(4, balance: balance, ipv6: true, vips: vips).groups[0]
    pool.name = "pool"
    var member = Gateways.Member(
      "stable", [IPAddress("192.168.25.140")!, IPAddress("fd24::258c")!])
    if vips { member.vips = [IPAddress("192.168.26.140")!, IPAddress("fd24::268c")!] }
    member.mtu = 1380
    var egress = Gateways.Egress(from: [Prefix(narrow), Prefix(narrow6)])
    egress.balance = .single
    egress.isSticky = true
    var stable = Gateways.Group("stable", link: link, members: [member], egress: egress)
    stable.mtu = 1420
    stable.numbers = pool.numbers.following
    var gateways = Gateways([pool, stable])
    gateways.learn([from, from6].map { Address($0, link: link) })
    return gateways
  }
}

@Suite struct GroupTests {
  private static func send(
    _ flows: [Flow], in bed: Bed, _ segment: Flow.Segment = .syn
  ) throws -> [Flow.Key: IPAddress] {
    try bed.client.run { for flow in flows { try flow.send(segment) } }
    return try bed.ways()
  }

  /// Flows of the client with the gateway of its own, and of another client.
  private static func flows(from port: Int) -> (narrow: [Flow], wide: [Flow]) {
    let all = Flow.some(40, from: port)
    let others = Flow.some(40, from: port + 1000).map { flow in
      var flow = flow
      flow.source =
        flow.destination.family == .inet
        ? IPAddress("192.168.24.11")! : IPAddress("fd24::11")!
      return flow
    }
    return (all, others)
  }

  @Test(
    arguments: [Gateways.Balance.consistent(buckets: 256), .single, .ecmp(.init())], [true, false])
  func eachClientLeavesByItsOwnGroupOrNotAtAll(balance: Gateways.Balance, vips: Bool) throws {
    let gateways = Seed.groups(balance, vips: vips)
    let own = gateways.groups.map { Set($0.members.flatMap(\.addresses)) }
    try Bed.with(gateways) { bed in
      try bed.apply(gateways.expanded(up: gateways.names))
      let (narrow, wide) = Self.flows(from: 20_000)
      let ways = try Self.send(narrow + wide, in: bed)
      #expect(ways.count == narrow.count + wide.count)
      #expect(narrow.allSatisfy { own[1].contains(ways[$0.key]!) })
      #expect(wide.allSatisfy { own[0].contains(ways[$0.key]!) })

      // All members of one group down: its clients are closed, not moved; the others notice nothing.
      try bed.apply(gateways.expanded(up: gateways.names.subtracting(["stable"])))
      for segment in [Flow.Segment.ack, .syn] {
        let left = try Self.send(narrow + wide, in: bed, segment)
        #expect(left.filter { own[1].contains($0.value) }.isEmpty)
        #expect(narrow.allSatisfy { left[$0.key] == nil })
        #expect(wide.allSatisfy { left[$0.key].map(own[0].contains) == true })
      }
      try bed.apply(gateways.expanded(up: ["stable"]))
      let (narrow2, wide2) = Self.flows(from: 30_000)
      let last = try Self.send(narrow2 + wide2 + wide, in: bed)
      #expect(narrow2.allSatisfy { last[$0.key].map(own[1].contains) == true })
      #expect((wide2 + wide).allSatisfy { last[$0.key] == nil })
      #expect(try bed.leaked() == 0)
    }
  }

  /// Its prefix is within another group's, which has IPv6 gateways, and it has none.
  @Test func aGroupWithoutAFamilyIsClosedInIt() throws {
    var gateways = Seed.groups(vips: false)
    gateways.groups[1].members[0].addresses.removeLast()
    try Bed.with(gateways) { bed in
      try bed.apply(gateways.expanded(up: gateways.names))
      let (narrow, wide) = Self.flows(from: 20_000)
      let ways = try Self.send(narrow + wide, in: bed)
      for flow in narrow { #expect((ways[flow.key] == nil) == (flow.key.family == .inet6)) }
      #expect(wide.allSatisfy { ways[$0.key] != nil })
      #expect(try bed.leaked() == 0)
    }
  }

  @Test func groupsShareNothingThatTellsThemApart() {
    let gateways = Seed.groups()
    let rules = gateways.rules.filter { $0.selector.fwmark != nil }
    #expect(Set(rules.map(\.selector)).count == rules.count / 2)
    #expect(Set(gateways.tables).count == gateways.tables.count)
    // Nothing that closes comes before a rule of either group.
    let closing = gateways.rules.filter { $0.selector.fwmark == nil }.map(\.priority).min()!
    #expect(rules.allSatisfy { $0.priority < closing })
    #expect(gateways.reservedMarks.count == 1)
  }

  /// A second group touches nothing of the first.
  @Test func theFirstGroupStaysAsItIsWithoutASecond() {
    let both = Seed.groups()
    var one = both
    one.groups.removeLast()
    let (all, first) = (both.expanded(up: both.names), one.expanded(up: both.names))
    let (rules, routes) = (Set(all.configuration.rules), Set(all.configuration.routes))
    #expect(rules.isSuperset(of: first.configuration.rules))
    #expect(routes.isSuperset(of: first.configuration.routes))
  }
}
