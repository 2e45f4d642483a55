import Glibc
import TestSupport
import Testing

/// What isn't as one might think, though nothing failed, as the daemon tells it.
@Suite struct NoteTests {
  private static let file = """
    { "version": 1, "signals": { "deadline": "1h" },
      "rules": [ { "priority": 1, "family": "inet", "lookup": 57, "when": "probe.gw0" } ],
      "probes": { "gw0": { "type": "icmp", "address": "127.0.0.1", "interval": "1h", "rise": 1,
        "jitter": "%" } } }
    """

  @Test func whatIsNotKnownIsLoggedOnceAndShownWhileItIsSo() throws {
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
      // Known as soon as it is asked at once.
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
}
