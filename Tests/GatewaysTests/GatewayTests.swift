import Blueprints
import JSON
import Model
import Netlink
import Nftables
import State
import TestSupport
import Testing

private let checkout = String(
  #filePath.prefix(#filePath.count - "/Tests/GatewaysTests/GatewayTests.swift".count))

/// The other side: what a gateway pod does with packets.
@Suite struct GatewayTests {
  /// Read line by line against gluetun's rules and the seed's init containers.
  @Test(arguments: ["gateway", "gateway-wireguard"])
  func theSeedsGatewayExpandsToTheGoldenFile(_ name: String) throws {
    let desired = try StateFile.decode(
      readFile("\(checkout)/states/\(name).json"),
      parameters: ParameterSources { ["INDEX": Array("0".utf8)][$0] })
    try expectGolden(StateFile.encode(desired.expanded()).text(), name + ".json")
  }

  // MARK: - Out

  @Test func packetsLeaveByTheTunnelWithItsAddress() throws {
    try GatewayBed.with { bed in
      try bed.apply()
      let flows = Flow.some(5)
      try bed.client.run { for flow in flows { try flow.send() } }
      #expect(try bed.seen("out") == GatewayBed.out(flows))
      // Of the 1,400 bytes that the tunnel takes.
      #expect(try bed.clamped() == 10)
      #expect(try bed.leaked() == 0)
    }
  }

  enum Damage: CaseIterable {
    case none, tunnelDown, tunnelGone, tableDeleted, rulesDeleted, routesDeleted
    case tunnelAndTableGone, tunnelAndRulesGone

    func happen(to bed: GatewayBed) throws {
      try bed.pod.run {
        switch self {
        case .none: break
        case .tunnelDown: try sh("ip link set tun0 down")
        case .tunnelGone: try sh("ip link delete tun0")
        case .tableDeleted: try sh("nft delete table inet vpngw-gateway")
        case .rulesDeleted: try flushRules()
        case .routesDeleted:
          for family in ["-4", "-6"] { try sh("ip \(family) route flush table 11900") }
        case .tunnelAndTableGone:
          try sh("ip link delete tun0")
          try sh("nft delete table inet vpngw-gateway")
        case .tunnelAndRulesGone:
          try sh("ip link delete tun0")
          try flushRules()
        }
      }
    }

    private func flushRules() throws {
      for family in ["-4", "-6"] {
        try sh("ip \(family) rule flush")
        try sh("ip \(family) rule add lookup main priority 32766")
      }
    }
  }

  @Test(arguments: Damage.allCases) func nothingLeaks(_ damage: Damage) throws {
    try GatewayBed.with { bed in
      try bed.apply()
      try damage.happen(to: bed)
      let flows =
        Flow.some(10)
        + Bed.elsewhere.enumerated().flatMap { index, place in
          [true, false].map {
            Flow(isTCP: $0, destination: place, sport: UInt16(40_000 + index), dport: 80)
          }
        }
      try bed.client.run {
        for flow in flows { try flow.send(.syn) }
        for flow in flows { try flow.send(.ack) }
      }
      #expect(try bed.arrived() == flows.count * 2)
      #expect(try bed.leaked() == 0)
    }
  }

  /// Otherwise the test above would hold for a pod that forwards nothing.
  @Test func everythingLeaksWithoutIt() throws {
    try GatewayBed.with { bed in
      try bed.pod.run {
        _ = try sh("sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
      }
      try Damage.tunnelGone.happen(to: bed)
      let flows = Flow.some(10)
      try bed.client.run { for flow in flows { try flow.send() } }
      #expect(try bed.leaked() == flows.count)
    }
  }

  /// A segment of a connection that conntrack doesn't know isn't translated.
  @Test func nothingLeavesByTheTunnelWithAnotherAddress() throws {
    try GatewayBed.with { bed in
      try bed.apply()
      let flows = GatewayBed.remotes.map {
        Flow(isTCP: true, destination: $0, sport: 40_000, dport: 80)
      }
      try bed.pod.run {
        _ = try sh("sysctl -q -w net.netfilter.nf_conntrack_tcp_loose=0")
      }
      try bed.client.run { for flow in flows { try flow.send(.ack) } }
      #expect(try bed.seen("out") == [])
      #expect(try bed.drops()["untranslated"] == 2)
    }
  }

  @Test func reservedAndExceptedDestinationsAreRefused() throws {
    var gateway = GatewayBed.gateway
    gateway.egress.except = [Prefix("9.9.0.0/16")!, Prefix("2620:fe::/48")!]
    gateway.egress.allow = [Prefix("10.2.0.1/32")!]
    try GatewayBed.with(gateway) { bed in
      try bed.apply()
      let places = [
        "10.1.2.3", "10.2.0.1", "172.16.0.1", "100.64.0.1", "203.0.113.7", "9.9.9.9", "fc00::1",
        "2001:db8::1", "2620:fe::9",
      ].map { IPAddress($0)! }
      for (namespace, own) in [(bed.client, false), (bed.pod, true)] {
        try namespace.run {
          // Refused at once, to the pod's own programs by an error.
          for place in places {
            let source = own ? GatewayBed.inside[place.family == .inet ? 0 : 1] : nil
            try? Flow(isTCP: false, from: source, destination: place, sport: 20_000, dport: 80)
              .send()
          }
        }
        let out: Set<String> = own ? ["udp 10.2.0.2 > 10.2.0.1:80"] : []
        #expect(try bed.seen("out") == out)
      }
      // All of the client's, all but one of the pod's own.
      #expect(try bed.drops()["reserved"] == UInt64(2 * places.count - 1))
      #expect(try bed.leaked() == 0)
    }
  }

  @Test func falseSourcesGoNowhereAndAreAnsweredNowhere() throws {
    try GatewayBed.with { bed in
      try bed.apply()
      let sources = ["9.9.9.9", "10.32.0.55", "2620:fe::9", "fd10::55"].map { IPAddress($0)! }
      try bed.client.run {
        for source in sources {
          let index = source.family == .inet ? 0 : 1
          for target in [
            GatewayBed.remotes[index], IPAddress(["192.168.25.128", "fd24::25:128"][index])!,
          ] {
            try Flow(isTCP: true, from: source, destination: target, sport: 40_000, dport: 7).send()
          }
        }
      }
      #expect(try bed.drops()["false_source"] == 8)
      #expect(try bed.seen("out") == [])
      #expect(try bed.leaked() == 0)
    }
  }
}
