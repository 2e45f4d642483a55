import Agent
import Blueprints
import Glibc
import Kernel
import Model
import Netlink
import Nftables
import Plan
import TestSupport
import Testing

/// A client, a router, and the cluster's network, into which nothing may leak, each in a namespace
/// of its own. The client's end of the link also has the gateways' addresses: what the router sends
/// to them is seen, and goes no further.
final class Bed {
  let client: Namespace
  let router: Namespace
  let cluster: Namespace
  let gateways: Gateways
  private let directory: String

  static let clientAddress = IPAddress("192.168.24.10")!
  static let clientAddress6 = IPAddress("fd24::10")!

  static func with(_ gateways: Gateways, _ body: (Bed) throws -> Void) throws {
    try TemporaryDirectory.with { directory in
      let bed = try Bed(gateways, directory)
      try bed.prepare()
      try body(bed)
    }
  }

  private init(_ gateways: Gateways, _ directory: String) throws {
    (client, router, cluster) = (try .make(), try .make(), try .make())
    self.gateways = gateways
    self.directory = directory
  }

  private func prepare() throws {
    let vpn = gateways.link.text
    try cluster.run {
      try Self.each(["ip link set lo up", "sysctl -q -w net.ipv6.conf.default.accept_dad=0"])
    }
    try router.run {
      try Self.each([
        "ip link set lo up", "sysctl -q -w net.ipv6.conf.default.accept_dad=0",
        "ip link add \(vpn) type veth peer name c0 netns \(client.path)",
        "ip link add eth0 type veth peer name r0 netns \(cluster.path)",
        "ip link set \(vpn) up", "ip link set eth0 up",
        "ip address add 192.168.26.1/22 dev \(vpn)", "ip address add 192.168.26.254/22 dev \(vpn)",
        "ip address add fd24::26fe/64 dev \(vpn) nodad",
        "ip address add 10.32.0.2/24 dev eth0", "ip address add fd10::2/64 dev eth0 nodad",
      ])
      for vip in gateways.members.flatMap(\.vips) {
        try Self.each(["ip address add \(vip)/\(vip.family == .inet ? 22 : 64) dev \(vpn) nodad"])
      }
    }
    try cluster.run {
      try Self.each([
        "ip link set r0 up", "ip address add 10.32.0.1/24 dev r0",
        "ip address add fd10::1/64 dev r0 nodad",
      ])
    }
    try client.run {
      try Self.each([
        "sysctl -q -w net.ipv6.conf.default.accept_dad=0", "ip link set c0 up",
        "ip address add \(Self.clientAddress)/22 dev c0",
        "ip address add \(Self.clientAddress6)/64 dev c0 nodad",
      ])
      for address in gateways.members.flatMap(\.addresses) {
        try Self.each([
          "ip address add \(address)/\(address.family == .inet ? 22 : 64) dev c0 nodad"
        ])
      }
      try Self.each([
        "ip route add default via 192.168.26.254 dev c0", "ip route add default via fd24::26fe",
      ])
    }
    try learnNeighbors()
    try router.run {
      try Self.each([
        "ip route add default via 10.32.0.1 dev eth0", "ip route add default via fd10::1 dev eth0",
      ])
      // What a cluster's network and other VPNs add: the internet in halves, reserved ranges,
      // networks.
      try Self.each(
        ["0.0.0.0/1", "128.0.0.0/1", "10.0.0.0/8", "192.168.0.0/16", "8.128.0.0/9"].map {
          "ip route add \($0) via 10.32.0.1 dev eth0"
        }
          + ["::/1", "8000::/1", "2000::/3", "fc00::/7", "2a00::/24"].map {
            "ip route add \($0) via fd10::1 dev eth0"
          })
      try sh("nft -f -", input: Self.watchers)
    }
  }

  /// Otherwise packets would wait in a short queue for neighbor discovery.
  private func learnNeighbors() throws {
    let vpn = gateways.link.text
    func mac(_ namespace: Namespace, _ link: String) throws -> String {
      try namespace.run {
        let words = try sh("ip -o link show \(link)").split(separator: " ")
        return String(words[words.firstIndex(of: "link/ether")! + 1])
      }
    }
    let pairs: [(Namespace, String, [IPAddress], String)] = [
      (
        client, "c0",
        [IPAddress("192.168.26.254")!, IPAddress("fd24::26fe")!] + gateways.members.flatMap(\.vips),
        try mac(router, vpn)
      ),
      (
        router, vpn,
        gateways.members.flatMap(\.addresses) + [Self.clientAddress, Self.clientAddress6],
        try mac(client, "c0")
      ),
      (
        router, "eth0", ["10.32.0.1", "fd10::1", "10.32.0.77", "fd10::77"].map { IPAddress($0)! },
        try mac(cluster, "r0")
      ),
    ]
    for (namespace, link, addresses, mac) in pairs {
      try namespace.run {
        try Self.each(addresses.map { "ip neighbor replace \($0) lladdr \(mac) dev \(link)" })
      }
    }
  }

