import Blueprints
import Glibc
import Kernel
import Model
import Netlink
import TestSupport
import Testing

/// Whatever a client sends, the router sends nothing on the cluster's link because of it.
@Suite struct OwnPacketsTests {
  /// Counts everything that leaves there, except what keeps a link working.
  private static let watcher = """
    table netdev speech {
      chain out {
        type filter hook egress device "eth0" priority 1
        icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, mld2-listener-report } return
        meta protocol { ip, ip6 } counter
        icmp type echo-reply counter
        icmp type destination-unreachable counter
        icmp type time-exceeded counter
        meta protocol ip tcp flags rst counter
        icmpv6 type echo-reply counter
        icmpv6 type destination-unreachable counter
        icmpv6 type time-exceeded counter
        meta protocol ip6 tcp flags rst counter
      }
    }
    """

  /// Uses raw sockets, from a client's own and from forged addresses: pings, closed and open ports,
  /// unrouted destinations, hop limits that end here, fragments that are never completed, IGMP and
  /// MLD queries.
  private static let speaker = #"""
    import socket, struct
    def checksum(data):
        data += b"\0" * (len(data) % 2)
        total = sum(struct.unpack(f"!{len(data) // 2}H", data))
        while total > 0xffff: total = (total & 0xffff) + (total >> 16)
        return ~total & 0xffff
    def packet(source, target, protocol, payload, ttl=64, fragment=0):
        if ":" in source:
            a, b = (socket.inet_pton(socket.AF_INET6, text) for text in (source, target))
            at = {58: 2, 17: 6, 6: 16}[protocol]
            whole = a + b + struct.pack("!II", len(payload), protocol) + payload
            payload = payload[:at] + struct.pack("!H", checksum(whole)) + payload[at + 2:]
            if fragment:
                payload = struct.pack("!BBHI", protocol, 0, 1, 7) + payload
                protocol = 44
            return struct.pack("!IHBB", 6 << 28, len(payload), protocol, ttl) + a + b + payload
        a, b = (socket.inet_aton(text) for text in (source, target))
        at = {1: 2, 2: 2, 17: 6, 6: 16}[protocol]
        pseudo = a + b + struct.pack("!HH", protocol, len(payload)) if protocol in (6, 17) else b""
        payload = payload[:at] + struct.pack("!H", checksum(pseudo + payload)) + payload[at + 2:]
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 7, fragment, ttl, protocol, 0) + a + b
        return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    link.bind(("c0", 0))
    secret = b"secret" * 100
    syn = lambda port: struct.pack("!HHIIBBHHH", 40000, port, 1, 0, 0x50, 2, 0xffff, 0, 0)
    udp = lambda port: struct.pack("!HHHH", 40000, port, 8 + len(secret), 0) + secret
    ping = lambda kind: struct.pack("!BBHHH", kind, 0, 0, 1, 1) + secret
    for version, sources, own, elsewhere in [
        (4, ["192.168.24.10", "9.9.9.9", "10.32.0.55"],
         ["192.168.26.254", "10.32.0.2", "192.168.26.129", "10.33.0.10"],
         ["8.8.4.4", "45.0.0.1", "10.1.2.3", "192.168.99.1", "192.168.25.200", "10.32.0.77"]),
        (6, ["fd24::10", "2620:fe::9", "fd10::55"], ["fd24::26fe", "fd10::2", "fd24::2681"],
         ["2a00::1", "2600::1", "fc00::1", "fd24::2599", "fd10::77"])]:
        icmp = 1 if version == 4 else 58
        for source in sources:
            send = lambda *words, **more: link.send(MAC
                + (b"\x08\0" if version == 4 else b"\x86\xdd") + packet(source, *words, **more))
            for target in own + elsewhere:
                for ttl in 64, 1:
                    send(target, icmp, ping(8 if version == 4 else 128), ttl)
                    for port in 7, 9118, 6881:
                        send(target, 6, syn(port), ttl)
                        send(target, 17, udp(port), ttl)
            for target in own:
                send(target, 17, udp(7), fragment=0x2000)
            send("224.0.0.1" if version == 4 else "ff02::1", icmp, ping(8 if version == 4 else 128), 1)
            if version == 4: send("224.0.0.1", 2, struct.pack("!BBHI", 0x11, 1, 0, 0), 1)
            else: send("ff02::1", 58, struct.pack("!BBHHHIIII", 130, 0, 0, 1, 0, 0, 0, 0, 0), 1)
    """#

  private func speak(in bed: Bed) throws {
    try bed.client.run {
      // 192.168.26.254 lladdr 02:00:00:00:00:01 PERMANENT
      let neighbor = try sh("ip neighbor show 192.168.26.254 dev c0").split(separator: " ")
      let mac = neighbor[neighbor.firstIndex(of: "lladdr")! + 1].replacing(":", with: "")
      try sh(
        "python3 -",
        input: Self.speaker.replacing("MAC", with: "bytes.fromhex('\(mac)') + bytes(6)"))
    }
  }

  /// Whether all incomplete packets of the speaker have been given up.
  private func areFragmentsOver(in bed: Bed) throws -> Bool {
    try bed.router.run {
      let counts = try sh("nstat -asz IpReasmTimeout Ip6ReasmTimeout")
        .split(separator: "\n").map { $0.split(separator: " ") }
      return counts.contains { $0[0] == "IpReasmTimeout" && Int($0[1])! >= 12 }
        && counts.contains { $0[0] == "Ip6ReasmTimeout" && Int($0[1])! >= 9 }
    }
  }

  /// How many packets in all, and of some kinds.
  private func said(_ bed: Bed) throws -> [Int] {
    try bed.router.run {
      try sh("nft list table netdev speech").split(separator: "packets ").dropFirst().map {
        Int($0.prefix { $0.isNumber })!
      }
    }
  }

  private static let cases: [(name: String, gateways: Gateways)] = [
    ("VIPs", Seed.gateways(4, ipv6: true).serving),
    ("egress", Seed.gateways(4, ipv6: true, vips: false)),
    ("multipath", Seed.gateways(4, balance: .ecmp(.init()), ipv6: true)),
    ("IPv4", Seed.gateways(2)),
    ("two links", Seed.gateways(2, ipv6: true).withASecondLink),
    ("strict", Seed.gateways(2, ipv6: true).strict),
  ]

  private func prepare(_ bed: Bed) throws {
    try bed.router.run {
      try sh("nft -f -", input: Self.watcher)
      // An alias, as services make them; fragments that wait for a second; no rate limit for
      // errors.
      try sh("ip route add local 10.33.0.10 dev lo table local")
      try sh(
        "sysctl -q -w net.ipv4.ipfrag_time=1 net.ipv6.ip6frag_time=1 net.ipv4.icmp_ratelimit=0"
          + " net.netfilter.nf_conntrack_frag6_timeout=1 net.ipv6.icmp.ratelimit=0")
      for link in bed.gateways.clientLinks { try sh("ip link add \(link) type veth peer name v1") }
      // Fragments to an address that isn't received yet aren't reassembled.
      #expect(try localRoutesAreMade())
    }
  }

  @Test(arguments: cases.indices) func theRouterSendsNothingOnTheClustersLink(_ index: Int) throws {
    let gateways = Self.cases[index].gateways
    try Bed.with(gateways) { bed in
      try prepare(bed)
      // IPv6 forwarding, as another program turns it on.
      try bed.router.run { _ = try sh("sysctl -q -w net.ipv6.conf.all.forwarding=1") }
      try bed.apply(gateways.expanded(up: gateways.names))
      let listener = try bed.router.run {
        try Started([
          "python3", "-c",
          "import socket; s = socket.create_server(('::', 9118), family=socket.AF_INET6,"
            + " dualstack_ipv6=True); s.accept(); s.accept()",
        ])
      }
      defer {
        listener.kill(SIGKILL)
        _ = listener.wait()
      }
      try bed.router.run {
        let listens = try eventually { try sh("ss -ltnH sport = 9118") != "" }
        #expect(listens)
      }
      let isReceiving = try bed.router.run { try localRoutesAreMade() }
      #expect(isReceiving)
      try speak(in: bed)
      #expect(try eventually { try areFragmentsOver(in: bed) })
      #expect(try said(bed)[0] == 0, "\(Self.cases[index].name)")
      // What isn't for other links is answered.
      try bed.client.run { _ = try sh("ping -c1 -W5 192.168.26.254") }
      if bed.gateways.egress.from.count > 1 {
        try bed.client.run { _ = try sh("ping -c1 -W5 fd24::26fe") }
      }
    }
  }

  /// Otherwise the test above would hold for a router that answers nothing.
  @Test func withoutTheTableTheRouterSendsALot() throws {
    try Bed.with(Seed.gateways(2, ipv6: true)) { bed in
      try prepare(bed)
      // Sent again, as the first packets are lost until the next hop's address is known.
      let isAllSaid = try eventually {
        try speak(in: bed)
        return try areFragmentsOver(in: bed) && said(bed).allSatisfy { $0 > 0 }
      }
      #expect(isAllSaid)
    }
  }
}
