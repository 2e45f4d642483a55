import Glibc
import Model
import NIOCore
import NIOPosix
import Netlink
import TestSupport
import Testing

@testable import Health

/// Each in a namespace of its own.
struct NetworkTests {
  private static func inNamespace<T>(_ body: () throws -> T) throws -> T {
    try Namespace.make().run {
      try sh("ip link set lo up")
      return try body()
    }
  }

  private static let peer = IPAddress("10.9.9.2")!

  /// With v0, which leads to 10.9.9.2 and fd00:9::2 in another namespace.
  private static func withPeer(_ body: () throws -> Void) throws {
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
      try body()
    }
  }

  @Test(arguments: ["1 0", "0 2147483647"])
  func echoesAreAnsweredOverBothKindsOfSocket(groups: String) throws {
    try Self.withPeer {
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

  /// Their inodes, of the namespace.
  private static func pingSockets() throws -> [Substring] {
    try sh("cat /proc/net/icmp").split(separator: "\n").dropFirst().map {
      $0.split(separator: " ")[9]
    }
  }

  /// A probe's tries share their socket, and yet each asks from the address that is right now.
  @Test(arguments: ["1 0", "0 2147483647"])
  func triesFollowTheLinksAddress(groups: String) throws {
    try Self.withPeer {
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
              icmp type echo-reply ip daddr 10.9.9.1 counter name before
              icmp type echo-reply ip daddr 10.9.9.3 counter name after
            }
          }
          """)
      let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
      defer { try? group.syncShutdownGracefully() }
      let prober = try Prober(group: group, allowsExec: false) { _, _, _ in }
      defer { prober.stop() }
      var probe = Probe(name: "p", question: .icmp(Self.peer))
      (probe.interval, probe.timeout) = (.milliseconds(20), .milliseconds(20))
      prober.update([probe])
      var signal: (state: Signal.State, reading: Reading)? { prober.snapshot()[probe.signal] }
      #expect(try eventually { try packets("before") >= 10 })
      if groups.hasPrefix("0") {
        let sockets = try Self.pingSockets()
        #expect(sockets.count == 1)
        let before = try packets("before")
        #expect(try eventually { try packets("before") >= before + 10 })
        #expect(try Self.pingSockets() == sockets)
      }
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

  /// The handshake is never done: the program that listens sees nothing of it.
  @Test func aTryToConnectIsThreeSegments() throws {
    try Self.inNamespace {
      let server = try Server()
      try sh(
        "nft -f -",
        input: """
          table ip t {
            counter syn {}
            counter rst {}
            counter others {}
            chain c {
              type filter hook output priority 0
              tcp dport \(server.port) tcp flags & (syn | ack) == syn counter name syn accept
              tcp dport \(server.port) tcp flags & rst == rst counter name rst accept
              tcp dport \(server.port) counter name others
            }
          }
          """)
      for _ in 0..<10 {
        #expect(try outcome(.tcp(Probe.TCP(address: loopback, port: server.port))) == good)
      }
      #expect(try ["syn", "rst", "others"].map { try packets($0) } == [10, 10, 0])
    }
  }

  @Test func aProbeLeavesByItsLink() throws {
    try Self.withPeer { () throws in
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

private func packets(_ counter: String) throws -> Int {
  let words = try sh("nft list counter ip t \(counter)").split(whereSeparator: \.isWhitespace)
  guard let place = words.firstIndex(of: "packets") else { return -1 }
  return Int(words[place + 1]) ?? -1
}
