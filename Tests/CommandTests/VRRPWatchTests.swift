import Glibc
import Netlink
import TestSupport
import Testing

/// `vpngw vrrp` beside tcpdump, with keepalived and hand-made packets on the other end.
@Suite struct VRRPWatchTests {
  /// The program on one end of a cable `l0`, and the other end, 192.0.2.2.
  private func onACable(_ body: (Vpngw, Namespace) throws -> Void) throws {
    let other = try Namespace.make()
    try Vpngw.inNamespace { vpngw in
      try sh("ip link add l0 type veth peer name l0 netns \(other.path)")
      try sh("ip address add 192.0.2.1/24 dev l0")
      try sh("ip link set l0 up")
      try other.run {
        try sh("ip address add 192.0.2.2/24 dev l0")
        try sh("ip address add fe80::2/64 dev l0 nodad")
        try sh("ip link set l0 up")
      }
      try body(vpngw, other)
    }
  }

  /// Sends one IPv4 packet of protocol 112 with these bytes.
  private static func send(_ hex: String, to: String, ttl: Int = 255) throws {
    let source = """
      import socket
      s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
      s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, \(ttl))
      s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, \(ttl))
      s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("192.0.2.2"))
      s.sendto(bytes.fromhex("\(hex)"), ("\(to)", 0))
      """
    let sent = try run(["/usr/bin/python3", "-c", source])
    #expect(sent.status == 0, "\(sent.error)")
  }

  /// Each packet by what follows its time.
  private static let packets: [(hex: String, to: String, ttl: Int, line: String)] = [
    // Version 3, id 51, priority 0, 1 address, 10 ms; the checksum of the message alone.
    (
      "3133000100010bccc00002fe", "224.0.0.18", 255,
      "v3 id 51 priority 0 (master leaves) interval 10ms addresses 192.0.2.254 checksum good (message)"
    ),
    // The same with a wrong checksum, and through a router.
    (
      "3133000100010000c00002fe", "192.0.2.1", 254,
      "v3 id 51 priority 0 (master leaves) interval 10ms addresses 192.0.2.254 checksum wrong ttl 254"
    ),
    ("31330001", "224.0.0.18", 255, "not understood: 4 bytes, at least 8 expected"),
    ("4133000100010000", "224.0.0.18", 255, "not understood: version 4, ours is 3"),
  ]

  @Test func whatIsWrongIsShownAsItIs() throws {
    try onACable { (vpngw, other) throws in
      let watch = try vpngw.start("vrrp", "l0", "--count", "\(Self.packets.count)")
      try waitUntilItWatches()
      try other.run { () throws in
        for packet in Self.packets { try Self.send(packet.hex, to: packet.to, ttl: packet.ttl) }
      }
      let lines = watch.wait().lines
      #expect(lines.count == Self.packets.count)
      for (line, packet) in zip(lines, Self.packets) {
        #expect(line.hasSuffix(packet.line), "\(line)")
        #expect(line.contains("Z in "))
      }
    }
  }

  /// A packet socket of ours is bound.
  private func waitUntilItWatches() throws {
    let isThere = try eventually {
      try sh("cat /proc/thread-self/net/packet").split(separator: "\n").count > 1
    }
    #expect(isThere)
  }

