import TestSupport
import Testing

private let file = """
  { "version": 1,
    "sysctls": { "net.ipv4.conf.f0.rp_filter": { "value": 2, "when": "probe.gw0" } },
    "links": [ { "name": "f0", "managed": false }, { "name": "f1", "managed": false },
      { "name": "br0", "type": "bridge", "when": "probe.gw0" } ],
    "addresses": [ { "link": "br0", "address": "198.51.100.1/24" },
      { "link": "f0", "address": "192.0.2.254/24", "when": { "not": "link.f1" } } ],
    "routes": [
      { "dst": "default", "table": 57, "nexthops": [
        { "via": "192.0.2.1", "dev": "f0", "onlink": true, "when": "probe.gw0" },
        { "via": "192.0.2.2", "dev": "f0", "onlink": true, "when": "probe.gw1" } ] },
      { "dst": "default", "family": "inet", "table": 57, "type": "unreachable", "metric": 9 } ],
    "rules": [ { "priority": 7, "family": "inet", "lookup": 57, "when": "probe.gw1" } ],
    "probes": { "gw0": { "type": "icmp", "address": "192.0.2.1" },
      "gw1": { "type": "icmp", "address": "192.0.2.2" } } }
  """

private let steady = "No changes. The kernel matches the state file.\n"

/// What signals decide, on a real kernel, as people see it.
@Suite struct SignalTests {
  private func inNamespace(_ body: (Vpngw, _ file: String) throws -> Void) throws {
    try Vpngw.inNamespace { vpngw in
      for line in ["ip link add f0 type ifb", "ip link set f0 up", "ip link add f1 type ifb"] {
        try sh(line)
      }
      try body(vpngw, vpngw.file("state.json", file))
    }
  }

  /// What vpngw made, with the indexes of links.
  private func network() throws -> String {
    try sh("ip -4 address show")
      + sh("ip route show table 57") + sh("ip rule show")
      + sh("cat /proc/sys/net/ipv4/conf/f0/rp_filter")
  }

