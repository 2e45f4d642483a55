import Blueprints
import Model
import Netlink
import TestSupport
import Testing

/// A gateway pod's own programs, gluetun first of all, work as before.
@Suite struct GluetunTests {
  /// gluetun doesn't start while its rule of before is there, and works by it while it runs.
  @Test func gluetunsRuleGoesWithItsTunnelAndNotBefore() throws {
    try GatewayBed.with { bed in
      func hasRule() throws -> Bool {
        try bed.pod.run { try sh("ip rule show").contains("lookup 51820") }
      }
      try bed.apply()
      #expect(try hasRule())
      try GatewayTests.Damage.tunnelGone.happen(to: bed)
      try bed.apply()
      #expect(try !hasRule())
      try bed.makeTunnel()
      try bed.apply()
      #expect(try hasRule())
      let flows = Flow.some(2)
      try bed.client.run { for flow in flows { try flow.send() } }
      #expect(try bed.seen("out") == GatewayBed.out(flows))
    }
  }

  /// The pod's own packets go to the cluster as before, and through the tunnel with the tunnel's address.
  @Test func thePodsOwnPacketsGoWhereTheyWent() throws {
    try GatewayBed.with { bed in
      try bed.apply()
      try bed.pod.run {
        // To a kubelet, to the cluster's DNS, and to the tunnel's server with gluetun's mark.
        try sh("ping -c1 -W5 10.32.0.1")
        try sh("ping -c1 -W5 fd10::1")
        try sh("ping -c1 -W5 192.168.24.10")
        _ = try run(["ping", "-c1", "-W1", "-m", "51820", "45.9.9.9"])
      }
      #expect(try bed.leaked() == 3)
      let own = GatewayBed.inside.enumerated().map { index, address in
        Flow(
          isTCP: false, from: address, destination: GatewayBed.remotes[index], sport: 9000,
          dport: 53)
      }
      try bed.pod.run { for flow in own { try flow.send() } }
      #expect(try bed.seen("out") == GatewayBed.out(own))
      #expect(try bed.drops().values.allSatisfy { $0 == 0 })
    }
  }

  /// Even where no rule of gluetun's leads them there.
  @Test func whatThePodSaysAboutTheTunnelsPacketsStaysInTheTunnel() throws {
    try GatewayBed.with { bed in
      try bed.apply()
      try bed.pod.run {
        for family in ["-4", "-6"] { try sh("ip \(family) rule delete priority 101") }
      }
      try bed.send(to: 7, isTCP: [true])
      let resets = zip(GatewayBed.inside, GatewayBed.remotes).map {
        Flow(isTCP: true, from: $0, destination: $1, sport: 7, dport: 30_000)
      }
      #expect(try bed.seen("out") == GatewayBed.out(resets))
      #expect(try bed.leaked() == 0)
    }
  }
}