  /// Runs commands of ip(8) in a single process.
  private static func each(_ lines: [String]) throws {
    for line in lines where !line.hasPrefix("ip ") { try sh(line) }
    let batch = lines.filter { $0.hasPrefix("ip ") }.map { $0.dropFirst(3) }
    try sh("ip -batch -", input: batch.joined(separator: "\n") + "\n")
  }

  // MARK: - The router

  /// Makes the router what the expansion says: by a plan, and the table by its difference.
  func apply(_ expansion: Gateways.Expansion) throws {
    try router.run {
      try load(expansion.table)
      let reconciler = try Reconciler(runDirectory: directory)
      var wanted = expansion.configuration
      wanted.tables = expansion.asking.map { NftablesTable($0) }
      let outcome = try reconciler.reconcile { try reconciler.plan(to: wanted) }
      if !outcome.isComplete { throw CommandFailed(description: "\(outcome)") }
      #expect(try reconciler.plan(to: wanted).text() == Plan.steadyState + "\n")
    }
  }

  func load(_ table: Nftables.Table) throws {
    let kernel = try NftablesKernel()
    let wanted = try TableCompiler.compile(table) { _ in nil }.get()
    let there = try kernel.observe().tables.first { $0.name == table.name }
    try kernel.apply([TableDiff(family: .inet, table: table.name, from: there, to: wanted)])
    let after = try kernel.observe().tables.first { $0.name == table.name }
    #expect(TableDiff(family: .inet, table: table.name, from: after, to: wanted).isEmpty)
  }

  /// In tables of the test's own: the gateway by which each source port left, and what arrived on
  /// the cluster's side.
  private static let watchers = """
    table inet watch {
      chain before {
        type filter hook prerouting priority -500
        iifname \(Seed.link.text) meta l4proto { tcp, udp } counter
      }
      set ways { typeof meta l4proto . th sport . rt ip nexthop; flags dynamic; size 65535; }
      set ways6 { typeof meta l4proto . th sport . rt ip6 nexthop; flags dynamic; size 65535; }
      chain clamped {
        type filter hook postrouting priority 300
        oifname \(Seed.link.text) tcp option maxseg size { 1360, 1380 } counter
      }
      chain whole {
        type filter hook postrouting priority 300
        oifname \(Seed.link.text) meta l4proto udp meta length > 4000 counter
      }
      chain after {
        type filter hook postrouting priority 300
        oifname \(Seed.link.text) meta l4proto { tcp, udp } update @ways { meta l4proto . th sport . rt ip nexthop }
        oifname \(Seed.link.text) meta l4proto { tcp, udp } update @ways6 { meta l4proto . th sport . rt ip6 nexthop }
      }
    }
    table netdev leak {
      chain out { type filter hook egress device "eth0" priority 0; meta l4proto { tcp, udp } counter; }
    }
    """

  /// The gateway by which each flow has left since the last call.
  func ways() throws -> [Flow.Key: IPAddress] {
    try router.run {
      var ways: [Flow.Key: IPAddress] = [:]
      for set in ["ways", "ways6"] {
        let text = try sh("nft list set inet watch \(set)")
        for element in text.split(whereSeparator: { ",{}\n".contains($0) }) {
          let words = element.split(whereSeparator: { " \t".contains($0) })
          guard words.count == 5, let port = UInt16(words[2]),
            let gateway = IPAddress(String(words[4]))
          else { continue }
          ways[Flow.Key(isTCP: words[0] == "tcp", port: port, family: gateway.family)] = gateway
        }
        try sh("nft flush set inet watch \(set)")
      }
      return ways
    }
  }

  /// Packets with ports that left by the cluster's link.
  func leaked() throws -> Int { try counted("nft list table netdev leak") }

  /// First segments that left for a gateway with their MSS lowered.
  func clamped() throws -> Int { try counted("nft list chain inet watch clamped") }

  /// Datagrams of more than 4,000 bytes that left for a gateway, to be fragmented after that.
  func whole() throws -> Int { try counted("nft list chain inet watch whole") }

  /// The same, as they arrived from the client.
  func arrived() throws -> Int { try counted("nft list chain inet watch before") }

  private func counted(_ command: String) throws -> Int {
    try router.run {
      let words = try sh(command).split(separator: " ")
      return Int(words[words.firstIndex(of: "packets")! + 1])!
    }
  }
}
