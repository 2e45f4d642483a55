import Model
import Netlink
import TestSupport
import Testing

/// What the router tells clients: nothing that leads around it, and no error by another gateway.
@Suite struct RedirectTests {
  private static let redirects = """
    table inet redirects {
      chain in {
        type filter hook input priority 0
        icmp type redirect counter
        icmpv6 type nd-redirect counter
      }
    }
    """

  private func counted(_ bed: Bed) throws -> [Int] {
    try bed.client.run {
      try sh("nft list table inet redirects").split(separator: "packets ").dropFirst().map {
        Int($0.prefix { $0.isNumber })!
      }
    }
  }

  /// Sends to a neighbor through the router: in and out on the same link.
  private func askNeighbors(in bed: Bed) throws {
    try bed.client.run {
      try sh("nft -f -", input: Self.redirects)
      for (neighbor, router) in [
        ("192.168.24.99", "192.168.26.254"), ("fd24::99", "fd24::26fe"),
      ] {
        try sh("ip route add \(neighbor) via \(router)")
        for port in 1...20 {
          try Flow(
            isTCP: false, destination: IPAddress(neighbor)!, sport: UInt16(30_000 + port), dport: 53
          ).send()
        }
      }
    }
  }

  private func prepare(_ bed: Bed) throws {
    try bed.router.run {
      let words = try bed.client.run { try sh("ip -o link show c0").split(separator: " ") }
      let mac = words[words.firstIndex(of: "link/ether")! + 1]
      for neighbor in ["192.168.24.99", "fd24::99"] {
        try sh("ip neighbor replace \(neighbor) lladdr \(mac) dev \(Seed.link)")
      }
      try sh("sysctl -q -w net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0")
    }
  }

  @Test func nobodyIsRedirected() throws {
    let gateways = Seed.gateways(2, ipv6: true)
    try Bed.with(gateways) { bed in
      try prepare(bed)
      try bed.apply(gateways.expanded(up: gateways.names))
      try askNeighbors(in: bed)
      #expect(try counted(bed) == [0, 0])
    }
  }

  @Test func aRouterWithoutUsRedirects() throws {
    try Bed.with(Seed.gateways(2, ipv6: true)) { bed in
      try prepare(bed)
      try bed.router.run {
        _ = try sh("sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
      }
      try askNeighbors(in: bed)
      #expect(try counted(bed).allSatisfy { $0 > 0 })
    }
  }

  /// A client's errors about its own flows: by its addresses each could go by any gateway.
  private static let errors =
    Python.checksum + """
      import socket, struct
      link = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
      link.bind(("192.168.24.10", 0))
      for number in range(40):
          remote = f"8.8.{number}.8"
          inner = struct.pack("!BBHHHBBH", 0x45, 0, 28, 1, 0, 60, 17, 0)
          inner += socket.inet_aton(remote) + socket.inet_aton("192.168.24.10")
          inner = inner[:10] + struct.pack("!H", checksum(inner)) + inner[12:]
          inner += struct.pack("!HHHH", 53, 30000 + number, 8, 0)
          message = struct.pack("!BBHI", 3, 3, 0, 0) + inner
          link.sendto(message[:2] + struct.pack("!H", checksum(message)) + message[4:], (remote, 0))
      """

  @Test(arguments: [true, false]) func anErrorLeavesByNoOtherGatewayThanItsFlow(vips: Bool) throws {
    let gateways = Seed.gateways(4, ipv6: true, vips: vips)
    try Bed.with(gateways) { bed in
      try bed.apply(gateways.expanded(up: gateways.names))
      try bed.router.run {
        _ = try sh(
          "nft -f -",
          input: """
            table inet errors {
              chain before { type filter hook prerouting priority -500; icmp type destination-unreachable counter; }
              chain after { type filter hook postrouting priority 300; icmp type destination-unreachable counter; }
            }
            """)
      }
      try bed.client.run {
        for number in 0..<40 {
          try Flow(
            isTCP: false, destination: IPAddress("8.8.\(number).8")!,
            sport: UInt16(30_000 + number),
            dport: 53
          ).send()
        }
        try sh("python3 -", input: Self.errors)
      }
      #expect(try bed.ways().count == 40)
      let counts = try bed.router.run {
        try sh("nft list table inet errors").split(separator: "packets ").dropFirst().map {
          Int($0.prefix { $0.isNumber })!
        }
      }
      #expect(counts == [40, 0])
    }
  }
}
