import Agent
import Blueprints
import Kernel
import Model
import Netlink
import Plan
import TestSupport
import Testing

/// A gateway pod, the VPN network with the router's VIPs and a client, the provider's end of the
/// tunnel, and the cluster's network, into which nothing may leak, each in a namespace of its own.
/// A pair of links stands for the tunnel. Only the gateway's kernel answers anything.
final class GatewayBed {
  let client: Namespace
  let pod: Namespace
  let provider: Namespace
  let cluster: Namespace
  let gateway: Gateway
  private let directory: String

  static let tunnel = LinkName("tun0")!
  static let vips = [IPAddress("192.168.26.128")!, IPAddress("fd24::26:128")!]
  /// The tunnel's own addresses, and a remote client's.
  static let inside = [IPAddress("10.2.0.2")!, IPAddress("fd02::2")!]
  static let remotes = [IPAddress("45.0.0.1")!, IPAddress("2a00:45::1")!]
  static let ports = Signal(.probe, "gluetun")

  /// The seed's gateway, of both families.
  static var gateway: Gateway {
    var gateway = Gateway(
      link: Seed.link, tunnel: tunnel, egress: Gateway.Egress(from: [Seed.from, Seed.from6]),
      health: .signal(Signal(.probe, "tunnel")))
    gateway.vips = vips
    gateway.forwards = [Gateway.Forward(.fixed([6881, 6882]), to: vips)]
    return gateway
  }

  static func with(_ gateway: Gateway = gateway, _ body: (GatewayBed) throws -> Void) throws {
    try TemporaryDirectory.with { directory in
      let bed = try GatewayBed(gateway, directory)
      try bed.prepare()
      try body(bed)
    }
  }

  private init(_ gateway: Gateway, _ directory: String) throws {
    (client, pod, provider, cluster) = (try .make(), try .make(), try .make(), try .make())
    self.gateway = gateway
    self.directory = directory
  }

