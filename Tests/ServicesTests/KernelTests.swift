import Blueprints
import Kernel
import Model
import Netlink
import Nftables
import State
import TestSupport
import Testing

private let text = """
  { "version": 1, "services": {
    "web": { "vips": ["10.1.0.1", "fd01::1"], "aliases": "10.33.0.10", "ports": 80,
             "protocols": ["tcp", "udp"], "servers": ["10.2.0.0/30", "fd02::/126"],
             "balancer": "nft", "flags": ["mh-port"], "on_none": "drop", "probe": "none" } } }
  """

/// What replaces IPVS on this machine's kernel.
@Suite struct KernelTests {
  private func load(_ text: String = text, given signals: [Signal: Signal.State] = [:]) throws {
    let file = try StateFile.decode(Array(text.utf8))
    let services = try #require(file.blueprints[Services.self])
    let table = try #require(services.expanded(given: signals).table)
    try NftablesKernel().create([TableCompiler.compile(table) { _ in nil }.get()])
  }

  @Test func nftListsTheRulesAsWeMeanThem() throws {
    let (rules, buckets) = try Namespace.make().run { () -> (String, String) in
      try load()
      return (
        try sh("nft list chain inet vpngw-services balance"),
        try sh("nft list map inet vpngw-services web.tcp.80.v6")
      )
    }
    let lines = rules.split(separator: "\n").map { $0.drop { $0 == "\t" } }.filter {
      $0.contains("dnat")
    }
    #expect(
      lines
        == ["ip", "ip6"].flatMap { ip in
          ["tcp", "udp"].map { proto in
            let vips = ip == "ip" ? "{ 10.1.0.1, 10.33.0.10 }" : "fd01::1"
            let map = "@web.\(proto).80.\(ip == "ip" ? "v4" : "v6")"
            return
              "\(ip) daddr \(vips) \(proto) dport 80 dnat \(ip) to jhash \(ip) saddr . \(proto) sport "
              + "mod 1024 seed 0xdeadbeef map \(map)"
          }
        })
    for server in ["fd02::", "fd02::1", "fd02::2", "fd02::3"] {
      #expect(
        buckets.components(of: " : \(server),") + buckets.components(of: " : \(server) }") == 256)
    }
  }

  /// Datagrams to the virtual address reach servers, from many ports all of them; once no server is
  /// alive they vanish.
  @Test func datagramsReachServersAndNobodyWhenNoneLives() throws {
    let (client, router, servers) = (
      try Namespace.make(), try Namespace.make(), try Namespace.make()
    )
    try router.run {
      for line in [
        "ip link add c type veth peer name r netns \(client.path)",
        "ip link add s type veth peer name r netns \(servers.path)",
        "ip link set lo up", "ip link set c up", "ip link set s up",
        "ip address add 10.1.0.1/24 dev c", "ip address add 10.2.0.9/24 dev s",
        "sysctl -q -w net.ipv4.ip_forward=1",
      ] { _ = try sh(line) }
    }
    try client.run {
      for line in ["ip link set r up", "ip address add 10.1.0.2/24 dev r"] { _ = try sh(line) }
    }
    try servers.run {
      for line in ["ip link set r up", "nft add table ip t"] { _ = try sh(line) }
      _ = try sh("nft -f -", input: "add chain ip t c { type filter hook input priority 0; }")
      for n in 0..<4 {
        _ = try sh("ip address add 10.2.0.\(n)/24 dev r")
        _ = try sh(
          "nft add rule ip t c udp dport 80 ip daddr 10.2.0.\(n) ip saddr 10.1.0.0/24 counter")
      }
    }
    func send() throws {
      try client.run {
        _ = try run(["bash", "-c", "for i in {1..64}; do echo x >/dev/udp/10.1.0.1/80; done"])
      }
    }
    func counts() throws -> [Int] {
      try servers.run {
        try sh("nft list chain ip t c").split(separator: "\n").filter { $0.contains("packets ") }
          .map {
            let words = $0.split(separator: " ")
            return Int(words[words.firstIndex(of: "packets")! + 1])!
          }
      }
    }
    try router.run { try load() }
    try send()
    #expect(try eventually { try counts().reduce(0, +) == 64 })
    #expect(try counts().allSatisfy { $0 > 0 })

    let none = text.replacing(#""probe": "none""#, with: #""probe": { "type": "icmp" }"#)
    let down = try StateFile.decode(Array(none.utf8)).signals.reduce(into: [:]) {
      $0[$1] = Signal.State.down
    }
    try router.run {
      _ = try sh("nft flush ruleset")
      try load(none, given: down)
      #expect(try sh("nft list set inet vpngw-services none4").contains("10.1.0.1 . udp . 80"))
    }
    // From another address: a flow that conntrack knows would continue.
    try client.run {
      _ = try sh("ip address delete 10.1.0.2/24 dev r")
      _ = try sh("ip address add 10.1.0.3/24 dev r")
    }
    try send()
    #expect(try counts().reduce(0, +) == 64)
  }
}

extension String {
  fileprivate func components(of part: String) -> Int {
    split(separator: part, omittingEmptySubsequences: false).count - 1
  }

  fileprivate func replacing(_ part: String, with other: String) -> String {
    split(separator: part, omittingEmptySubsequences: false).joined(separator: other)
  }
}
