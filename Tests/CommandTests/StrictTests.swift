import Glibc
import TestSupport
import Testing

/// What a router reports about links that no lock guards, and whom it tells its status.
@Suite struct StrictTests {
  private static func file(strict: Bool) -> String {
    """
    { "version": 1, "links": [{ "name": "net0", "managed": false }],
      "gateways": { "link": "net0", "members": { "addresses": "192.168.25.128/31" },
        "probe": { "type": "icmp", "interval": "1h" }, "egress": { "from": "192.168.24.0/22" },
        "strict": \(strict) } }
    """
  }

  private static let note =
    "gateways: the router also forwards what comes in by other links, where no lock holds it: "
    + "eth0, eth1; \"strict\": true closes that\n"

  private func prepare() throws {
    try sh("ip link add net0 type veth peer name eth0")
    try sh("ip link add eth1 type veth peer name off0")
    for link in ["net0", "eth0", "eth1"] { try sh("ip link set \(link) up") }
    try sh("ip address add 192.168.26.1/22 dev net0")
    try sh("ip address add 10.32.0.1/24 dev eth0")
  }

  @Test func plansNameTheLinksThatForwardUnguarded() throws {
    try Vpngw.inNamespace { vpngw in
      try prepare()
      let open = try vpngw.file("open.json", Self.file(strict: false))
      let strict = try vpngw.file("strict.json", Self.file(strict: true))
      #expect(try vpngw("plan", open).error.contains("vpngw: " + Self.note))
      let shown = try vpngw.file("shown.json", vpngw("show", "--all").output)
      #expect(try vpngw("plan", "--observed", shown, open).error.contains("no lock holds it: eth0"))
      #expect(try !vpngw("plan", strict).error.contains("no lock"))
      #expect(try vpngw("apply", strict).status == 0)
      #expect(try vpngw("plan", strict).status == 0)
      for family in ["-4", "-6"] {
        let rules = try sh("ip \(family) rule show priority 802").split(separator: "\n")
        #expect(rules.count == 3 && rules.allSatisfy { $0.contains("unreachable") })
      }
      // An IPv6 route that somebody adds still reaches its gateway.
      try sh("ip address add fd10::1/64 dev eth0 nodad")
      try sh("ip route add 2001:db8::/32 via fd10::7")
    }
  }

  /// Of the addresses that the port listens at, those in the VPN network answer only if one is
  /// stated.
  @Test func theStatusPortAnswersNobodyInTheVPNNetwork() throws {
    try Vpngw.inNamespace { vpngw in
      try prepare()
      let path = try vpngw.file("state.json", Self.file(strict: false))
      for (listen, answers) in [
        ("0.0.0.0:9118", false), ("[::]:9118", false), ("192.168.26.1:9118", true),
      ] {
        let daemon = try vpngw.start("run", path, "--listen", listen)
        defer {
          daemon.kill(SIGKILL)
          _ = daemon.wait()
        }
        let other = answers ? "192.168.26.1" : "10.32.0.1"
        func status(_ address: String) throws -> Finished {
          try run(["curl", "-sm", "5", "\(address):9118/status"])
        }
        #expect(
          try eventually { try status(other).output.contains("no lock holds it: eth0, eth1") })
        #expect(try status("192.168.26.1").output.isEmpty != answers)
      }
    }
  }
}
