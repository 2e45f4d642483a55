import Glibc
import TestSupport
import Testing

/// `apply --confirm`: nobody is locked out for longer than the limit.
@Suite struct ConfirmTests {
  private let before = """
    { "version": 1,
      "links": [ { "name": "br0", "type": "bridge", "address": "02:00:00:00:00:01" },
        { "name": "f0", "mtu": 1400 },
        { "name": "vx0", "type": "vxlan", "id": 7, "master": "br0", "address": "02:00:00:00:00:02" } ],
      "sysctls": { "net.ipv4.ip_forward": 1 },
      "addresses": [ { "link": "br0", "address": "192.0.2.1/24" } ],
      "routes": [ { "dst": "10.0.0.0/8", "via": "192.0.2.2" } ],
      "rules": [ { "priority": 1000, "family": "inet", "fwmark": "0x1", "lookup": 50 } ] }
    """
  private let after = """
    { "version": 1,
      "links": [ { "name": "br0", "type": "bridge", "mtu": 1300 }, { "name": "f0", "mtu": 1300, "master": "br0" },
        { "name": "vx0", "type": "vxlan", "id": 8, "mtu": 1300 } ],
      "addresses": [ { "link": "br0", "address": "192.0.3.1/24" } ],
      "nexthops": [ { "id": 5, "via": "192.0.3.2", "dev": "br0" } ],
      "routes": [ { "dst": "10.0.0.0/8", "nhid": 5 } ] }
    """

  /// What ip(8) prints of it all, but for indices and what comes by itself.
  private func picture() throws -> String {
    try [
      "ip -o -d link show", "ip -o address show", "ip route show table all", "ip rule show",
      "ip nexthop show", "bridge fdb show", "sysctl net.ipv4.ip_forward",
    ].map { command in
      try sh(command).split(separator: "\n").map { line in
        var line = String(line)
        if let colon = line.firstIndex(of: ":"), command.hasPrefix("ip -o") {
          line = String(line[colon...])
        }
        return line.replacing(
          #/gc_timer +[0-9.]+|[a-z_]+_timer +[0-9.]+| tentative|state [A-Z]+/#, with: "")
      }
      .filter { !$0.contains("fe80::") && !$0.contains("ff00::/8") && !$0.contains("33:33:") }
      .sorted().joined(separator: "\n")
    }.joined(separator: "\n")
  }

  /// Runs with a foreign link and route beside, `before` applied.
  private func inNamespace(_ body: (Vpngw, _ after: String) throws -> Void) throws {
    try Vpngw.inNamespace { vpngw in
      for line in [
        "sysctl -q -w net.ipv6.conf.default.disable_ipv6=1", "ip link add f0 type ifb",
        "ip link set f0 up", "ip address add 198.51.100.1/24 dev f0",
      ] { try sh(line) }
      let first = try vpngw("apply", vpngw.file("before.json", before))
      #expect(first.error == "")
      try sh("ip route add 203.0.113.0/24 via 192.0.2.9")
      try body(vpngw, vpngw.file("after.json", after))
    }
  }

  @Test func whatIsntConfirmedIsUndone() throws {
    try inNamespace { vpngw, after in
      let was = try picture()
      let finished = try vpngw("apply", "--confirm", "1s", after)
      #expect(finished.status == 1)
      #expect(finished.error.hasSuffix("Not confirmed within 1s: undone.\n"))
      #expect(try picture() == was)
      #expect(try vpngw("plan", vpngw.directory + "/before.json").status == 0)
    }
  }

  @Test func enterKeepsIt() throws {
    try inNamespace { vpngw, after in
      let finished = try vpngw("apply", "--confirm", "1m", after, input: "\n")
      #expect(finished.status == 0)
      #expect(
        finished.error
          == "\nPress Enter within 1m to keep this, or run `vpngw confirm`; else it will be undone.\n"
      )
      #expect(finished.output.hasSuffix("Confirmed: the change stays.\n"))
      #expect(try vpngw("plan", after).status == 0)
    }
  }

  @Test(arguments: [SIGKILL, SIGHUP, SIGTERM, SIGINT])
  func theGuardOutlivesApply(_ signal: Int32) throws {
    try inNamespace { vpngw, after in
      let was = try picture()
      let apply = try vpngw.start("apply", "--confirm", "10s", after)
      #expect(try eventually { try vpngw("plan", after).status == 0 })
      apply.kill(signal)
      #expect(apply.wait().status == 128 + signal)
      #expect(try eventually { try picture() == was })
      // The guard has gone, and the next change is free to come.
      #expect(try eventually { try vpngw("apply", vpngw.directory + "/before.json").status == 0 })
      #expect(try vpngw("confirm").status == 1)
    }
  }

  /// Even a guard can be killed; what it leaves must not stand in the way.
  @Test func aKilledGuardStopsNobody() throws {
    try inNamespace { vpngw, after in
      let apply = try vpngw.start("apply", "--confirm", "10m", after)
      #expect(try eventually { try vpngw("plan", after).status == 0 })
      // The guard is the apply's child, and has its command line.
      try sh("pkill -KILL -P \(apply.process)")
      let finished = apply.wait()
      #expect(finished.status == 1)
      #expect(
        finished.error.hasSuffix(
          "vpngw: the guard process was killed: the change stays, unconfirmed\n"))
      #expect(try vpngw("apply", vpngw.directory + "/before.json").status == 0)
    }
  }
}
