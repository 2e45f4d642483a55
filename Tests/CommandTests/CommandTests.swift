import Glibc
import TestSupport
import Testing

private let file = """
  { "version": 1,
    "links": [ { "name": "br0", "type": "bridge", "mtu": 1420, "address": "02:00:00:00:00:01" },
      { "name": "v0", "type": "veth", "peer": "v1", "master": "br0" },
      { "name": "v1", "type": "veth", "peer": "v0" }, { "name": "f0", "mtu": 1400 } ],
    "addresses": [ { "link": "br0", "address": "192.168.26.1/22" } ],
    "nexthops": [ { "id": 10, "via": "192.168.25.128", "dev": "br0" } ],
    "routes": [ { "dst": "default", "family": "inet", "table": 57, "nhid": 10 } ] }
  """

/// The program as people use it: its output and its exit status.
@Suite struct CommandTests {
  private func inNamespace(_ body: (Vpngw) throws -> Void) throws {
    try Vpngw.inNamespace { vpngw in
      try sh("ip link add f0 type ifb")
      try body(vpngw)
    }
  }

  @Test func validateReportsWhereAndWhat() throws {
    try inNamespace { vpngw in
      let path = try vpngw.file("state.json", "{ \"version\": 1,\n  \"adresses\": [] }\n")
      let finished = try vpngw("validate", path)
      #expect(finished.status == 1)
      #expect(finished.output == "")
      #expect(finished.error.hasPrefix("\(path):2:3: /adresses: unknown key \"adresses\""))
      let json = try vpngw("validate", path, "--json")
      #expect(json.status == 1)
      #expect(json.output.contains(#""line": 2"#))
      let good = try vpngw("validate", vpngw.file("good.json", file), path)
      #expect(good.status == 1)
      #expect(good.output == "\(vpngw.directory)/good.json: valid\n")
      #expect(try vpngw("validate", vpngw.directory + "/good.json").status == 0)
      let missing = try vpngw("validate", "/nonexistent/state.json")
      #expect(missing.status == 1)
      #expect(
        missing.error
          == "vpngw: cannot read /nonexistent/state.json: No such file or directory\n")
    }
  }

  @Test func aPlanReadsAsTheDesignSays() throws {
    try inNamespace { vpngw in
      let first = try vpngw("apply", vpngw.file("a.json", file))
      #expect(first.status == 0)
      #expect(first.error == "")
      let changed =
        file.replacing("1420", with: "1400").replacing("192.168.26.1/22", with: "192.168.26.2/22")
        .replacing(#""table": 57"#, with: #""table": 58"#)
        .replacing(
          #""via": "192.168.25.128", "dev": "br0""#, with: #""blackhole": true, "family": "inet6""#
        )
        .replacing(#""nhid": 10"#, with: #""type": "unreachable""#)
      let plan = try vpngw("plan", vpngw.file("b.json", changed))
      #expect(plan.status == 2)
      #expect(plan.error == "")
      #expect(
        plan.output == """
          + address 192.168.26.2/22 dev br0
          + route default table 58
              type: unreachable
          ~ link br0
              mtu: 1420 -> 1400
          ! nexthop 10                       (replaced: family can't change in place)
              family: none -> inet6
              via: 192.168.25.128 -> none
              dev: br0 -> none
              blackhole: false -> true
          - address 192.168.26.1/22 dev br0
          - route default table 57
              nhid: 10

          2 to create, 1 to change, 1 to replace, 2 to delete.

          """)
      // Nothing was written.
      #expect(try vpngw("plan", vpngw.directory + "/a.json").status == 0)
      #expect(try vpngw("apply", "--dry-run", vpngw.directory + "/b.json").output == plan.output)
      let steady = try vpngw("plan", vpngw.directory + "/a.json")
      #expect(steady.output == "No changes. The kernel matches the state file.\n")
      #expect(try vpngw("apply", vpngw.directory + "/a.json").output == steady.output)
      let json = try vpngw("plan", "--json", vpngw.directory + "/b.json")
      #expect(json.status == 2)
      #expect(json.output.contains(#""action": "update""#))
    }
  }

  @Test func aSavedPlanIsRefusedWhenTheKernelHasChanged() throws {
    try inNamespace { vpngw in
      let kept = vpngw.directory + "/plan.json"
      #expect(try vpngw("plan", "--out", kept, vpngw.file("a.json", file)).status == 2)
      try sh("ip link add br0 type bridge")
      let refused = try vpngw("apply", "--plan", kept)
      #expect(refused.status == 1)
      #expect(refused.error.contains("the kernel has changed since the plan was made"))
      #expect(try !sh("ip nexthop show").contains("id 10"))
      try sh("ip link delete br0")
      let applied = try vpngw("apply", "--plan", kept)
      #expect(applied.status == 0, "\(applied.error)")
      #expect(try vpngw("plan", vpngw.directory + "/a.json").status == 0)
      let notOne = try vpngw("apply", "--plan", vpngw.directory + "/a.json")
      #expect(notOne.status == 1)
      #expect(notOne.error.contains("not a plan that `vpngw plan --out` wrote"))
    }
  }

  @Test func aPlanAgainstACapturedShowNeedsNoRoot() throws {
    try inNamespace { vpngw in
      #expect(try vpngw("apply", vpngw.file("a.json", file)).status == 0)
      let shown = try vpngw("show")
      let captured = try vpngw.file("shown.json", shown.output)
      let other = try vpngw.file(
        "b.json", file.replacing("192.168.26.1/22", with: "192.168.26.9/22"))
      try sh("chmod -R a+rX \(vpngw.directory)")
      let nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
      let same = try run(
        nobody + vpngw.arguments(["plan", "--observed", captured, captured]))
      #expect(same.output == "No changes. The kernel matches the state file.\n")
      #expect(same.error == "")
      let plan = try run(nobody + vpngw.arguments(["plan", "--observed", captured, other]))
      #expect(plan.status == 1)  // f0 is somebody else's, and not in the capture
      #expect(plan.output.contains("+ address 192.168.26.9/22 dev br0"))
      #expect(plan.output.contains("- address 192.168.26.1/22 dev br0"))
    }
  }

  @Test func oneApplyAtATime() throws {
    try inNamespace { vpngw in
      let path = try vpngw.file("a.json", file)
      let waiting = try vpngw.start("apply", "--confirm", "1m", path)
      let isPending = try eventually { try vpngw("plan", path).status == 0 }
      #expect(isPending)
      let second = try vpngw("apply", path)
      #expect(second.status == 1)
      #expect(second.error.contains("nothing was done"))
      let confirmed = try vpngw("confirm")
      #expect(confirmed.output == "Confirmed: the change stays.\n")
      let finished = waiting.wait()
      #expect(finished.status == 0, "\(finished.error)")
      #expect(finished.output.hasSuffix("Confirmed: the change stays.\n"))
      #expect(try vpngw("plan", path).status == 0)
      let late = try vpngw("confirm")
      #expect(late.status == 1)
      #expect(late.error == "vpngw: nothing waits for a confirmation\n")
    }
  }

  @Test func unknownNamespaceAndUnreadableFileAreReported() throws {
    try inNamespace { vpngw in
      let finished = try vpngw("plan", "--netns", "no-such", vpngw.file("a.json", file))
      #expect(finished.status == 1)
      #expect(
        finished.error
          == "vpngw: there is no network namespace \"no-such\": see `ip netns list`\n")
      let neither = try vpngw("apply")
      #expect(neither.status == 64)
      #expect(neither.error.contains("Give a state file"))
    }
  }

  @Test func helpNamesEveryCommand() throws {
    let help = try run([Vpngw.path, "--help"])
    #expect(help.status == 0)
    for command in ["validate", "expand", "plan", "apply", "confirm", "show"] {
      #expect(help.output.contains("  \(command) "))
    }
    for shell in ["bash", "zsh", "fish"] {
      let completion = try run([Vpngw.path, "--generate-completion-script", shell])
      #expect(completion.status == 0)
      #expect(completion.output.contains("confirm"))
    }
  }

  /// What a plan can't do is counted, and the result isn't called done.
  @Test func conflictsAreCounted() throws {
    try inNamespace { vpngw in
      let links = #"[ { "name": "f0", "type": "bridge" }, { "name": "br1", "type": "bridge" } ]"#
      let addresses = (0..<9).map { #"{ "link": "f0", "address": "10.0.\#($0).1/24" }"# }
      let path = try vpngw.file(
        "a.json",
        """
        { "version": 1, "links": \(links), "addresses": [ \(addresses.joined(separator: ", ")) ] }
        """)
      let plan = try vpngw("plan", path)
      #expect(plan.status == 1)
      #expect(plan.output.hasSuffix("\n1 to create, 10 blocked.\n"))
      #expect(plan.output.contains("blocked 4 more: they depend on link f0\n"))
      let apply = try vpngw("apply", path)
      #expect(apply.status == 1)
      #expect(apply.output.hasSuffix("\n1 created, 10 blocked.\n"))
      #expect(apply.error.hasPrefix("blocked link f0: there is one that vpngw didn't make"))
      #expect(try vpngw("apply", path).output == "\nNothing done, 10 blocked.\n")
      #expect(try vpngw("apply", "--json", path).output.contains(#""converged": false"#))
    }
  }

  @Test func statusFailsWhileSomethingIsntAsItShouldBe() throws {
    try inNamespace { vpngw in
      let good = #"{ "version": 1, "links": [ { "name": "br0", "type": "bridge" } ] }"#
      let path = try vpngw.file("a.json", good)
      #expect(try vpngw("status").status == 1)
      let daemon = try vpngw.start("run", path)
      #expect(try eventually { try vpngw("status").status == 0 })
      _ = try vpngw.file("a.json", good.replacing("bridge", with: "brigde"))
      #expect(try eventually { try vpngw("status").status == 1 })
      #expect(try vpngw("status", "--json").status == 1)
      // f0 is somebody else's.
      _ = try vpngw.file("a.json", good.replacing("br0", with: "f0"))
      #expect(try eventually { try vpngw("status").output.contains("link f0: there is one") })
      #expect(try vpngw("status").status == 1)
      _ = try vpngw.file("a.json", good)
      #expect(try eventually { try vpngw("status", "--json").status == 0 })
      daemon.kill(SIGTERM)
      #expect(daemon.wait().status == 0)
    }
  }

  @Test func helpNamesEveryExitStatus() throws {
    let help = try run([Vpngw.path, "--help"]).output
    for part in ["0 done", "1 failed", "2 plan", "64 the"] {
      #expect(help.replacing("\n", with: " ").contains(part))
    }
  }

  /// What the kernel accepts and doesn't keep is neither called done nor blamed on others.
  @Test func theDaemonReportsWhatTheKernelDoesntKeep() throws {
    try inNamespace { vpngw in
      let hops = (0..<3000).map {
        #"{ "via": "10.0.\#($0 / 250).\#($0 % 250 + 1)", "dev": "br0" }"#
      }
      let path = try vpngw.file(
        "a.json",
        """
        { "version": 1, "links": [ { "name": "br0", "type": "bridge" } ],
          "addresses": [ { "link": "br0", "address": "10.0.250.1/16" } ],
          "routes": [ { "dst": "198.51.100.0/24", "nexthops": [ \(hops.joined(separator: ", ")) ] } ] }
        """)
      let daemon = try vpngw.start("run", "--resync", "1s", path)
      // It is retried again and again.
      #expect(try eventually { try vpngw.metric("vpngw_steps_total", "failed") >= 2 })
      let status = try vpngw("status")
      #expect(status.status == 1)
      #expect(status.output.contains("kernel      NOT as the file says\n"))
      #expect(status.output.contains("it still isn't so"))
      daemon.kill(SIGTERM)
      let log = daemon.wait()
      #expect(!(log.output + log.error).contains("restored"))
    }
  }
}
