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

  /// What ip(8) prints of everything, without indexes and what appears by itself.
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

  /// Runs with a foreign link and route present, and `before` applied.
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

  @Test func anUnconfirmedChangeIsUndone() throws {
    try inNamespace { vpngw, after in
      let was = try picture()
      let finished = try vpngw("apply", "--confirm", "1s", after)
      #expect(finished.status == 1)
      #expect(finished.error.hasSuffix("Not confirmed within 1s: undone.\n"))
      #expect(try picture() == was)
      #expect(try vpngw("plan", vpngw.directory + "/before.json").status == 0)
    }
  }

  /// The end of a login session ends its processes, unless they are in a scope of their own.
  @Test func whereSystemdRunsTheGuardAsksForItsOwnScope() throws {
    try inNamespace { vpngw, after in
      mkdir(vpngw.directory + "/bin", 0o755)
      let asked = vpngw.directory + "/asked"
      let stand = try vpngw.file(
        "bin/busctl", "#!/bin/sh\necho $PPID $* >\(asked).new\nmv \(asked).new \(asked)\n")
      chmod(stand, 0o755)
      let script = """
        mkdir -p /run/systemd && mount -t tmpfs tmpfs /run/systemd && mkdir /run/systemd/system
        PATH=\(vpngw.directory)/bin:$PATH exec "$@"
        """
      let finished = try run(
        ["unshare", "-m", "sh", "-c", script, "sh"]
          + vpngw.arguments(["apply", "--confirm", "1m", after]), input: "\n")
      #expect(finished.status == 0, "\(finished.error)")
      #expect(eventually { access(asked, F_OK) == 0 })
      let words = String(decoding: try readFile(asked), as: UTF8.self).split {
        $0 == " " || $0 == "\n"
      }
      let guardian = words.first ?? ""
      #expect(
        words.contains("StartTransientUnit") && words.contains("vpngw-confirm-\(guardian).scope"))
      #expect(words.suffix(5) == ["PIDs", "au", "1", guardian, "0"], "\(words)")
    }
  }

  @Test func enterKeepsTheChange() throws {
    try inNamespace { vpngw, after in
      let finished = try vpngw("apply", "--confirm", "1m", after, input: "\n")
      #expect(finished.status == 0)
      #expect(
        finished.error
          == "\nPress Enter within 1m to keep this, or run `\(vpngw.confirm)`; else it will be "
          + "undone.\n")
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
      let finished = apply.wait()
      #expect(finished.status == 128 + signal)
      if signal != SIGKILL {
        let pattern =
          #/\nInterrupted. What was done \((.+)\) will be undone within [0-9]+s, unless you run `(.+)`.\n/#
        let said = try #require(finished.error.firstMatch(of: pattern))
        #expect(said.1.contains(" created, "))
        #expect(said.2 == vpngw.confirm)
      }
      #expect(try eventually { try picture() == was })
      // The guard is gone, and the next change can be made.
      #expect(try eventually { try vpngw("apply", vpngw.directory + "/before.json").status == 0 })
      #expect(try vpngw("confirm").status == 1)
    }
  }

  /// Even a guard can be killed; what it leaves must not be in the way.
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

  /// A signal that a script's `&` or nohup ignores ends nothing.
  @Test func anIgnoredSignalStopsNothing() throws {
    try inNamespace { vpngw, after in
      let command = vpngw.arguments(["apply", "--confirm", "1m", after])
      let apply = try Started(["sh", "-c", "trap '' INT; exec \"$0\" \"$@\""] + command)
      #expect(try eventually { try vpngw("plan", after).status == 0 })
      apply.kill(SIGINT)
      #expect(eventually { apply.error.contains("Press Enter") })
      #expect(try vpngw("confirm").status == 0)
      let finished = apply.wait()
      #expect(finished.status == 0)
      #expect(!finished.error.contains("Interrupted"))
    }
  }

  // A bridge can't be the port of a bridge.
  private let failing = """
    { "version": 1,
      "links": [ { "name": "br0", "type": "bridge", "mtu": 1300 }, { "name": "f0", "mtu": 1300 },
        { "name": "br1", "type": "bridge", "master": "br0" } ],
      "addresses": [ { "link": "br0", "address": "192.0.3.1/24" }, { "link": "br1", "address": "192.0.4.1/24" } ],
      "rules": [ { "priority": 1001, "family": "inet", "fwmark": "0x2", "lookup": 51 } ] }
    """

  @Test func aFailedStepUndoesAtOnce() throws {
    try inNamespace { vpngw, _ in
      let was = try picture()
      let finished = try vpngw("apply", "--confirm", "10m", vpngw.file("failing.json", failing))
      #expect(finished.status == 1)
      #expect(finished.output.hasSuffix(", 1 failed, 1 skipped.\n"))
      #expect(
        finished.error.hasPrefix("failed link br1: link add br1 type bridge: Too many levels"))
      #expect(
        finished.error.hasSuffix(
          "skipped address 192.0.4.1/24 dev br1: it depends on link br1\n"
            + "Undone at once: it is as it was before.\n"))
      #expect(try picture() == was)
      #expect(try vpngw("apply", vpngw.directory + "/before.json").status == 0)
    }
  }

  @Test func allOrNothingUndoesAtTheFirstFailure() throws {
    try inNamespace { vpngw, after in
      let was = try picture()
      let path = try vpngw.file("failing.json", failing)
      let finished = try vpngw("apply", "--all-or-nothing", path)
      #expect(finished.status == 1)
      #expect(finished.output.contains("1 failed"))
      #expect(finished.output.contains("not tried"))
      #expect(finished.error.hasSuffix("Undone: it is as it was before.\n"))
      #expect(try picture() == was)
      let good = try vpngw("apply", "--all-or-nothing", after)
      #expect(good.status == 0)
      #expect(good.error == "")
      #expect(try vpngw("plan", after).status == 0)
    }
  }

  @Test func allOrNothingStartsNothingIfThereAreConflicts() throws {
    try inNamespace { vpngw, _ in
      let was = try picture()
      let path = try vpngw.file(
        "cannot.json",
        """
        { "version": 1, "sysctls": { "net.ipv4.ipforward": 1 },
          "links": [ { "name": "br1", "type": "bridge" } ] }
        """)
      let finished = try vpngw("apply", "--all-or-nothing", path)
      #expect(finished.status == 1)
      #expect(
        finished.error == """
          vpngw: not all of it can be done, so nothing was done
          blocked sysctl net.ipv4.ipforward: this kernel has no such setting, or not in this namespace; did you mean net.ipv4.ip_forward?


          """)
      #expect(try picture() == was)
    }
  }

  /// Probes need threads, and a process with threads must not fork.
  @Test func probesComeBeforeTheGuard() throws {
    try inNamespace { vpngw, _ in
      let path = try vpngw.file(
        "probing.json",
        """
        { "version": 1, "links": [ { "name": "br0", "type": "bridge" } ],
          "routes": [
            { "dst": "10.9.0.0/16", "dev": "br0", "when": "probe.good" },
            { "dst": "10.8.0.0/16", "dev": "br0", "when": "probe.bad" } ],
          "probes": {
            "good": { "type": "file", "path": "\(vpngw.directory)/before.json" },
            "bad": { "type": "tcp", "address": "127.0.0.1", "port": 9 } } }
        """)
      let apply = try vpngw.start("apply", "--confirm", "1m", "--probe", path)
      #expect(eventually { apply.error.contains("Press Enter") })
      let processes =
        try ["\(apply.process)"]
        + sh("pgrep -P \(apply.process)").split(separator: "\n").map(String.init)
      #expect(processes.count == 2)
      for process in processes {
        #expect(try sh("ls /proc/\(process)/task").split(separator: "\n").count == 1)
      }
      #expect(try vpngw("confirm").status == 0)
      let finished = apply.wait()
      #expect(finished.status == 0)
      #expect(finished.error.hasPrefix("vpngw: probe.bad is down: "))
      let routes = try sh("ip route show")
      #expect(routes.contains("10.9.0.0/16"))
      #expect(!routes.contains("10.8.0.0/16"))
    }
  }

  /// A process that is ended in the middle of its work reports how far it came.
  @Test func anInterruptedApplyReportsWhatItDid() throws {
    let links = (0..<150).map { #"{ "name": "l\#($0)", "type": "ifb" }"# }
    let routes = (0..<6000).map { #"{ "dst": "10.\#($0 / 250).\#($0 % 250).0/24", "dev": "l1" }"# }
    let text = """
      { "version": 1, "links": [ \(links.joined(separator: ", ")) ],
        "routes": [ \(routes.joined(separator: ", ")) ] }
      """
    var interrupted = false
    for _ in 0..<20 where !interrupted {
      try Vpngw.inNamespace { vpngw in
        let path = try vpngw.file("many.json", text)
        let apply = try vpngw.start("apply", path)
        // The first of the links exists; most of the rest doesn't yet.
        #expect(
          try eventually(every: 100) {
            try String(decoding: readFile("/proc/thread-self/net/dev"), as: UTF8.self)
              .contains(" l0:")
          })
        apply.kill(SIGTERM)
        let finished = apply.wait()
        #expect([0, 128 + SIGTERM].contains(finished.status))
        guard finished.output.contains(" not tried.") else { return }
        interrupted = true
        #expect(
          finished.error.hasSuffix(
            "Interrupted.\nWhat is done stays; another apply goes on from there.\n"))
        #expect(try vpngw("apply", path).status == 0)
        #expect(try vpngw("plan", path).status == 0)
      }
    }
    #expect(interrupted)
  }

  /// What was deleted is restored as it was.
  @Test func undoRestoresWhatWasDeleted() throws {
    try inNamespace { vpngw, _ in
      let was = try picture()
      let finished = try vpngw(
        "apply", "--confirm", "1s", vpngw.file("nothing.json", #"{ "version": 1 }"#))
      #expect(finished.output.contains("- link br0\n"))
      #expect(finished.error.hasSuffix("Not confirmed within 1s: undone.\n"))
      #expect(try picture() == was)
    }
  }

  /// The kernel silently drops all of IPv6 from a link whose MTU falls below 1280.
  @Test func undoRestoresWhatASmallMTUTook() throws {
    try Vpngw.inNamespace { vpngw in
      for line in [
        "ip link add f0 type ifb", "ip link set f0 up", "ip address add fd00::1/64 dev f0 nodad",
        "ip -6 route add 2001:db8::/32 via fd00::2 dev f0",
      ] { try sh(line) }
      func routes() throws -> String {
        try sh("ip -6 address show dev f0 scope global") + sh("ip -6 route show 2001:db8::/32")
      }
      let was = try routes()
      let path = try vpngw.file(
        "small.json", #"{ "version": 1, "links": [ { "name": "f0", "mtu": 1200 } ] }"#)
      let plan = try vpngw("plan", path)
      #expect(
        plan.output.contains("~ link f0                          (ends IPv6 on it, with fd00::1/64")
      )
      let finished = try vpngw("apply", "--confirm", "1s", path)
      #expect(finished.error.hasSuffix("Not confirmed within 1s: undone.\n"))
      #expect(try routes() == was)
    }
  }

  /// What a change depends on needn't be part of it: the undo knows that it was there before.
  @Test func aChangeThatDependsOnOthersNetworksIsUndoneToo() throws {
    try inNamespace { vpngw, _ in
      let file = { (gateway: String) in
        """
        { "version": 1, "links": [ { "name": "f0", "managed": false } ],
          "routes": [ { "dst": "10.9.0.0/16", "via": "\(gateway)", "dev": "f0" } ] }
        """
      }
      #expect(try vpngw("apply", vpngw.file("first.json", file("198.51.100.2"))).status == 0)
      let path = try vpngw.file("second.json", file("198.51.100.3"))
      let finished = try vpngw("apply", "--confirm", "1s", path)
      #expect(finished.error.hasSuffix("Not confirmed within 1s: undone.\n"))
      #expect(try sh("ip route show 10.9.0.0/16").contains("via 198.51.100.2"))
    }
  }
}
