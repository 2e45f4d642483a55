import Glibc
import Netlink
import TestSupport
import Testing

/// Virtual MACs and accept mode, with the built program on one end of a link and another host, or a
/// second router, on the other.
@Suite struct VirtualMACTests {
  private static func file(_ priority: Int, _ more: String = "") -> String {
    """
    { "version": 1, "links": [ { "name": "l0", "managed": false } ],
      "vrrp": { "a": { "link": "l0", "id": 51, "interval": "100ms", "priority": \(priority),
        "vmac": true\(more) } },
      "addresses": [
        { "link": "vrrp4-51", "address": "192.0.2.254/32", "when": "vrrp.a" },
        { "link": "vrrp6-51", "address": "fd99::254/128", "when": "vrrp.a" } ] }
    """
  }

  /// Two ends of a link: .1 and .2, fd99::1 and fd99::2.
  private static func onACable(
    _ body: (_ a: Namespace, _ b: Namespace, _ start: (Namespace, String, String) throws -> Started)
      throws -> Void
  ) throws {
    let (a, b) = (try Namespace.make(), try Namespace.make())
    _ = try a.run { try sh("ip link add l0 type veth peer name l0 netns \(b.path)") }
    for (namespace, number) in [(a, 1), (b, 2)] {
      try namespace.run {
        try sh("ip link set lo up")
        try sh("ip address add 192.0.2.\(number)/24 dev l0")
        try sh("ip address add fd99::\(number)/64 dev l0 nodad")
        try sh("ip link set l0 up")
      }
    }
    for namespace in [a, b] {
      // Advertisements in IPv6 leave from a link-local address, whose detection takes a second.
      try namespace.run { () throws in
        #expect(
          try eventually {
            let shown = try sh("ip -6 address show dev l0 scope link")
            return shown.contains("fe80") && !shown.contains("tentative")
          })
      }
    }
    try TemporaryDirectory.with { directory in
      var started: [Started] = []
      defer {
        for daemon in started {
          daemon.kill(SIGKILL)
          _ = daemon.wait()
        }
      }
      try body(a, b) { namespace, name, text in
        let path = "\(directory)/\(name).json"
        try writeFile(path, text)
        let daemon = try namespace.run {
          try Started([Vpngw.path, "run", path, "--run-directory", "\(directory)/\(name)"])
        }
        started.append(daemon)
        return daemon
      }
    }
  }

  private static func isMaster(_ namespace: Namespace) throws -> Bool {
    try namespace.run {
      try sh("ip -o address show").contains("192.0.2.254/")
        && sh("ip -o link show vrrp4-51").contains(",UP")
    }
  }

  private static func macs(_ namespace: Namespace) throws -> [String] {
    try namespace.run {
      try ["192.0.2.254", "fd99::254", "192.0.2.1", "fd99::1"].map { address in
        let words = try sh("ip neighbor show \(address) dev l0").split(separator: " ")
        return words.firstIndex(of: "lladdr").map { String(words[$0 + 1]) } ?? ""
      }
    }
  }

  @Test func hostsFindTheVirtualAddressesAtTheVirtualMACs() throws {
    try Self.onACable { (a, b, start) throws in
      let heard = try b.run {
        try Started([
          "timeout", "20", "tcpdump", "-nelc", "1", "-i", "l0",
          "ether src 00:00:5e:00:01:33 and ip proto 112",
        ])
      }
      let heardIPv6 = try b.run {
        try Started([
          "timeout", "20", "tcpdump", "-nelc", "1", "-i", "l0",
          "ether src 00:00:5e:00:02:33 and ip6 proto 112",
        ])
      }
      _ = try start(a, "a", Self.file(200))
      #expect(try eventually { try Self.isMaster(a) })
      try b.run { () throws in
        for address in ["192.0.2.254", "192.0.2.1"] {
          #expect(eventually { (try? sh("ping -c 1 -W 1 \(address)")) != nil })
        }
        for address in ["fd99::254", "fd99::1"] {
          #expect(eventually { (try? sh("ping -6 -c 1 -W 1 \(address)")) != nil })
        }
      }
      let found = try Self.macs(b)
      #expect(found[0] == "00:00:5e:00:01:33" && found[1] == "00:00:5e:00:02:33", "\(found)")
      // The link's own addresses stay at its own MAC.
      #expect(!found[2].hasPrefix("00:00:5e") && !found[3].hasPrefix("00:00:5e"), "\(found)")
      #expect(heard.wait().output.contains("192.0.2.1 > 224.0.0.18"))
      #expect(heardIPv6.wait().output.contains("> ff02::12"))
    }
  }

  /// Frames of the same virtual MAC pass by the link below: the election must hear them.
  @Test func twoRoutersOfOneVirtualMACAgree() throws {
    try Self.onACable { (a, b, start) throws in
      _ = try start(b, "b", Self.file(100))
      #expect(try eventually { try Self.isMaster(b) })
      let better = try start(a, "a", Self.file(200))
      #expect(try eventually { try Self.isMaster(a) && !Self.isMaster(b) })
      try b.run { () throws in
        #expect(try !sh("ip -o address show").contains("192.0.2.254/"))
        #expect(try eventually { try !sh("ip -o link show vrrp4-51").contains(",UP") })
      }
      better.kill(SIGTERM)
      #expect(better.wait().status == 0)
      #expect(try eventually { try Self.isMaster(b) })
    }
  }

  @Test func whoDoesNotAcceptIsFoundAndNotReached() throws {
    try Self.onACable { (a, b, start) throws in
      _ = try start(a, "a", Self.file(200, #", "accept": false"#))
      #expect(try eventually { try Self.isMaster(a) })
      try b.run { () throws in
        #expect(eventually { (try? sh("ping -c 1 -W 1 192.0.2.1")) != nil })
        #expect(eventually { (try? sh("ping -6 -c 1 -W 1 fd99::1")) != nil })
        #expect(throws: (any Error).self) { try sh("ping -c 1 -W 1 192.0.2.254") }
        #expect(throws: (any Error).self) { try sh("ping -6 -c 1 -W 1 fd99::254") }
      }
      let found = try Self.macs(b)
      #expect(found[0] == "00:00:5e:00:01:33" && found[1] == "00:00:5e:00:02:33", "\(found)")
      let refused = try a.run { try sh("nft list table inet vpngw-vrrp") }
      #expect(refused.contains("counter packets 1"))
    }
  }
}
