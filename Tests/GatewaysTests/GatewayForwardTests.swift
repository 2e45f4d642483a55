import Blueprints
import Model
import Netlink
import TestSupport
import Testing

/// What comes in by a gateway's tunnel.
@Suite struct GatewayForwardTests {
  @Test func forwardedPortsReachTheVIPWithTheClientsAddressAndAreAnswered() throws {
    try GatewayBed.with { bed in
      try bed.apply()
      for port: UInt16 in [6881, 6882] {
        try bed.send(to: port)
        #expect(try bed.seen("in") == GatewayBed.come(port))
      }
      _ = try bed.seen("out")
      let answers = zip(GatewayBed.vips, GatewayBed.remotes).flatMap { vip, remote in
        [true, false].map {
          Flow(isTCP: $0, from: vip, destination: remote, sport: 6881, dport: 30_000)
        }
      }
      try bed.client.run { for answer in answers { try answer.send(.synAck) } }
      #expect(try bed.seen("out") == GatewayBed.out(answers))
      // Nothing else gets in: no other port, no other address, nothing that was routed here.
      for port: UInt16 in [80, 6880, 9999] { try bed.send(to: port) }
      try bed.send(to: 6881, at: [Bed.clientAddress, Bed.clientAddress6])
      try bed.send(to: 6881, at: GatewayBed.vips)
      try bed.send(to: 80, at: ["10.32.0.1", "fd10::1"].map { IPAddress($0)! })
      #expect(try bed.seen("in") == [])
      #expect(try bed.drops()["from_tunnel"] == 8)
      #expect(try bed.leaked() == 0)
    }
  }

  /// The seed's PORT_MAPPINGS.
  @Test func portsLeadToFixedAddressesAndPorts() throws {
    var gateway = GatewayBed.gateway
    gateway.vips = []
    let clients = [Bed.clientAddress, Bed.clientAddress6]
    gateway.forwards = [Gateway.Forward(.fixed([1111, 2222]), to: clients)]
    gateway.forwards[0].toPorts = [6666, 7777]
    gateway.forwards[0].protocols = [.tcp]
    try GatewayBed.with(gateway) { bed in
      try bed.apply()
      for (outer, inner) in [(1111, 6666), (2222, 7777)] as [(UInt16, UInt16)] {
        try bed.send(to: outer)
        #expect(try bed.seen("in") == GatewayBed.come(to: clients, inner, ["tcp"]))
      }
    }
  }

  @Test func theProvidersPortsLeadToAFixedPortAndFollowThem() throws {
    var gateway = GatewayBed.gateway
    gateway.forwards.append(Gateway.Forward(.read(GatewayBed.ports), to: GatewayBed.vips))
    gateway.forwards[1].toPorts = [6885]
    try GatewayBed.with(gateway) { bed in
      // Nothing is known, and nothing was there.
      try bed.apply()
      try bed.send(to: 51_413, from: 30_001)
      #expect(try bed.seen("in") == [])
      for port: UInt16 in [51_413, 40_404] {
        try bed.apply(ports: [port])
        try bed.send(to: port, from: port / 2)
        #expect(try bed.seen("in") == GatewayBed.come(6885))
      }
      try bed.send(to: 51_413, from: 30_003)
      #expect(try bed.seen("in") == [])
      // After a restart, until the probe has read them: as they were.
      try bed.apply(ports: nil)
      try bed.send(to: 40_404, from: 30_004)
      #expect(try bed.seen("in") == GatewayBed.come(6885))
      // The provider forwards nothing any more.
      try bed.apply(ports: [])
      try bed.send(to: 40_404, from: 30_005)
      #expect(try bed.seen("in") == [])
      try bed.send(to: 6881, from: 30_006)
      #expect(try bed.seen("in") == GatewayBed.come(6881))
    }
  }

  /// A router that doesn't know a flow asks every gateway, each from its own VIP.
  @Test func onlyTheGatewayThatKnowsAFlowPassesARoutersQuestionOn() throws {
    try GatewayBed.with { bed in
      try bed.apply()
      let questions = zip(GatewayBed.vips, GatewayBed.remotes).map {
        Flow(isTCP: true, from: $0, destination: $1, sport: 6881, dport: 30_000)
      }
      try bed.client.run { for question in questions { try question.send(.ack) } }
      #expect(try bed.seen("out") == [])
      #expect(try bed.drops()["unknown_flow"] == 2)
      try bed.send(to: 6881, isTCP: [true])
      try bed.client.run { for question in questions { try question.send(.synAck) } }
      #expect(try bed.seen("out") == GatewayBed.out(questions))
    }
  }

  @Test func strictClosesTheRest() throws {
    for isStrict in [false, true] {
      var gateway = GatewayBed.gateway
      gateway.isStrict = isStrict
      try GatewayBed.with(gateway) { bed in
        try bed.apply()
        try bed.send(to: 7)
        // With the pod's own resets.
        _ = try bed.seen("out")
        #expect(try bed.drops()["from_tunnel"] == (isStrict ? 4 : 0))
        // Nobody else's packets leave by the tunnel, strict or not.
        try bed.cluster.run {
          try sh("ip route add 8.8.8.8 via 10.32.0.2")
          try Flow(
            isTCP: false, from: IPAddress("10.32.0.1")!, destination: IPAddress("8.8.8.8")!,
            sport: 5000, dport: 53
          ).send()
        }
        let isDropped = try eventually { try bed.drops()["other_source"] == 1 }
        #expect(isDropped)
        #expect(try bed.seen("out") == [])
      }
    }
  }
}