  @Test func unknownMovesNothing() throws {
    try inNamespace { vpngw, file in
      let both = ["--signal", "probe.gw0=up", "--signal", "probe.gw1=up"]
      #expect(try run(vpngw.arguments(["apply", file] + both)).status == 0)
      #expect(try sh("ip route show table 57").contains("via 192.0.2.1 dev f0 weight 1"))
      #expect(try sh("ip route show table 57").contains("via 192.0.2.2 dev f0 weight 1"))
      let before = try network()
      let again = try vpngw("apply", file)
      #expect(again.status == 0)
      #expect(again.output == steady)
      #expect(
        again.error == """
          vpngw: not known: probe.gw0, probe.gw1; what they decide is left as it is (--probe \
          asks, --signal NAME=up or NAME=down tells): sysctl net.ipv4.conf.f0.rp_filter, link br0, route default \
          table 57, rule 7: from all lookup 57

          """)
      #expect(try network() == before)
    }
  }

  @Test func unknownMakesNothing() throws {
    try inNamespace { vpngw, file in
      let applied = try vpngw("apply", file)
      #expect(applied.status == 0)
      #expect(try sh("ip route show table 57") == "unreachable default proto 118 metric 9 \n")
      #expect(try !sh("ip rule show").contains("lookup 57"))
      #expect(try !sh("ip link show").contains("br0"))
    }
  }

  @Test func downIsAbsentAndComesBack() throws {
    try inNamespace { vpngw, file in
      let original = try sh("cat /proc/sys/net/ipv4/conf/f0/rp_filter")
      let up = ["--signal", "probe.gw0=up", "--signal", "probe.gw1=up"]
      #expect(try run(vpngw.arguments(["apply", file] + up)).status == 0)
      let whole = try network()
      let one = try vpngw("apply", file, "--signal", "probe.gw0=down")
      #expect(one.status == 0)
      #expect(
        try sh("ip route show table 57").hasPrefix("default via 192.0.2.2 dev f0 proto 118 onlink"))
      #expect(try sh("ip rule show").contains("lookup 57"))
      #expect(try !sh("ip link show").contains("br0"))
      #expect(try sh("cat /proc/sys/net/ipv4/conf/f0/rp_filter") == original)
      let none = try vpngw(
        "apply", file, "--signal", "probe.gw0=down", "--signal", "probe.gw1=down")
      #expect(none.status == 0)
      #expect(none.error == "")
      #expect(try sh("ip route show table 57") == "unreachable default proto 118 metric 9 \n")
      #expect(try run(vpngw.arguments(["apply", file] + up)).status == 0)
      // Except for the bridge's index.
      #expect(try network().split(separator: "\n").count == whole.split(separator: "\n").count)
      #expect(try run(vpngw.arguments(["plan", file] + up)).output == steady)
    }
  }

  @Test func linksSetTheirOwnSignals() throws {
    try inNamespace { vpngw, file in
      // The kernel reports a carrier a moment later.
      func becomes(_ text: String) throws -> Bool {
        try eventually { try vpngw("plan", file).output.contains(text) }
      }
      #expect(try vpngw("apply", file).status == 0)
      #expect(try sh("ip address show f0").contains("192.0.2.254/24"))
      try sh("ip link set f1 up")
      #expect(try becomes("- address 192.0.2.254/24 dev f0"))
      #expect(try vpngw("plan", file, "--signal", "link.f1=down").output == steady)
      #expect(try vpngw("apply", file).status == 0)
      #expect(try !sh("ip address show f0").contains("192.0.2.254/24"))
      // A link that is up without a carrier is down, and so is one that doesn't exist.
      try sh("ip link delete f1")
      try sh("ip link add f1 type veth peer name f2")
      try sh("ip link set f1 up")
      #expect(try becomes("+ address 192.0.2.254/24 dev f0"))
      try sh("ip link set f2 up")
      #expect(try becomes(steady))
      try sh("ip link delete f1")
      #expect(try becomes("+ address 192.0.2.254/24 dev f0"))
    }
  }

  @Test func aSavedPlanKeepsWhatSignalsDecided() throws {
    try inNamespace { vpngw, file in
      let both = ["--signal", "probe.gw0=up", "--signal", "probe.gw1=up"]
      #expect(try run(vpngw.arguments(["apply", file] + both)).status == 0)
      let kept = vpngw.directory + "/plan.json"
      let plan = try vpngw("plan", "--out", kept, file, "--signal", "probe.gw1=down")
      #expect(plan.status == 2)
      #expect(plan.output.contains("- rule 7: from all lookup 57"))
      #expect(try vpngw("apply", "--plan", kept, "--signal", "probe.gw0=up").status == 64)
      let applied = try vpngw("apply", "--plan", kept)
      #expect(applied.status == 0)
      #expect(applied.error == "")
      #expect(try sh("ip link show br0").contains("br0"))
      #expect(
        try sh("ip route show table 57").hasPrefix("default via 192.0.2.1 dev f0 proto 118 onlink"))
      #expect(try vpngw("plan", file, "--signal", "probe.gw1=down").output == steady)
    }
  }

  @Test func expandUsesStatedSignalsAndNamesUnknownOnes() throws {
    try inNamespace { vpngw, file in
      let expanded = try vpngw(
        "expand", file, "--signal", "probe.gw0=up", "--signal", "probe.gw1=down", "--signal",
        "link.f1=up")
      #expect(expanded.status == 0)
      #expect(expanded.error == "")
      #expect(!expanded.output.contains("when"))
      #expect(expanded.output.contains(#""via": "192.0.2.1""#))
      #expect(!expanded.output.contains("192.0.2.2"))
      #expect(try vpngw("validate", vpngw.file("expanded.json", expanded.output)).status == 0)
      let untold = try vpngw("expand", file)
      #expect(untold.status == 0)
      #expect(!untold.output.contains("192.0.2."))
      #expect(untold.error.hasPrefix("vpngw: not known: link.f1, probe.gw0, probe.gw1; what they "))
      #expect(untold.error.contains("is left out"))
    }
  }

  @Test func probesAreTriedOnceWhereAsked() throws {
    try Vpngw.inNamespace { vpngw in
      let (there, absent) = (vpngw.directory + "/there", vpngw.directory + "/absent")
      let file = try vpngw.file(
        "state.json",
        """
        { "version": 1,
          "rules": [ { "priority": 1, "family": "inet", "lookup": 57, "when": "probe.icmp" },
            { "priority": 2, "family": "inet", "lookup": 57, "when": "probe.file" },
            { "priority": 3, "family": "inet", "lookup": 57, "when": { "not": "probe.absent" } },
            { "priority": 4, "family": "inet", "lookup": 57, "when": "probe.exec" } ],
          "probes": { "icmp": { "type": "icmp", "address": "127.0.0.1", "rise": 5 },
            "file": { "type": "file", "path": "\(there)", "max_age": "1h", "interval": "1h" },
            "absent": { "type": "file", "path": "\(absent)", "max_age": "1h", "fall": 5 },
            "exec": { "type": "exec", "command": ["/bin/true"] } } }
        """)
      try writeFile(there, "")
      func rules(_ lines: [Int]) -> String {
        lines.map { "+ rule \($0): from all lookup 57\n" }.joined()
          + "\n\(lines.count) to create.\n"
      }
      let missing =
        "vpngw: probe.absent is down: cannot read \(absent): No such file or directory\n"
      let asked = try vpngw("plan", "--probe", file)
      #expect(asked.status == 2)
      #expect(asked.output == rules([1, 2, 3]))
      #expect(
        asked.error == missing
          + "vpngw: probe.exec is down: commands are off; they need the flag --allow-exec\n")
      let allowed = try vpngw("plan", "--probe", "--allow-exec", file)
      #expect(allowed.output == rules([1, 2, 3, 4]))
      #expect(allowed.error == missing)
      // A probe whose signal is stated isn't asked.
      let planned = try vpngw(
        "plan", "--probe", "--allow-exec", file, "--signal", "probe.absent=up", "--signal",
        "probe.icmp=down")
      #expect(planned.output == rules([2, 4]))
      #expect(planned.error == "")
      let expanded = try vpngw("expand", "--probe", file, "--signal", "probe.exec=down")
      #expect(
        try vpngw("plan", vpngw.file("expanded.json", expanded.output)).output == asked.output)
      #expect(try vpngw("apply", "--probe", "--allow-exec", file).status == 0)
      #expect(try sh("ip rule show").split(separator: "\n").count { $0.contains("lookup 57") } == 4)
      #expect(try vpngw("plan", "--probe", "--allow-exec", file).output == steady)
      #expect(try vpngw("plan", "--allow-exec", file).status == 64)
    }
  }

  /// What vpngw's own parent ignores or blocks must not affect a command. Besides what the shell
  /// ignores, glibc's posix_spawn, by which this process starts it, leaves one of glibc's own
  /// signals ignored.
  @Test func aCommandInheritsNoSignalDispositions() throws {
    try Vpngw.inNamespace { vpngw in
      let check = "grep -c '^Sig[IB].*:.0*$' /proc/self/status | grep -qx 2"
      let file = try vpngw.file(
        "state.json",
        """
        { "version": 1,
          "rules": [ { "priority": 1, "family": "inet", "lookup": 57, "when": "probe.exec" } ],
          "probes": { "exec": { "type": "exec", "command": ["/bin/sh", "-c", "\(check)"] } } }
        """)
      let command = vpngw.arguments(["plan", "--probe", "--allow-exec", file])
      let ignoring = "trap '' HUP INT QUIT PIPE TERM CHLD; exec \"$0\" \"$@\""
      let finished = try run(["sh", "-c", ignoring] + command)
      #expect(finished.error == "")
      #expect(finished.status == 2)
    }
  }

  @Test(arguments: [
    ("probe.gw2=up", "no such signal in the file; there are link.f1, probe.gw0, probe.gw1"),
    ("gw0=up", "no such signal in the file; there are link.f1, probe.gw0, probe.gw1"),
    ("probe.gw0", "write NAME=up or NAME=down"),
    ("probe.gw0=unknown", "write NAME=up or NAME=down"),
  ])
  func wrongSignalIsRefusedWithTheRightOnes(_ signal: String, _ message: String) throws {
    try inNamespace { vpngw, file in
      for command in ["plan", "expand", "apply"] {
        let finished = try vpngw(command, file, "--signal", signal)
        #expect(finished.status == 1)
        #expect(finished.error == "vpngw: --signal \(signal): \(message)\n")
        #expect(finished.output == "")
      }
      let both = try vpngw("plan", file, "--signal", "probe.gw0=up", "--signal", "probe.gw0=down")
      #expect(both.error == "vpngw: --signal probe.gw0=down: stated as the other before\n")
    }
  }

  /// The example of docs/signals.md does what the text around it says.
  @Test func pagesExampleIsPlannedAsItSays() throws {
    let checkout = String(#filePath.dropLast("/Tests/CommandTests/SignalTests.swift".count))
    let page = String(decoding: try readFile(checkout + "/docs/signals.md"), as: UTF8.self)
    let lines = page.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let start = try #require(lines.firstIndex(of: "```json"))
    let end = try #require(lines[start...].firstIndex(of: "```"))
    let shown = try #require(lines[end...].firstIndex { $0.hasPrefix("    $ vpngw plan ") })
    let plan = lines[(shown + 1)...].prefix { $0.isEmpty || $0.hasPrefix("    ") }
      .map { String($0.dropFirst(4)) }
    let words = lines[shown].split(separator: " ").dropFirst(2).dropLast().map(String.init)
    try Vpngw.inNamespace { vpngw in
      try sh("ip link add eth0 up type ifb")
      let path = try vpngw.file("router.json", lines[(start + 1)..<end].joined(separator: "\n"))
      let finished = try run(vpngw.arguments(words + [path]))
      #expect(finished.status == 2)
      #expect(finished.error == "")
      #expect(finished.output == plan.dropLast().joined(separator: "\n") + "\n")
    }
  }

  @Test(arguments: [
    (["probe.dns.udp.192.0.2.1=up", "probe.dns.udp.192.0.2.2=up"], true),
    (["probe.dns.udp.192.0.2.1=up", "probe.dns.udp.192.0.2.2=down"], false),
    (["service.dns=up"], true), (["service.dns=down"], false), ([], false),
  ])
  func anAddressWaitsForAServicesQuorum(told: [String], isThere: Bool) throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file(
        "state.json",
        """
        { "version": 1,
          "services": { "dns": { "vips": "192.168.26.1", "ports": 53, "protocols": ["udp"],
            "servers": ["192.0.2.1", "192.0.2.2"], "quorum": 2, "balancer": "nft" } },
          "addresses": [{ "link": "lo", "address": "192.168.26.1/32", "when": "service.dns" }] }
        """)
      let signals = told.flatMap { ["--signal", $0] }
      let applied = try run(vpngw.arguments(["apply"] + signals + [path]))
      #expect(applied.status == 0, "\(applied.error)")
      #expect(try sh("ip address show dev lo").contains("192.168.26.1/32") == isThere)
      #expect(try run(vpngw.arguments(["plan"] + signals + [path])).status == 0)
    }
  }
}
