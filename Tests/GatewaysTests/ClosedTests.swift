import Blueprints
import Kernel
import Model
import Netlink
import Nftables
import TestSupport
import Testing

/// Client pods' packets never leave by the cluster's network: each of the two locks is enough
/// alone.
@Suite struct ClosedTests {
  enum Damage: String, CaseIterable {
    case none, nobodyAlive, gatewayRoutesDeleted, linkFlapped, tableDeleted, rulesDeleted

    func happen(to bed: Bed) throws {
      try bed.router.run {
        switch self {
        case .none, .nobodyAlive: break
        case .gatewayRoutesDeleted:
          for index in bed.gateways.members.indices {
            for family in ["-4", "-6"] {
              try sh("ip \(family) route del default dev \(Seed.link) table \(50 + index)")
            }
          }
        case .linkFlapped:
          try sh("ip link set \(Seed.link) down")
          try sh("ip link set \(Seed.link) up")
          // Restores the IPv6 address that the kernel dropped, without which nothing is received.
          try sh("ip address replace fd24::26fe/64 dev \(Seed.link) nodad")
        case .tableDeleted: try sh("nft delete table inet vpngw")
        case .rulesDeleted:
          for family in ["-4", "-6"] {
            try sh("ip \(family) rule flush")
            try sh("ip \(family) rule add lookup main priority 32766")
          }
        }
      }
    }
  }

  static let modes: [Gateways.Balance] = [.consistent(buckets: 256), .ecmp(.init()), .single]

  @Test(arguments: modes, Damage.allCases)
  func nothingLeaks(_ balance: Gateways.Balance, _ damage: Damage) throws {
    let gateways = Seed.gateways(4, balance: balance, ipv6: true)
    try Bed.with(gateways) { bed in
      try bed.apply(gateways.expanded(up: damage == .nobodyAlive ? [] : gateways.names))
      try damage.happen(to: bed)
      try bed.sendToEverybody()
      #expect(try bed.leaked() == 0)
    }
  }

  /// Linux runs a new table's rules for a moment before it finds the ranges of its sets.
  @Test(arguments: modes)
  func nothingReservedReachesAGatewayWhileTheTableIsReplaced(_ balance: Gateways.Balance) throws {
    let gateways = Seed.gateways(4, balance: balance, ipv6: true)
    try Bed.with(gateways) { bed in
      try bed.apply(gateways.expanded(up: gateways.names))
      let sender = try bed.client.run {
        try Started(["timeout", "2", "python3", "-c", Self.flood])
      }
      let counts = try bed.router.run {
        try sh("nft -f -", input: Self.markWatcher)
        let table = try sh("nft list table inet vpngw")
        while sender.isRunning {
          try sh("nft delete table inet vpngw")
          try sh("nft -f -", input: table)
        }
        let words = try sh("nft list table inet marked").split(whereSeparator: \.isWhitespace)
        return zip(words, words.dropFirst()).filter { $0.0 == "packets" }.map { Int($0.1)! }
      }
      #expect(sender.wait().status == 124)
      try #require(counts.count == 4)
      #expect(counts[0] > 1000 && counts[1] > 1000, "none was sent")
      #expect(counts[2] == 0 && counts[3] == 0, "\(counts)")
    }
  }

  private static let flood = """
    import socket
    sockets = [(socket.socket(family, socket.SOCK_DGRAM), (address, 80)) for _ in range(32)
               for family, address in ((socket.AF_INET, "10.9.9.9"), (socket.AF_INET6, "fc00::9"))]
    while True:
        for own, remote in sockets:
            own.sendto(b"x", remote)
    """

  private static let markWatcher = """
    table inet marked {
      chain steered {
        type filter hook prerouting priority 0
        ip daddr 10.9.9.9 counter
        ip6 daddr fc00::9 counter
        ip daddr 10.9.9.9 meta mark != 0 counter
        ip6 daddr fc00::9 meta mark != 0 counter
      }
    }

    """

  /// IPv6 is closed too where gateways only have IPv4.
  @Test(arguments: Damage.allCases)
  func nothingLeaksWhereNoGatewayHasIPv6(_ damage: Damage) throws {
    let gateways = Seed.gateways(2)
    guard damage != .gatewayRoutesDeleted else { return }
    try Bed.with(gateways) { bed in
      try bed.router.run { _ = try sh("sysctl -q -w net.ipv6.conf.all.forwarding=1") }
      try bed.apply(gateways.expanded(up: damage == .nobodyAlive ? [] : gateways.names))
      try damage.happen(to: bed)
      try bed.sendToEverybody()
      #expect(try bed.leaked() == 0)
    }
  }

  /// Otherwise the tests above would hold for a router that forwards nothing.
  @Test func everythingLeaksWithoutTheTable() throws {
    try Bed.with(Seed.gateways(2, ipv6: true)) { bed in
      try bed.router.run {
        _ = try sh("sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
      }
      try bed.sendToEverybody()
      #expect(try bed.leaked() == bed.arrived())
    }
  }

  /// Each lock alone, without the other.
  @Test(arguments: ["forward", "leave"])
  func eachLockHoldsWithoutTheOtherAndWithoutRules(_ guardian: String) throws {
    var expansion = Seed.gateways(2, ipv6: true).expanded(up: [])
    expansion.configuration.rules = []
    expansion.table.chains.removeAll {
      ["forward", "leave"].contains($0.name) && $0.name != guardian
    }
    try Bed.with(Seed.gateways(2, ipv6: true)) { bed in
      try bed.apply(expansion)
      try bed.sendToEverybody()
      #expect(try bed.leaked() == 0)
    }
  }

  @Test func reservedAndExceptedDestinationsReachNoGateway() throws {
    var gateways = Seed.gateways(2, ipv6: true)
    gateways.egress.except = [Prefix("9.9.0.0/16")!, Prefix("2620:fe::/48")!]
    try Bed.with(gateways) { bed in
      try bed.apply(gateways.expanded(up: gateways.names))
      let places = [
        "10.1.2.3", "172.16.0.1", "192.168.99.1", "100.64.0.1", "9.9.9.9", "203.0.113.7",
        "fc00::1", "2001:db8::1", "2620:fe::9",
      ]
      try bed.client.run {
        for (index, place) in places.enumerated() {
          for isTCP in [true, false] {
            try Flow(
              isTCP: isTCP, destination: IPAddress(place)!, sport: UInt16(20_000 + index), dport: 80
            ).send()
          }
        }
      }
      #expect(try bed.ways() == [:])
      #expect(try bed.leaked() == 0)
    }
  }
}

extension Bed {
  /// To another link's network, to what is behind it, and to what the internet doesn't route.
  static let elsewhere = [
    "10.32.0.77", "10.1.2.3", "192.168.99.1", "172.16.0.1", "203.0.113.7", "100.64.0.1", "45.0.0.1",
    "fd10::77", "fc00::1", "2001:db8::1", "2600::1",
  ].map { IPAddress($0)! }

  /// New flows and parts of old ones, in both families.
  func sendToEverybody() throws {
    let flows =
      Flow.some(10)
      + Self.elsewhere.enumerated().flatMap { index, place in
        [true, false].map {
          Flow(isTCP: $0, destination: place, sport: UInt16(40_000 + index), dport: 80)
        }
      }
    try client.run {
      for flow in flows { try flow.send(.syn) }
      for flow in flows { try flow.send(.ack) }
    }
    #expect(try arrived() == flows.count * 2)
  }
}