  private func prepare() throws {
    let vpn = gateway.link.text
    for namespace in [client, pod, provider, cluster] {
      try namespace.run {
        try Self.each(["ip link set lo up", "sysctl -q -w net.ipv6.conf.default.accept_dad=0"])
      }
    }
    try pod.run {
      try Self.each([
        "ip link add \(vpn) type veth peer name c0 netns \(client.path)",
        "ip link add eth0 type veth peer name r0 netns \(cluster.path)",
        "ip link set \(vpn) mtu 1420 up", "ip link set eth0 up",
        "ip address add 192.168.25.128/22 dev \(vpn)",
        "ip address add fd24::25:128/64 dev \(vpn) nodad",
        "ip address add 10.32.0.2/24 dev eth0", "ip address add fd10::2/64 dev eth0 nodad",
      ])
    }
    try cluster.run {
      try Self.each([
        "ip link set r0 up", "ip address add 10.32.0.1/24 dev r0",
        "ip address add fd10::1/64 dev r0 nodad",
      ])
    }
    try client.run {
      try Self.each(
        [
          "ip link set c0 up", "ip address add \(Bed.clientAddress)/22 dev c0",
          "ip address add \(Bed.clientAddress6)/64 dev c0 nodad",
          "ip address add \(Self.vips[0])/22 dev c0",
          "ip address add \(Self.vips[1])/64 dev c0 nodad",
          "ip route add default via 192.168.25.128 dev c0",
          "ip route add default via fd24::25:128 dev c0",
        ])
      try sh("nft -f -", input: Self.silence)
    }
    try makeTunnel()
    try learn(client, "c0", of: pod, vpn, ["192.168.25.128", "fd24::25:128"])
    try learn(
      pod, vpn, of: client, "c0",
      ([Bed.clientAddress, Bed.clientAddress6] + Self.vips).map(\.description))
    try learn(pod, "eth0", of: cluster, "r0", ["10.32.0.1", "fd10::1"])
    try pod.run {
      // What a pod has, what else its cluster adds, and gluetun's own rules.
      try Self.each(
        ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "10.0.0.0/8", "192.168.0.0/16"].map {
          "ip route add \($0) via 10.32.0.1 dev eth0"
        }
          + ["::/0", "::/1", "8000::/1", "2000::/3", "fc00::/7"].map {
            "ip route add \($0) via fd10::1 dev eth0"
          }
          + [
            "ip rule add priority 98 to 192.168.24.0/22 lookup main",
            "ip rule add priority 98 to 10.0.0.0/8 lookup main",
            "ip -6 rule add priority 98 to fd10::/16 lookup main",
            "ip -6 rule add priority 98 to fd24::/64 lookup main",
            "ip rule add priority 100 from 10.32.0.2 lookup main",
          ])
      try sh("nft -f -", input: Self.watchers)
    }
  }

  /// As gluetun does: the link, its addresses, its routes, its rule.
  func makeTunnel() throws {
    // Without ARP a packet has the sender's own hardware address, which is the other end's too.
    let ends = "address 02:00:00:00:00:01"
    try pod.run {
      try Self.each([
        "ip link add \(Self.tunnel) \(ends) mtu 1400 type veth peer name wg0 \(ends) netns \(provider.path)",
        "ip link set \(Self.tunnel) arp off", "ip link set \(Self.tunnel) up",
        "ip address add \(Self.inside[0])/32 dev \(Self.tunnel)",
        "ip address add \(Self.inside[1])/128 dev \(Self.tunnel) nodad",
      ])
    }
    try provider.run {
      try Self.each([
        "ip link set wg0 arp off", "ip link set wg0 up",
        "ip address replace \(Self.remotes[0])/32 dev lo",
        "ip address replace \(Self.remotes[1])/128 dev lo nodad",
        "ip route add default dev wg0", "ip -6 route add default dev wg0",
      ])
      if try !sh("nft list tables").contains("quiet") { try sh("nft -f -", input: Self.silence) }
    }
    try pod.run {
      for family in ["-4", "-6"] {
        try sh("ip \(family) route add default dev \(Self.tunnel) table 51820")
        if try !sh("ip \(family) rule show").contains("51820") {
          try sh("ip \(family) rule add priority 101 not fwmark 51820 lookup 51820")
        }
      }
    }
  }

  private static func each(_ lines: [String]) throws {
    for line in lines { try sh(line) }
  }

  private func mac(_ namespace: Namespace, _ link: String) throws -> String {
    try namespace.run {
      let words = try sh("ip -o link show \(link)").split(separator: " ")
      return String(words[words.firstIndex(of: "link/ether")! + 1])
    }
  }

  /// Otherwise packets would wait in a short queue for neighbor discovery.
  private func learn(
    _ namespace: Namespace, _ link: String, of other: Namespace, _ otherLink: String,
    _ addresses: [String]
  ) throws {
    let mac = try mac(other, otherLink)
    try namespace.run {
      try Self.each(addresses.map { "ip neighbor replace \($0) lladdr \(mac) dev \(link)" })
    }
  }

  // MARK: - The gateway

  var desired: DesiredState {
    var desired = DesiredState()
    desired.blueprints = [gateway]
    return desired
  }

  /// Makes the pod what the blueprint says, until there is nothing left to do.
  func apply(ports: [UInt16]? = nil) throws {
    try pod.run {
      let reconciler = try Reconciler(runDirectory: directory)
      let readings = [Self.ports: SignalReading(forwardedPorts: ports)]
      func plan() throws -> Plan {
        let observed = try reconciler.observe(for: desired)
        return Plan(
          from: observed, to: desired.expanded(reading: readings, keeping: observed))
      }
      let outcome = try reconciler.reconcile { try plan() }
      if !outcome.isComplete { throw CommandFailed(description: "\(outcome)") }
      #expect(try plan().text() == Plan.steadyState + "\n")
    }
  }

  // MARK: - What is seen

  /// Drops what arrives, so that no kernel but the gateway's answers.
  private static let silence = """
    table inet quiet {
      chain in { type filter hook input priority 0; meta l4proto { tcp, udp } drop; }
    }
    """

  private static let watchers = """
    table inet watch {
      set out4 { typeof ip saddr . ip daddr . meta l4proto . th dport; flags dynamic; size 65535; }
      set out6 { typeof ip6 saddr . ip6 daddr . meta l4proto . th dport; flags dynamic; size 65535; }
      set in4 { typeof ip saddr . ip daddr . meta l4proto . th dport; flags dynamic; size 65535; }
      set in6 { typeof ip6 saddr . ip6 daddr . meta l4proto . th dport; flags dynamic; size 65535; }
      chain before {
        type filter hook prerouting priority -500
        iifname \(Seed.link.text) meta l4proto { tcp, udp } counter
      }
      chain clamped {
        type filter hook postrouting priority 300
        tcp option maxseg size { 1340, 1360 } counter
      }
      chain after {
        type filter hook postrouting priority 300
        oifname tun0 meta l4proto { tcp, udp } update @out4 { ip saddr . ip daddr . meta l4proto . th dport }
        oifname tun0 meta l4proto { tcp, udp } update @out6 { ip6 saddr . ip6 daddr . meta l4proto . th dport }
        oifname \(Seed.link.text) meta l4proto { tcp, udp } update @in4 { ip saddr . ip daddr . meta l4proto . th dport }
        oifname \(Seed.link.text) meta l4proto { tcp, udp } update @in6 { ip6 saddr . ip6 daddr . meta l4proto . th dport }
      }
    }
    table netdev leak {
      chain out {
        type filter hook egress device "eth0" priority 0
        icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, mld2-listener-report } return
        meta protocol { ip, ip6 } counter
      }
    }
    """

  /// `tcp 192.0.2.1 > 198.51.100.1:80`, what has left by the tunnel, or for the VPN network, since
  /// the last call.
  func seen(_ set: String) throws -> Set<String> {
    try pod.run {
      var seen: Set<String> = []
      for set in ["\(set)4", "\(set)6"] {
        let text = try sh("nft list set inet watch \(set)")
        for element in text.split(whereSeparator: { ",{}\n".contains($0) }) {
          let words = element.split(whereSeparator: { " \t".contains($0) })
          guard words.count == 7, words[1] == ".", words[3] == "." else { continue }
          seen.insert("\(words[4]) \(words[0]) > \(words[2]):\(words[6])")
        }
        try sh("nft flush set inet watch \(set)")
      }
      return seen
    }
  }

  /// Packets that left by the cluster's link.
  func leaked() throws -> Int { try counted("nft list table netdev leak") }

  /// Packets with ports that came from the VPN network.
  func arrived() throws -> Int { try counted("nft list chain inet watch before") }

  /// First segments that left with their MSS lowered to the tunnel's.
  func clamped() throws -> Int { try counted("nft list chain inet watch clamped") }

  private func counted(_ command: String) throws -> Int {
    try pod.run {
      let words = try sh(command).split(separator: " ")
      return Int(words[words.lastIndex(of: "packets")! + 1])!
    }
  }

  func drops() throws -> [String: UInt64] {
    try pod.run { try NftablesKernel().counters(of: Gateway.tableID) }
  }
}
