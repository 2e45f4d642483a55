import Blueprints
import Kernel
import Model
import Netlink
import Nftables
import TestSupport
import Testing

/// Each counter counts the packets that its reason names, and no others.
@Suite struct DropTests {
  /// Sends datagrams or ICMP errors from a namespace; Linux refuses some of those that the router
  /// itself sends.
  private static let sender =
    Python.checksum + """
      import socket, struct
      raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
      def send(source, target, protocol, payload, fragment=0, number=1):
          head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), number, fragment, 64, protocol, 0)
          head += socket.inet_aton(source) + socket.inet_aton(target)
          head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
          try: raw.sendto(head + payload, (target, 0))
          except PermissionError: pass
      def udp(source, target): send(source, target, 17, struct.pack("!HHHH", 40000, 53, 8, 0))
      def error(source, target):
          quoted = struct.pack("!BBHHHBBH", 0x45, 0, 28, 1, 0, 60, 17, 0)
          quoted += socket.inet_aton(target) + socket.inet_aton(source) + struct.pack("!HHHH", 53, 4, 8, 0)
          message = struct.pack("!BBHI", 3, 3, 0, 0) + quoted
          send(source, target, 1, message[:2] + struct.pack("!H", checksum(message)) + message[4:])
      def part(source, target, number):
          send(source, target, 17, struct.pack("!HHHH", 40000, 53, 16, 0), 0x2000, number)
      for number in range(5):
          CALL
      """

  struct Case: Sendable, CustomStringConvertible {
    let reason: Gateways.Drop
    let call: String
    /// The namespace that sends.
    var sender = \Bed.client
    var gateways = Seed.gateways(4)
    var isAlive = true
    /// Whether the routing rules exist, which reject some packets before nftables sees them.
    var hasRules = true

    var description: String { reason.rawValue + (gateways.members[0].vips.isEmpty ? "" : " VIPs") }
  }

  private static let egressOnly = Seed.gateways(4, vips: false)

  static let cases: [Case] = [Seed.gateways(4), egressOnly].flatMap { gateways in
    [
      Case(
        reason: .noGateway, call: #"udp("192.168.24.10", "8.8.8.8")"#, gateways: gateways,
        isAlive: false),
      Case(
        reason: .falseSource, call: #"udp("9.9.9.9", "192.168.26.254")"#, gateways: gateways),
      Case(reason: .falseSource, call: #"udp("9.9.9.9", "8.8.8.8")"#, gateways: gateways),
      Case(
        reason: .foreignAddress, call: #"udp("192.168.24.10", "10.32.0.2")"#, gateways: gateways),
      Case(
        reason: .otherLink, call: #"udp("192.168.24.10", "8.8.8.8")"#, gateways: gateways,
        hasRules: false),
      Case(
        reason: .otherLink, call: #"udp("192.168.24.10", "10.32.0.77")"#, gateways: gateways,
        hasRules: false),
      Case(
        reason: .leak, call: #"udp("192.168.26.254", "10.32.0.77")"#, sender: \Bed.router,
        gateways: gateways),
      Case(
        reason: .strict, call: #"udp("10.32.0.1", "192.168.24.10")"#, sender: \Bed.cluster,
        gateways: gateways.strict, hasRules: false),
      Case(reason: .clientError, call: #"error("192.168.24.10", "8.8.8.8")"#, gateways: gateways),
      Case(
        reason: .fragments, call: #"part("10.32.0.55", "192.168.26.254", number + 1)"#,
        gateways: gateways),
    ]
  }

  @Test(arguments: cases) func aReasonCountsWhatItSays(_ test: Case) throws {
    let gateways = test.gateways
    try Bed.with(gateways) { bed in
      try bed.cluster.run { _ = try sh("ip route add 192.168.24.0/22 via 10.32.0.2") }
      try bed.apply(gateways.expanded(up: test.isAlive ? gateways.names : []))
      try bed.router.run {
        try sh("sysctl -q -w net.ipv4.ipfrag_time=1 net.ipv4.icmp_ratelimit=0")
        if !test.hasRules {
          try sh("ip rule flush")
          try sh("ip rule add lookup main priority 32766")
        }
      }
      try bed[keyPath: test.sender].run {
        _ = try sh("python3 -", input: Self.sender.replacing("CALL", with: test.call))
      }
      // Linux gives fragments up after a second.
      let expected = Dictionary(
        uniqueKeysWithValues: gateways.drops.map {
          ($0.rawValue, $0 == test.reason ? 5 : 0 as UInt64)
        })
      var found: [String: UInt64] = [:]
      _ = try eventually {
        found = try bed.drops()
        return found == expected
      }
      #expect(found == expected)
    }
  }

  @Test func aRedirectCounts() throws {
    let gateways = Seed.gateways(2, ipv6: true)
    try Bed.with(gateways) { bed in
      try bed.apply(gateways.expanded(up: gateways.names))
      try bed.router.run {
        let words = try bed.client.run { try sh("ip -o link show c0").split(separator: " ") }
        let mac = words[words.firstIndex(of: "link/ether")! + 1]
        try sh("ip neighbor replace fd24::99 lladdr \(mac) dev \(Seed.link)")
      }
      try bed.client.run {
        try sh("ip route add fd24::99 via fd24::26fe")
        try Flow(isTCP: false, destination: IPAddress("fd24::99")!, sport: 30_000, dport: 53).send()
      }
      let counts = try eventually { try bed.drops()["icmp_redirect"] == 1 }
      #expect(counts)
    }
  }

  /// A gateway's death and return replace elements and rules, but no counter.
  @Test(arguments: [.consistent(buckets: 256), .single] as [Gateways.Balance])
  func countersOutliveChanges(_ balance: Gateways.Balance) throws {
    let gateways = Seed.gateways(2, balance: balance)
    try Bed.with(gateways) { bed in
      try bed.apply(gateways.expanded(up: []))
      try bed.client.run {
        _ = try sh(
          "python3 -",
          input: Self.sender.replacing("CALL", with: #"udp("192.168.24.10", "8.8.8.8")"#))
      }
      #expect(try bed.drops()["no_gateway"] == 5)
      for up in [gateways.names, ["gw1"], []] {
        // Ends with an empty plan: what was counted is no drift.
        try bed.apply(gateways.expanded(up: up))
        #expect(try bed.drops()["no_gateway"] == 5)
      }
    }
  }
}

extension Bed {
  /// Packets by reason.
  func drops() throws -> [String: UInt64] {
    try router.run { try NftablesKernel().counters(of: Gateways.tableID) }
  }
}