  @Test func bothFamiliesAndVersionsOfKeepalivedAreReadAsTcpdumpReadsThem() throws {
    guard access("/usr/sbin/keepalived", X_OK) == 0 else {
      try Test.cancel("keepalived is missing")
    }
    try onACable { (vpngw, other) throws in
      let configuration = try vpngw.file(
        "keepalived.conf",
        """
        vrrp_instance old {
          interface l0
          virtual_router_id 7
          priority 150
          authentication {
            auth_type PASS
            auth_pass secret99
          }
          virtual_ipaddress {
            192.0.2.100/24
          }
        }
        vrrp_instance unicast {
          interface l0
          version 3
          virtual_router_id 8
          advert_int 0.5
          unicast_src_ip 192.0.2.2
          unicast_peer {
            192.0.2.1
          }
          virtual_ipaddress {
            192.0.2.101/24
          }
        }
        vrrp_instance inet6 {
          interface l0
          virtual_router_id 9
          virtual_ipaddress {
            fe80::9/64
            2001:db8::9/64
          }
        }
        """)
      let watch = try vpngw.start("vrrp", "l0")
      let programs = try vpngw.start("vrrp", "l0", "--json")
      let dump = try Started(["tcpdump", "-nvvl", "-i", "l0", "ip proto 112 or ip6 proto 112"])
      let sender = try other.run {
        try Started([
          "keepalived", "-n", "-l", "-P", "-f", configuration, "-p", vpngw.directory + "/k.pid",
          "-r", vpngw.directory + "/v.pid",
        ])
      }
      defer {
        for program in [sender, watch, programs, dump] {
          program.kill(SIGTERM)
          _ = program.wait()
        }
      }
      let expected = [
        "192.0.2.2 > 224.0.0.18: v2 id 7 priority 150 interval 1s addresses 192.0.2.100 auth password checksum good",
        "192.0.2.2 > 192.0.2.1: v3 id 8 priority 100 interval 500ms addresses 192.0.2.101 checksum good (pseudo-header)",
        "fe80::2 > ff02::12: v3 id 9 priority 100 interval 1s addresses fe80::9,2001:db8::9 checksum good",
      ]
      for line in expected {
        #expect(eventually { watch.output.contains(" in \(line)\n") }, "\(watch.output)")
      }
      #expect(
        eventually {
          programs.output.contains(#""version":2,"type":1,"id":7,"priority":150,"interval":"1s""#)
        })
      #expect(!(watch.output + programs.output).contains("secret99"))
      // tcpdump sees the same.
      for words in [
        "VRRPv2, Advertisement, vrid 7, prio 150", "VRRPv3, Advertisement, vrid 8, prio 100",
        "VRRPv3, Advertisement, vrid 9, prio 100",
      ] { #expect(eventually { dump.output.contains(words) }, "\(dump.output)") }
      #expect(!dump.output.contains("bad vrrp cksum"))
      // A graceful stop.
      sender.kill(SIGTERM)
      #expect(eventually { watch.output.contains("id 7 priority 0 (master leaves)") })
    }
  }

  @Test func itSeesWhatThisMachineSends() throws {
    try onACable { (vpngw, other) throws in
      let state = try vpngw.file(
        "state.json",
        """
        { "version": 1, "links": [{ "name": "l0", "managed": false }],
          "vrrp": { "a": { "link": "l0", "id": 51, "interval": "50ms", "addresses": ["192.0.2.254"] } } }
        """)
      let watch = try vpngw.start("vrrp", "l0", "--count", "3")
      let daemon = try vpngw.start("run", state)
      defer {
        daemon.kill(SIGTERM)
        _ = daemon.wait()
      }
      let finished = watch.wait()
      #expect(finished.status == 0)
      #expect(finished.lines.count == 3)
      for line in finished.lines {
        #expect(
          line.hasSuffix(
            "out 192.0.2.1 > 224.0.0.18: v3 id 51 priority 100 interval 50ms addresses 192.0.2.254 "
              + "checksum good (pseudo-header)"), "\(line)")
      }
    }
  }

  @Test(arguments: [SIGINT, SIGTERM]) func aSignalEndsItCleanly(signal: Int32) throws {
    try onACable { (vpngw, _) throws in
      let watch = try vpngw.start("vrrp", "l0")
      try waitUntilItWatches()
      watch.kill(signal)
      let finished = watch.wait()
      #expect(finished.status == 0 && finished.error == "")
    }
  }

  @Test func aLinkThatGoesEndsItWithASentence() throws {
    try onACable { (vpngw, _) throws in
      let watch = try vpngw.start("vrrp", "l0")
      try waitUntilItWatches()
      try sh("ip link set l0 down")
      try sh("ip link del l0")
      let finished = watch.wait()
      #expect(finished.status == 1 && finished.error == "vpngw: l0 is gone\n")
      let missing = try vpngw("vrrp", "l0")
      #expect(
        missing.status == 1
          && missing.error == "vpngw: there is no link \"l0\" here: see `ip link`\n")
    }
  }

  @Test func withoutTheCapabilityItSaysWhatItNeeds() throws {
    try onACable { (vpngw, _) throws in
      let finished = try run(
        ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"]
          + vpngw.arguments(["vrrp", "l0"]))
      #expect(
        finished.error
          == "vpngw: l0: cannot open a packet socket: Operation not permitted; vpngw vrrp needs CAP_NET_RAW\n"
      )
      #expect(finished.status == 1)
    }
  }
}
