import Blueprints
import Model
import Netlink
import Nftables
import TestSupport
import Testing

/// A client can hold only so many pins, and takes none from others.
@Suite struct PinTests {
  /// Sends datagrams from one address to ever new ports and destinations, as fast as possible.
  private static let flood = """
    import socket, struct, sys
    link = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
    link.bind(("192.168.24.10", 0))
    for number in range(20000):
        target = f"9.{number % 200}.{number // 200}.1"
        link.sendto(struct.pack("!HHHH", 1024 + number, 53, 8, 0), (target, 0))
    """

  private func pins(_ bed: Bed) throws -> Int {
    try bed.router.run { try sh("nft list map inet vpngw pin").count { $0 == ":" } - 2 }
  }

  @Test func oneClientHoldsASixteenthAndMovesNobody() throws {
    let gateways = Seed.gateways(4, vips: false)
    try Bed.with(gateways) { bed in
      // Flows opened while a gateway is away stay where they are only by their pins.
      try bed.apply(gateways.expanded(up: gateways.names.subtracting(["gw2"])))
      let other = IPAddress("192.168.24.11")!
      let flows = Flow.some(40, ipv6: false).map { flow in
        Flow(
          isTCP: flow.isTCP, from: other, destination: flow.destination, sport: flow.sport,
          dport: flow.dport)
      }
      func ways(_ segment: Flow.Segment) throws -> [Flow.Key: IPAddress] {
        _ = try bed.ways()
        try bed.client.run { for flow in flows { try flow.send(segment) } }
        return try bed.ways()
      }
      let before = try ways(.syn)
      let began = ContinuousClock.now
      try bed.client.run { _ = try sh("python3 -", input: Self.flood) }
      let seconds = Int((ContinuousClock.now - began).components.seconds) + 1
      let held = try pins(bed) - flows.count
      #expect((1984...1984 + 20 * seconds).contains(held), "\(held) in \(seconds) s")
      // A flow whose packets were seen again still has its pin.
      #expect(try ways(.ack) == before)
      try bed.apply(gateways.expanded(up: gateways.names))
      #expect(try ways(.ack) == before)
    }
  }

  /// The tokens of 720 s and those saved before add up to what docs/gateways.md says.
  @Test func aClientsLimitIsASixteenthOfAllPins() throws {
    let table = Seed.gateways(2).expanded(up: []).table
    let pin = try #require(table.sets.first { $0.name == "pin" })
    let hold = try #require(table.chains.first { $0.name == "hold" })
    let limits = hold.rules.flatMap(\.statements).compactMap { statement -> Nftables.Limit? in
      guard case .update(_, let set, let element) = statement, set.hasPrefix("clients"),
        case .limit(let limit)? = element.statements.first
      else { return nil }
      return limit
    }
    let limit = try #require(limits.first)
    let most = UInt64(limit.burst) + limit.rate * (pin.timeout! / 1000) / limit.per
    #expect(most == 16_384)
    #expect(most * 16 == UInt64(pin.size!))
  }
}
