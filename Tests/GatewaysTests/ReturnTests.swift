import Blueprints
import Model
import Netlink
import TestSupport
import Testing

/// Answers to remote clients go back by the gateway that they came in by, and nothing else does.
@Suite struct ReturnTests {
  static let remotes = ["8.8.8.8", "2a00::8"].map { IPAddress($0)! }
  static let servers = ["192.168.27.1", "fd24::2701"].map { IPAddress($0)! }

  /// DNAT to the servers, as services do in a table of their own.
  static let service = """
    table inet service {
      chain balance {
        type nat hook prerouting priority dstnat
        ip daddr 192.168.26.128/29 th dport 6881 dnat ip to 192.168.27.1
        ip6 daddr fd24::2680/125 th dport 6881 dnat ip6 to fd24::2701
      }
    }
    """

  static func withService(
    _ balance: Gateways.Balance, isKnown: Bool = false, _ body: (Bed, Gateways) throws -> Void
  ) throws {
    let plain = Seed.gateways(4, balance: balance, ipv6: true)
    let gateways = isKnown ? plain.serving : plain
    try Bed.with(gateways) { bed in
      try bed.apply(gateways.expanded(up: gateways.names))
      try bed.router.run { _ = try sh("nft -f -", input: service) }
      try body(bed, gateways)
    }
  }

  @Test(arguments: ClosedTests.modes, [false, true])
  func answersGoBackByTheGatewayThatAskedEvenWhenItIsDown(
    _ balance: Gateways.Balance, isKnown: Bool
  ) throws {
    try Self.withService(balance, isKnown: isKnown) { bed, gateways in
      for isDown in [false, true] {
        if isDown { try bed.apply(gateways.expanded(up: ["gw0"])) }
        for (number, member) in gateways.members.enumerated() {
          for (remote, (vip, server)) in zip(Self.remotes, zip(member.vips, Self.servers)) {
            for isTCP in [true, false] {
              let port = UInt16(30_000 + number)
              let question = Flow(
                isTCP: isTCP, from: remote, destination: vip, sport: port, dport: 6881)
              let answer = Flow(
                isTCP: isTCP, from: server, destination: remote, sport: 6881, dport: port)
              try bed.client.run {
                if !isDown { try question.send() }
                _ = try bed.ways()
                try answer.send(isDown ? .ack : .synAck)
              }
              // From the VIP that was asked.
              let ways = try bed.ways()
              #expect(Array(ways.values) == [member.addresses.first { $0.family == vip.family }])
            }
          }
        }
      }
      #expect(try bed.leaked() == 0)
    }
  }

  @Test func aClientPodsQuestionIsAnsweredInside() throws {
    try Self.withService(.consistent(buckets: 64)) { bed, gateways in
      // The servers' route to the VPN network leads through the router, as the seed's DNS pods'
      // does.
      let pods = [IPAddress("192.168.24.99")!, IPAddress("fd24::99")!]
      try bed.client.run {
        for (pod, router) in zip(pods, ["192.168.26.254", "fd24::26fe"]) {
          try sh("ip route add \(pod) via \(router)")
        }
      }
      for (pod, (vip, server)) in zip(pods, zip(gateways.members[1].vips, Self.servers)) {
        for isTCP in [true, false] {
          let question = Flow(isTCP: isTCP, from: pod, destination: vip, sport: 40_000, dport: 6881)
          let answer = Flow(
            isTCP: isTCP, from: server, destination: pod, sport: 6881, dport: 40_000)
          try bed.client.run {
            try question.send()
            try answer.send(.synAck)
          }
          let ways = try bed.ways()
          #expect(ways[question.key] == server)
          #expect(ways[answer.key] == pod)
        }
      }
      let marked = try bed.router.run { try sh("conntrack -L --mark 0x1901") }
      #expect(marked == "")
    }
  }

  /// The router's own reset leaves by the same gateway too, and by no other link.
  @Test func aClosedPortsResetGoesBackByTheGatewayThatAsked() throws {
    try Self.withService(.consistent(buckets: 64)) { bed, gateways in
      for (remote, vip) in zip(Self.remotes, gateways.members[2].vips) {
        try bed.client.run {
          try Flow(isTCP: true, from: remote, destination: vip, sport: 50_000, dport: 7).send()
        }
        let ways = try bed.ways()
        let gateway = gateways.members[2].addresses.first { $0.family == vip.family }
        #expect(ways[Flow.Key(isTCP: true, port: 7, family: vip.family)] == gateway)
      }
      #expect(try bed.leaked() == 0)
    }
  }
}
