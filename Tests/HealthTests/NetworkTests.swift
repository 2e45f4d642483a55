import Glibc
import Model
import Netlink
import TestSupport
import Testing

@testable import Health

/// Each test runs in a namespace of its own.
struct NetworkTests {
  private static func inNamespace<T>(_ body: () throws -> T) throws -> T {
    try Namespace.make().run {
      try sh("ip link set lo up")
      return try body()
    }
  }

  private static let peer = IPAddress("10.9.9.2")!

  /// With v0, which leads to 10.9.9.2 and fd00:9::2 in another namespace.
  private static func withPeer(_ body: (Namespace) throws -> Void) throws {
    try inNamespace {
      let other = try Namespace.make()
      try sh("ip link add v0 type veth peer name v1 netns \(other.path)")
      try sh("ip address add 10.9.9.1/32 dev v0")
      try sh("ip address add fd00:9::1/64 dev v0 nodad")
      try sh("ip link set v0 up")
      try other.run {
        try sh("ip address add 10.9.9.2/24 dev v1")
        try sh("ip address add fd00:9::2/64 dev v1 nodad")
        try sh("ip link set v1 up")
      }
      try body(other)
    }
  }

  @Test(arguments: ["1 0", "0 2147483647"])
  func echoesAreAnsweredOverBothKindsOfSocket(groups: String) throws {
    try Self.withPeer { _ in
      try sysctl("net.ipv4.ping_group_range=\(groups)")
      try sh("ip route add 10.9.9.0/24 dev v0")
      #expect(try outcome(.icmp(Self.peer)) == good)
      #expect(try outcome(.icmp(IPAddress("fd00:9::2")!)) == good)
      #expect(try outcome(.icmp(loopback)) == good)
      #expect(try outcome(.icmp(IPAddress("::1")!)) == good)
      #expect(
        try outcome(.icmp(IPAddress("192.0.2.1")!)) == .bad("no route to 192.0.2.1"))
      try sh(
        "nft -f -",
        input:
          "table ip t { chain c { type filter hook input priority 0; icmp type echo-reply drop; }; }"
      )
      #expect(
        try outcome(.icmp(Self.peer), timeout: .milliseconds(300))
          == .bad("no answer from 10.9.9.2 within 300ms"))
    }
  }

  /// Linux's `ping_lookup` passes anybody's replies to a ping socket.
  @Test(arguments: ["1 0", "0 2147483647"])
  func aReplyFromAnotherAddressDoesNotCount(groups: String) throws {
    try Self.withPeer { other in
      try sysctl("net.ipv4.ping_group_range=\(groups)")
      try sh("ip route add 10.9.9.0/24 dev v0")
      // Neighbor discovery comes first.
      for address in [Self.peer, IPAddress("fd00:9::2")!] {
        #expect(try outcome(.icmp(address)) == good)
      }
      let rules = [
        "icmp type echo-reply ip saddr set 10.9.9.77",
        "icmpv6 type echo-reply ip6 saddr set fd00:9::77",
      ]
      _ = try other.run {
        try sh(
          "nft -f -",
          input: "table inet t { chain c { type filter hook output priority 0; "
            + rules.joined(separator: "; ") + "; }; }")
      }
      try sh(
        "nft -f -",
        input: """
          table inet t {
            counter v4 {}
            counter v6 {}
            chain c {
              type filter hook input priority 0
              ip saddr 10.9.9.77 icmp type echo-reply counter name v4
              ip6 saddr fd00:9::77 icmpv6 type echo-reply counter name v6
            }
          }
          """)
      for address in [Self.peer, IPAddress("fd00:9::2")!] {
        #expect(
          try outcome(.icmp(address), timeout: .milliseconds(300))
            == .bad("no answer from \(address) within 300ms"))
      }
      let counts = try ["v4", "v6"].map { try packets($0, of: "inet") }
      #expect(counts == [1, 1])
    }
  }

  /// Nor is what our own firewall drops, since it was never asked.
  @Test func localFailuresAreNotHeldAgainstThePeer() throws {
    try Self.inNamespace {
      let server = try Server(["/": (200, "")])
      let tcp = Probe.Question.tcp(Probe.TCP(address: loopback, port: server.port))
      try sysctl("net.ipv4.ip_local_port_range=40000 40000")
      let held = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
      defer { close(held) }
      #expect(
        Endpoint(loopback, server.port).withName { connect(held, $0, $1) } == 0)
      let noPort = Outcome.unasked("no free port to ask 127.0.0.1:\(server.port) from")
      #expect(try outcome(tcp) == noPort)
      let http = Probe.HTTP(address: loopback, port: server.port)
      #expect(try outcome(.http(http)) == noPort)
      var https = http
      https.tls = Probe.TLS(isVerified: false)
      #expect(try outcome(.http(https)) == noPort)
      try sysctl("net.ipv4.ip_local_port_range=40000 60000")
      try sh(
        "nft -f -", input: "table ip t { chain c { type filter hook output priority 0; drop; }; }")
      #expect(
        try outcome(.icmp(loopback))
          == .unasked("cannot ask 127.0.0.1:0: Operation not permitted"))
      #expect(
        try outcome(.udp(Probe.UDP(address: loopback, port: 9, send: "x")))
          == .unasked("cannot ask 127.0.0.1:9: Operation not permitted"))
    }
  }

  private static func with(
    _ question: Probe.Question, timeout: Duration = .milliseconds(20),
    body: (Prober) throws -> Void
  ) throws {
    try withProber { prober in
      var probe = Probe(question, timeout: timeout)
      probe.interval = .milliseconds(20)
      prober.update([probe])
      try body(prober)
    }
  }

  private static let tcp = Probe.Question.tcp(Probe.TCP(address: peer, port: 80))

  /// A probe's attempts may share a socket, and yet each asks from the address that is right by
  /// then.
  @Test(arguments: [("1 0", .icmp(peer)), ("0 2147483647", .icmp(peer)), ("1 0", tcp)])
  func attemptsFollowTheLinksAddress(groups: String, question: Probe.Question) throws {
    try Self.withPeer { other in
      let listener = try other.run {
        try Started(["/usr/bin/python3", "-m", "http.server", "80", "--bind", "10.9.9.2"])
      }
      defer {
        listener.kill(SIGKILL)
        _ = listener.wait()
      }
      try sysctl("net.ipv4.ping_group_range=\(groups)")
      try sh("ip route add 10.9.9.0/24 dev v0")
      try sh(
        "nft -f -",
        input: """
          table ip t {
            counter before {}
            counter after {}
            chain c {
              type filter hook input priority 0
              icmp type != echo-reply accept
              tcp flags & (syn | ack) != syn | ack accept
              ip saddr 10.9.9.2 ip daddr 10.9.9.1 counter name before
              ip saddr 10.9.9.2 ip daddr 10.9.9.3 counter name after
            }
          }
          """)
      try Self.with(question) { prober in
        var signal: (state: Signal.State, reading: Reading)? {
          prober.snapshot()[Signal(.probe, "p")]
        }
        #expect(try eventually { try packets("before") >= 10 })
        try sh("ip address add 10.9.9.3/32 dev v0")
        try sh("ip address del 10.9.9.1/32 dev v0")
        #expect(try eventually { try packets("after") >= 10 })
        #expect(signal?.state == .up)
        try sh("ip link set v0 down")
        #expect(eventually { signal?.state == .down })
        try sh("ip link set v0 up")
        try sh("ip route replace 10.9.9.0/24 dev v0")
        #expect(eventually { signal?.state == .up })
      }
    }
  }

  /// The handshake is never completed: the listening program sees nothing of it.
  @Test func anAttemptToConnectIsThreeSegments() throws {
    try Self.inNamespace {
      let server = try Server()
      try sh(
        "nft -f -",
        input: """
          table ip t {
            counter syn {}
            counter rst {}
            counter others {}
            set ports { type inet_service; size 1000; flags dynamic; }
            chain c {
              type filter hook output priority 0
              tcp dport \(server.port) tcp flags & (syn | ack) == syn counter name syn \
                add @ports { tcp sport } accept
              tcp dport \(server.port) tcp flags & rst == rst counter name rst accept
              tcp dport \(server.port) counter name others
            }
          }
          """)
      let question = Probe.Question.tcp(Probe.TCP(address: loopback, port: server.port))
      for _ in 0..<10 { #expect(try outcome(question) == good) }
      #expect(try ["syn", "rst", "others"].map { try packets($0) } == [10, 10, 0])
      // Also those that share a socket, each with a port of its own.
      try sh("nft reset counters")
      try Self.with(question) { (_) throws in
        #expect(try eventually { try packets("rst") >= 20 })
      }
      let counts = try ["syn", "rst", "others"].map { try packets($0) }
      #expect(counts[0] - counts[1] <= 1 && counts[2] == 0, "\(counts)")
      let ports = try sh("nft list set ip t ports").split { !$0.isNumber }.compactMap { Int($0) }
      #expect(Set(ports).count >= 30, "\(ports)")
    }
  }

  /// gluetun's control server keeps a connection for each of the two questions; its health server
  /// doesn't.
  @Test(arguments: [nil, 5])
  func aGatewaysConnectionsAreKept(most: Int?) throws {
    try Self.inNamespace {
      let health = try Server(["/": (200, "")])
      let control = try Server(
        [
          "/v1/vpn/status": (200, #"{"status":"running"}"#),
          "/v1/publicip/ip": (200, #"{"public_ip":"198.51.100.7"}"#),
          "/v1/portforward": (200, #"{"port":0}"#),
        ].merging(most.map { ["most": ($0, "")] } ?? [:]) { $1 })
      try sh(
        "nft -f -",
        input: """
          table ip t {
            counter health {}
            counter control {}
            chain c {
              type filter hook output priority 0
              tcp flags & (syn | ack) == syn tcp dport \(health.port) counter name health
              tcp flags & (syn | ack) == syn tcp dport \(control.port) counter name control
            }
          }
          """)
      var gluetun = Probe.Gluetun(address: loopback)
      (gluetun.healthPort, gluetun.controlPort) = (health.port, control.port)
      try Self.with(.gluetun(gluetun), timeout: .seconds(10)) { prober in
        var reading: Reading? { prober.snapshot()[Signal(.probe, "p")]?.reading }
        #expect(eventually { reading?.succeeded ?? 0 >= 40 })
        #expect(reading?.failed == 0)
        let opened = (health: try packets("health"), control: try packets("control"))
        #expect(opened.health >= 40)
        // The status, the address, and now and then the port.
        let expected = most == nil ? 3...3 : opened.health / 3...opened.health * 2 / 3
        #expect(expected.contains(opened.control), "\(opened)")
      }
    }
  }

  @Test func aProbeLeavesByItsLink() throws {
    try Self.withPeer { (_) throws in
      // Without a route only what is bound to the link finds the way.
      let questions: [Probe.Question] = [
        .icmp(Self.peer), .tcp(Probe.TCP(address: Self.peer, port: 9)),
        .udp(Probe.UDP(address: Self.peer, port: 9, send: "x")),
      ]
      let refused = Outcome.bad("connection refused by 10.9.9.2:9")
      for (question, expected) in zip(questions, [good, refused, refused]) {
        var probe = Probe(question)
        #expect(try outcome(probe) == .bad("no route to 10.9.9.2"))
        probe.link = LinkName("v0")
        #expect(try outcome(probe) == expected)
      }
    }
  }

  @Test func everySocketHasItsMarkAndSource() throws {
    try Self.inNamespace {
      let wanted = "ip saddr 127.0.0.2 meta mark 0x77"
      try sh(
        "nft -f -",
        input: """
          table ip t {
            counter of_tcp {}
            counter of_udp {}
            counter of_icmp {}
            chain c {
              type filter hook output priority 0
              \(wanted) meta l4proto tcp tcp flags syn counter name of_tcp
              \(wanted) meta l4proto udp counter name of_udp
              \(wanted) icmp type echo-request counter name of_icmp
            }
          }
          """)
      let server = try Server(["/": (200, "")])
      let questions: [(String, Probe.Question)] = [
        ("of_tcp", .http(Probe.HTTP(address: loopback, port: server.port))),
        ("of_tcp", .tcp(Probe.TCP(address: loopback, port: server.port))),
        ("of_udp", .udp(Probe.UDP(address: loopback, port: 9, send: "x"))),
        ("of_icmp", .icmp(loopback)),
      ]
      for (counter, question) in questions {
        var probe = Probe(question)
        probe.source = IPAddress("127.0.0.2")!
        let before = try packets(counter)
        _ = try outcome(probe)
        #expect(try packets(counter) == before, "\(counter) without a mark")
        probe.mark = Mark(0x77)
        _ = try outcome(probe)
        #expect(try packets(counter) == before + 1, "\(counter)")
      }
    }
  }

  @Test func aNameServerIsAskedByBothTransports() throws {
    try Self.inNamespace {
      let dnsmasq = try Started([
        "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=53", "--no-resolv",
        "--no-hosts", "--listen-address=127.0.0.1", "--bind-interfaces", "--user=root",
        "--pid-file=", "--address=/example.org/192.0.2.1", "--address=/example.org/2001:db8::1",
        "--address=/nx.example/",
      ])
      defer {
        dnsmasq.kill(SIGKILL)
        _ = dnsmasq.wait()
      }
      let listens = try eventually { try sh("ss -Hltn sport = :53").contains("127.0.0.1:53") }
      #expect(listens)
      for transport in Probe.DNS.Transport.allCases {
        var dns = Probe.DNS(address: loopback, name: "example.org")
        dns.transport = transport
        #expect(try outcome(.dns(dns)) == good)
        dns.answer = IPAddress("192.0.2.1")
        #expect(try outcome(.dns(dns)) == good)
        dns.answer = IPAddress("192.0.2.2")
        #expect(
          try outcome(.dns(dns)) == .bad("192.0.2.2 is not among the answers: 192.0.2.1"))
        dns.type = 28
        dns.answer = IPAddress("2001:db8::1")
        #expect(try outcome(.dns(dns)) == good)
        dns.answer = nil
        dns.name = "nx.example"
        #expect(try outcome(.dns(dns)) == .bad("rcode NXDOMAIN, not NOERROR"))
        dns.rcode = 3
        #expect(try outcome(.dns(dns)) == good)
      }
    }
  }
}

private func sysctl(_ setting: String) throws {
  let finished = try run(["sysctl", "-w", setting])
  #expect(finished.status == 0, "\(finished.error)")
}

private func packets(_ counter: String, of family: String = "ip") throws -> Int {
  let words = try sh("nft list counter \(family) t \(counter)").split(
    whereSeparator: \.isWhitespace)
  guard let place = words.firstIndex(of: "packets") else { return -1 }
  return Int(words[place + 1]) ?? -1
}
