import Model
import TestSupport
import Testing

@testable import Agent

/// Losses that nobody should overlook: gateways and servers that die.
@Suite struct LossTests {
  private static let file = """
    { "version": 1,
      "links": [ { "name": "f0", "managed": false } ],
      "gateways": { "link": "f0", "members": { "addresses": "192.0.2.16/31" },
        "egress": { "from": "192.0.2.128/25" } },
      "services": { "dns": { "vips": "192.0.2.254", "ports": 53, "protocols": ["udp"],
        "servers": "192.0.2.130-192.0.2.131", "balancer": "nft" } } }
    """
  private static let setup = [
    "ip link add f0 type ifb", "ip link set f0 up", "ip addr add 192.0.2.1/24 dev f0",
    "ip addr add 192.0.2.254/32 dev f0",
  ]

  @Test func losingAllGatewaysIsAnErrorWithItsTime() throws {
    try Turning.with(Self.file, setup: Self.setup) { turning in
      func say(_ states: Signal.State...) -> Bool {
        for (number, state) in states.enumerated() {
          turning.inbox.post(Signal(.probe, "gw\(number)"), state)
        }
        let up = states.count { $0 == .up }
        return turning.turn {
          turning.store.status.availabilities.first?.availability.leading.count == up
            && (turning.store.status.availabilities.first?.closedSince == nil) == (up > 0)
        }
      }
      turning.start()
      // Unknown at first: closed, but nothing has died.
      #expect(turning.log.of("egress").isEmpty)
      #expect(say(.up, .up))
      #expect(say(.down, .up))
      #expect(turning.log.of("egress").isEmpty)
      let deaths = turning.log.of("signal").filter { $0.contains("state=down") }
      #expect(deaths.count == 1 && deaths[0].contains("level=warning"), "\(deaths)")
      #expect(say(.down, .down))
      let since = try #require(turning.store.status.availabilities.first?.closedSince)
      let said = turning.log.of("egress")
      #expect(
        said.count == 1 && said[0].contains("level=error event=egress state=closed"), "\(said)")
      // Further passes keep the time at which egress closed.
      try sh("ip rule add priority 7777 lookup main")
      turning.converge()
      #expect(turning.store.status.availabilities.first?.closedSince == since)
      #expect(say(.down, .up))
      let last = try #require(turning.log.of("egress").last)
      #expect(
        last.contains("level=warning")
          && last.contains("state=open by=gw1 closed-since=\(since.text)"))
    }
  }

  /// The health server says yes, and nothing comes through the tunnel.
  @Test func aGatewayWithADeadTunnelIsLeftAndSaysWhy() throws {
    let file = Self.file.replacing(
      "\"egress\"",
      with: """
        "probes": { "health": { "type": "gluetun" },
          "tunnel": { "type": "tcp", "address": "203.0.114.1", "port": 443 } }, "egress"
        """)
    let derived = DerivedInput()
    try Turning.with(file, setup: Self.setup, inputs: [LinkInput(), derived]) { turning in
      turning.start()
      func say(_ tunnel: Signal.State, leading: [String]) -> Bool {
        for name in ["gw0.health", "gw0.tunnel", "gw1.health"] {
          turning.inbox.post(Signal(.probe, name), .up)
        }
        turning.inbox.post(Signal(.probe, "gw1.tunnel"), tunnel)
        return turning.turn {
          turning.store.status.availabilities.first?.availability.leading == leading
        }
      }
      try #require(say(.up, leading: ["gw0", "gw1"]))
      try #require(say(.down, leading: ["gw0"]))
      let line = try #require(turning.log.of("signal").last { $0.contains("gateway.gw1") })
      #expect(line.contains("level=warning"))
      #expect(line.contains("reason=\"probe.gw1.tunnel is down\""), "\(line)")
      // The status is that of the last pass, which the kernel's own news of the change asks for.
      let isSaid = turning.turn {
        let states = turning.store.status.signals.map { "\($0.signal) \($0.state)" }
        return states.contains("gateway.gw0 up") && states.contains("gateway.gw1 down")
      }
      #expect(isSaid)
    }
  }

  @Test func theLastServersDeathIsAWarning() throws {
    try Turning.with(Self.file, setup: Self.setup) { turning in
      turning.start()
      func down(_ server: String) throws -> String {
        let signal = Signal(.probe, "dns.udp.\(server)")
        turning.inbox.post(signal, .down)
        #expect(
          turning.turn {
            turning.log.of("signal").contains { $0.contains("name=\(signal) state=down") }
          })
        return try #require(turning.log.of("signal").last)
      }
      #expect(try down("192.0.2.130").contains("level=info"))
      let last = try down("192.0.2.131")
      #expect(last.contains("level=warning"), "\(last)")
      #expect(last.contains(#"meaning="no server of dns udp is alive (0 of 2)""#), "\(last)")
    }
  }
}
