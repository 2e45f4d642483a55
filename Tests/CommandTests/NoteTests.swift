import Glibc
import TestSupport
import Testing

/// What isn't as one might expect, though nothing failed, as the daemon reports it.
@Suite struct NoteTests {
  private static let file = """
    { "version": 1, "signals": { "deadline": "1h" },
      "rules": [ { "priority": 1, "family": "inet", "lookup": 57, "when": "probe.gw0" } ],
      "probes": { "gw0": { "type": "icmp", "address": "127.0.0.1", "interval": "1h", "rise": 1,
        "jitter": "%" } } }
    """

  @Test func unknownSignalsAreLoggedOnceAndShownWhileUnknown() throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file("state.json", Self.file.replacing("%", with: "1h"))
      let daemon = try vpngw.start("run", path, "--resync", "50ms")
      var finished: Finished?
      defer {
        if finished == nil {
          daemon.kill(SIGKILL)
          _ = daemon.wait()
        }
      }
      let note = "rule 1: from all lookup 57: what decides it isn't known yet; left as it is\n"
      #expect(try eventually { try vpngw("status").output.contains("note        " + note) })
      #expect(try eventually { try vpngw.metric("vpngw_passes_total") > 5 })
      // Becomes known when it is asked again soon.
      try writeFile(path, Self.file.replacing("%", with: "1ms"))
      #expect(try eventually { try sh("ip rule show").contains("lookup 57") })
      #expect(try eventually { try !vpngw("status").output.contains("note ") })
      daemon.kill(SIGTERM)
      finished = daemon.wait()
      let lines = try #require(finished).error.split(separator: "\n").filter {
        $0.contains("event=note")
      }.map { $0.drop { $0 != " " }.dropFirst() }
      #expect(
        lines == [
          #"level=info event=note object="rule 1: from all lookup 57" "#
            + #"reason="what decides it isn't known yet; left as it is""#
        ])
    }
  }

  /// Everything is as the file says, and yet no client gets through: a note in the plan, an error
  /// in the status.
  @Test func clientsOnAnUnlistedLinkAreReported() throws {
    func text(_ more: String) -> String {
      """
      { "version": 1, "links": [ { "name": "br0", "type": "bridge" }, { "name": "cl", "type": "bridge" } ],
        "addresses": [ { "link": "br0", "address": "10.1.0.1/24" },
                       { "link": "cl", "address": "10.2.0.1/24" } ],
        "gateways": { "link": "br0", \(more) "members": { "addresses": "10.1.0.128" },
          "probe": { "type": "icmp", "interval": "1h" }, "egress": { "from": "10.0.0.0/8" } } }
      """
    }
    try Vpngw.inNamespace { vpngw in
      let said = "clients of 10.2.0.0/24 by cl reach no gateway"
      for listed in ["\"client_links\": \"cl\",", "\"vip_links\": \"cl\","] {
        let path = try vpngw.file("good.json", text(listed))
        let planned = try vpngw("plan", path)
        #expect(planned.status == 2 && !planned.error.contains("reach no gateway"))
      }
      let path = try vpngw.file("state.json", text(""))
      let planned = try vpngw("plan", path)
      #expect(planned.status == 2 && planned.error.contains(said), "\(planned.error)")
      #expect(!planned.error.contains("10.1.0.0/24 by"))
      let daemon = try vpngw.start("run", path)
      defer {
        daemon.kill(SIGKILL)
        _ = daemon.wait()
      }
      #expect(try eventually { try vpngw("status").output.contains("gateways: \(said)") })
    }
  }
}
