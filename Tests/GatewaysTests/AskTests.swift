import Blueprints
import Model
import Netlink
import TestSupport
import Testing

/// What real servers behind VIPs send in flows that this router doesn't know.
@Suite struct AskTests {
  private static let remotes = ReturnTests.remotes
  private static let servers = ReturnTests.servers

  private static func withService(_ body: (Bed, Gateways) throws -> Void) throws {
    try ReturnTests.withService(.consistent(buckets: 64), isKnown: true, body)
  }

  private static func said(_ isTCP: Bool, _ index: Int) -> Flow {
    Flow(
      isTCP: isTCP, from: servers[index], destination: remotes[index], sport: 6881, dport: 30_000)
  }

  /// For the family with this index: each gateway's hardware address, and whose packets were sent
  /// to it.
  private static func watched(
    _ bed: Bed, _ gateways: Gateways, _ index: Int, _ body: () throws -> Void
  ) throws -> Set<String> {
    let (vpn, ip) = (gateways.link.text, index == 0 ? "ip" : "ip6")
    return try bed.router.run {
      for (number, member) in gateways.members.enumerated() {
        try sh(
          "ip neighbor replace \(member.addresses[index]) lladdr 02:00:00:00:00:0\(number) dev \(vpn)"
        )
      }
      try sh(
        "nft -f -",
        input: """
          table netdev asked {
            set asked { typeof ether daddr . \(ip) saddr; flags dynamic; size 100; }
            chain out {
              type filter hook egress device "\(vpn)" priority 0
              tcp sport 6881 update @asked { ether daddr . \(ip) saddr }
            }
          }
          """)
      try body()
      let text = try sh("nft list set netdev asked asked")
      let parts = text.split(whereSeparator: { "{},\n".contains($0) })
      return Set(
        parts.map { String($0.drop(while: \.isWhitespace)) }.filter { $0.hasPrefix("02:") }.map {
          String($0.reversed().drop(while: \.isWhitespace).reversed())
        })
    }
  }

  @Test(arguments: [0, 1])
  func segmentOfAnUnknownFlowGoesToEachGatewayFromItsOwnVIP(_ index: Int) throws {
    try Self.withService { bed, gateways in
      let asked = try Self.watched(bed, gateways, index) {
        try bed.client.run { try Self.said(true, index).send(.ack) }
      }
      #expect(
        asked
          == Set(
            gateways.members.enumerated().map {
              "02:00:00:00:00:0\($0.offset) . \($0.element.vips[index])"
            }))
      #expect(try bed.router.run { try sh("conntrack -L -p tcp --sport 6881") } == "")
      #expect(try bed.leaked() == 0)
    }
  }

  @Test func serversOwnFlowFromItsServicesPortIsNotAskedFor() throws {
    try Self.withService { bed, gateways in
      for index in [0, 1] {
        let flow = Self.said(true, index)
        try bed.client.run { try flow.send(.syn) }
        let way = try bed.ways()[flow.key]
        #expect(
          way.map { way in gateways.members.contains { $0.addresses.contains(way) } } ?? false)
        try bed.client.run { try flow.send(.ack) }
        #expect(try bed.ways()[flow.key] == way)
      }
    }
  }

  /// Otherwise the client's next packet, which this datagram answers, would meet an entry.
  @Test func datagramThatNobodyAskedForMakesNoEntryAndTheNextAnswerGoesBack() throws {
    try Self.withService { bed, gateways in
      for index in [0, 1] {
        let (flow, vip) = (Self.said(false, index), gateways.members[3].vips[index])
        try bed.client.run { try flow.send() }
        #expect(try bed.router.run { try sh("conntrack -L -p udp --sport 6881") } == "")
        try bed.client.run {
          try Flow(
            isTCP: false, from: Self.remotes[index], destination: vip, sport: 30_000, dport: 6881
          ).send()
        }
        _ = try bed.ways()
        try bed.client.run { try flow.send() }
        #expect(try bed.ways()[flow.key] == gateways.members[3].addresses[index])
      }
    }
  }
}
