import Glibc
import TestSupport
import Testing

private let text = """
  { "version": 1,
    "parameters": { "INDEX": { "type": "integer", "from": "environment", "min": 0, "max": 7 } },
    "links": [{ "name": "br${INDEX}", "type": "bridge", "mtu": "1400+${INDEX}" }],
    "addresses": [{ "link": "br${INDEX}", "address": "192.168.26.128+${INDEX}/22" }] }
  """

/// `--set` and the environment, as commands and the daemon use them.
@Suite struct ParameterCommandTests {
  @Test func validateTakesParametersAndNamesWhatIsMissing() throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file("a.json", text)
      let missing = try vpngw("validate", path)
      #expect(missing.status == 1)
      #expect(
        missing.error == """
          \(path):2:19: /parameters/INDEX: not in the environment: set INDEX there, or give \
          --set INDEX=3

          """)
      #expect(try vpngw("validate", path, "--set", "INDEX=3").status == 0)
      let range = try vpngw("validate", path, "--set", "INDEX=8")
      #expect(range.error.hasSuffix("must be an integer from 0 to 7, not \"8\" (from --set)\n"))
      let environment = try run(vpngw.arguments(["validate", path]), environment: ["INDEX": "2"])
      #expect(environment.status == 0)
      let unknown = try vpngw("validate", path, "--set", "INDEX=3", "--set", "INDX=3")
      #expect(unknown.error.contains("/parameters: --set INDX: no such parameter"))
      for (words, message) in [
        (["INDEX"], "--set INDEX: write NAME=VALUE"), (["=3"], "--set =3: write NAME=VALUE"),
        (["INDEX=1", "INDEX=2"], "--set INDEX: stated twice, with two values"),
      ] {
        let refused = try run(
          vpngw.arguments(["validate", path] + words.flatMap { ["--set", $0] }))
        #expect(refused.status == 1)
        #expect(refused.error == "vpngw: \(message)\n")
      }
      // Of several files one needs to declare it.
      let plain = try vpngw.file("b.json", #"{ "version": 1 }"#)
      #expect(try vpngw("validate", path, plain, "--set", "INDEX=3").status == 0)
      #expect(try vpngw("validate", plain, "--set", "INDEX=3").status == 1)
    }
  }

  @Test func whatIsPlannedAppliedAndExpandedHasTheValues() throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file("a.json", text)
      let expanded = try vpngw("expand", path, "--set", "INDEX=3").output
      #expect(expanded.contains("192.168.26.131/22") && !expanded.contains("parameters"))
      #expect(try vpngw("apply", path, "--set", "INDEX=3").status == 0)
      #expect(try sh("ip -br address show br3").contains("192.168.26.131/22"))
      #expect(try sh("ip link show br3").contains("mtu 1403"))
      #expect(try vpngw("plan", path, "--set", "INDEX=3").status == 0)
      let other = try vpngw("plan", path, "--set", "INDEX=4")
      #expect(other.status == 2)
      #expect(other.output.contains("+ link br4") && other.output.contains("- link br3"))
      // A capture has no parameters.
      let shown = try vpngw.file("shown.json", vpngw("show").output)
      #expect(try vpngw("plan", path, "--observed", shown, "--set", "INDEX=3").status == 0)
    }
  }

  @Test func aSavedPlanKeepsItsValues() throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file("a.json", text)
      let plan = vpngw.directory + "/plan.json"
      #expect(try vpngw("plan", path, "--out", plan, "--set", "INDEX=5").status == 2)
      #expect(
        try vpngw("apply", "--plan", plan, "--set", "INDEX=6").error.contains("give --set to plan"))
      // Whatever the environment is by then.
      let applied = try run(
        vpngw.arguments(["apply", "--plan", plan]), environment: ["INDEX": "6"])
      #expect(applied.status == 0, "\(applied.error)")
      #expect(try sh("ip -br address show br5").contains("192.168.26.133/22"))
    }
  }

  @Test func aChangeThatIsNotConfirmedIsUndone() throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file("a.json", text)
      #expect(try vpngw("apply", path, "--set", "INDEX=1").status == 0)
      #expect(try vpngw("apply", path, "--set", "INDEX=2", "--confirm", "1s").status == 1)
      #expect(try sh("ip -br address show br1").contains("192.168.26.129/22"))
      #expect(try vpngw("plan", path, "--set", "INDEX=1").status == 0)
    }
  }

  /// A file that asks for more than the daemon was given is refused; the one before stays in force.
  @Test func theDaemonTakesParametersAtEachReading() throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file("a.json", text)
      let daemon = try Started(
        vpngw.arguments(["run", path, "--set", "INDEX=3", "--listen", "127.0.0.1:0"]),
        environment: ["MTU": "1300"])
      defer {
        daemon.kill(SIGTERM)
        _ = daemon.wait()
      }
      #expect(try eventually { try sh("ip -br address").contains("192.168.26.131/22") })
      func add(_ name: String) -> String {
        text.replacing(
          "{ \"INDEX\":",
          with: "{ \"\(name)\": { \"type\": \"integer\", \"from\": \"environment\" }, \"INDEX\":"
        ).replacing("1400+${INDEX}", with: "${\(name)}+${INDEX}")
      }
      _ = try vpngw.file("a.json", add("ABSENT"))
      #expect(eventually { daemon.error.contains("not in the environment: set ABSENT there") })
      #expect(try sh("ip -br address").contains("192.168.26.131/22"))
      _ = try vpngw.file("a.json", add("MTU"))
      #expect(try eventually { try sh("ip link show br3").contains("mtu 1303") })
    }
  }
}
