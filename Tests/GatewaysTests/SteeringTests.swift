import Blueprints
import Model
import Netlink
import Nftables
import TestSupport
import Testing

/// Packets through a router that the expansion made, on this kernel.
@Suite struct SteeringTests {
  private static func send(_ flows: [Flow], in bed: Bed, _ segment: Flow.Segment = .syn) throws
    -> [Flow.Key: IPAddress]
  {
    try bed.client.run { for flow in flows { try flow.send(segment) } }
    return try bed.ways()
  }

  /// Where the table sends the flow, predicted by a hash that isn't nft's.
  private static func foretold(
    _ flow: Flow, _ gateways: Gateways, _ expansion: Gateways.Expansion
  ) throws -> IPAddress {
    let map = try #require(expansion.table.sets.first { $0.name == "egress" })
    let bucket = JenkinsHash.bucket(
      flow.hashed, of: UInt32(map.elements.count), seed: gateways.egress.seed)
    let element = map.elements[bucket]
    #expect(element.key == .number(UInt64(bucket)))
    guard case .number(let mark)? = element.data else {
      throw CommandFailed(description: "no mark")
    }
    return gateways.members[Int(mark) - 0x1900].addresses.first {
      $0.family == flow.destination.family
    }!
  }

  @Test func flowsLeaveByTheGatewaysThatOurOwnHashPredicts() throws {
    let gateways = Seed.gateways(4, ipv6: true)
    try Bed.with(gateways) { bed in
      for up in [gateways.names, gateways.names.subtracting(["gw2"])] {
        let expansion = gateways.expanded(up: up)
        try bed.apply(expansion)
        // New flows each time.
        let flows = Flow.some(250, from: up.count * 5000)
        #expect(flows.count == 1000)
        let ways = try Self.send(flows, in: bed)
        for flow in flows {
          let foretold = try Self.foretold(flow, gateways, expansion)
          #expect(ways[flow.key] == foretold, "\(flow)")
        }
        #expect(Set(ways.values).count == up.count * 2)
      }
      // Half of them were TCP.
      #expect(try bed.clamped() == 1000)
      #expect(try bed.leaked() == 0)
    }
  }

  /// Only the first fragment has ports; only our table makes conntrack reassemble here.
  @Test(
    arguments: [Gateways.Balance.consistent(buckets: 4096), .single, .ecmp(.init())], [true, false])
  func fragmentsLeaveTogether(balance: Gateways.Balance, vips: Bool) throws {
    let gateways = Seed.gateways(4, balance: balance, ipv6: true, vips: vips)
    try Bed.with(gateways) { bed in
      try bed.apply(gateways.expanded(up: gateways.names))
      let flows = Flow.some(20).filter { !$0.isTCP }
      try bed.client.run { for flow in flows { try flow.send(bytes: 4_100) } }
      #expect(try bed.ways().count == 40)
      #expect(try bed.whole() == 40)
      #expect(try bed.leaked() == 0)
    }
  }

  @Test func establishedFlowsStayWhenAGatewayReturns() throws {
    let gateways = Seed.gateways(4, ipv6: true)
    try Bed.with(gateways) { bed in
      let all = gateways.expanded(up: gateways.names)
      let without = gateways.expanded(up: gateways.names.subtracting(["gw2"]))
      let dead = Set(gateways.members[2].addresses)

      try bed.apply(all)
      let old = Flow.some(50)
      let first = try Self.send(old, in: bed)
      #expect(!dead.isDisjoint(with: first.values))

      try bed.apply(without)
      let second = try Self.send(old, in: bed, .ack)
      #expect(dead.isDisjoint(with: second.values))
      for flow in old where !dead.contains(first[flow.key]!) {
        #expect(second[flow.key] == first[flow.key])
      }
      let young = Flow.some(50, from: 30_000)
      let third = try Self.send(young, in: bed)

      try bed.apply(all)
      let fourth = try Self.send(old + young, in: bed, .ack)
      for flow in old { #expect(fourth[flow.key] == second[flow.key], "\(flow)") }
      for flow in young { #expect(fourth[flow.key] == third[flow.key], "\(flow)") }
      // The same ports, reused at once, are new flows.
      let fifth = try Self.send(old.filter(\.isTCP), in: bed)
      for flow in old where flow.isTCP { #expect(fifth[flow.key] == first[flow.key], "\(flow)") }
    }
  }

  @Test func aDrainedGatewayKeepsWhatItHasAndGetsNothingNew() throws {
    var gateways = Seed.gateways(2)
    try Bed.with(gateways) { bed in
      try bed.apply(gateways.expanded(up: gateways.names))
      let old = Flow.some(50, ipv6: false)
      let before = try Self.send(old, in: bed)
      gateways.only[0].weight = 0
      try bed.apply(gateways.expanded(up: gateways.names))
      #expect(try Self.send(old, in: bed, .ack) == before)
      let new = try Self.send(Flow.some(50, from: 30_000, ipv6: false), in: bed)
      #expect(Set(new.values) == Set(gateways.members[1].addresses))
    }
  }

  @Test func theSeedsMultipathRouteSpreadsOverLiveGateways() throws {
    let gateways = Seed.gateways(4, balance: .ecmp(.init()), ipv6: true)
    try Bed.with(gateways) { bed in
      try bed.apply(gateways.expanded(up: gateways.names))
      let ways = try Self.send(Flow.some(100), in: bed)
      #expect(Set(ways.values) == Set(gateways.members.flatMap(\.addresses)))
      try bed.apply(gateways.expanded(up: ["gw1", "gw3"]))
      let left = try Self.send(Flow.some(100), in: bed)
      #expect(
        Set(left.values) == Set([1, 3].flatMap { gateways.members[$0].addresses }))
    }
  }

  @Test func aSlottedRouteMovesTheDeadGatewaysFlowsAlone() throws {
    var multipath = Gateways.Multipath()
    multipath.slots = 64
    let gateways = Seed.gateways(4, balance: .ecmp(multipath))
    try Bed.with(gateways) { bed in
      let flows = Flow.some(200, ipv6: false)
      try bed.apply(gateways.expanded(up: gateways.names))
      let before = try Self.send(flows, in: bed)
      try bed.apply(gateways.expanded(up: gateways.names.subtracting(["gw1"])))
      let after = try Self.send(flows, in: bed)
      #expect(Set(before.values).count == 4)
      #expect(Set(after.values).count == 3)
      for (key, gateway) in before where gateway != gateways.members[1].addresses[0] {
        #expect(after[key] == gateway)
      }
    }
  }

  @Test func aSingleExitStaysUntilItDies() throws {
    var gateways = Seed.gateways(3, balance: .single, vips: false)
    gateways.only[2].weight = 2
    try Bed.with(gateways) { bed in
      for (up, exit) in [(["gw0", "gw1", "gw2"], 2), (["gw0", "gw1"], 0), (["gw1"], 1)] {
        try bed.apply(gateways.expanded(up: Set(up)))
        let ways = try Self.send(Flow.some(20, from: 20_000 + exit * 100, ipv6: false), in: bed)
        #expect(Set(ways.values) == [gateways.members[exit].addresses[0]])
        #expect(ways.count == 40)
      }
    }
  }
}
