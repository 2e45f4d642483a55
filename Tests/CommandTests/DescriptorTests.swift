import Glibc
import TestSupport
import Testing

/// Probes keep sockets for their next tries, but leave enough for all that are to be opened.
@Suite struct DescriptorTests {
  private static let limit = 1024
  private static let count = 1100

  @Test func moreProbesThanDescriptorsAllGetAnAnswer() throws {
    try Vpngw.inNamespace { vpngw in
      #expect(try run(["sysctl", "-w", "net.ipv4.ping_group_range=0 2147483647"]).status == 0)
      let probes = (1...Self.count).map { number in
        let (type, port) = number % 2 == 0 ? ("icmp", "") : ("tcp", #", "port": 80"#)
        return #""p\#(number)": { "type": "\#(type)", "address": "#
          + #""127.0.\#(number / 250).\#(number % 250 + 1)"\#(port), "#
          + #""interval": "3s", "timeout": "3s" }"#
      }
      let path = try vpngw.file(
        "state.json", #"{ "version": 1, "probes": { \#(probes.joined(separator: ",\n")) } }"#)
      let started = [
        try Started(["/usr/bin/python3", "-m", "http.server", "80", "--bind", "0.0.0.0"]),
        try Started(["prlimit", "--nofile=\(Self.limit)"] + vpngw.arguments(["run", path])),
      ]
      defer {
        for program in started {
          program.kill(SIGKILL)
          _ = program.wait()
        }
      }
      // The listener may come after the first tries.
      #expect(try eventually { try tries("success") >= 2 * Self.count })
      let (successes, failures) = (try tries("success"), try tries("failure"))
      #expect(try eventually { try tries("success") >= successes + Self.count })
      #expect(try tries("failure") == failures)
      let open = try sh("ls /proc/\(started[1].process)/fd").split(separator: "\n").count
      #expect((Self.limit / 2...Self.limit - 100).contains(open), "\(open)")
    }
  }

  private func tries(_ status: String) throws -> Int {
    let metrics = try run(["curl", "-sm", "5", "127.0.0.1:9118/metrics"]).output
    return metrics.split(separator: "\n").reduce(0) { sum, line in
      guard line.hasPrefix("vpngw_probe_tries_total{"), line.contains("\"\(status)\"") else {
        return sum
      }
      return sum + (line.split(separator: " ").last.flatMap { Int($0) } ?? 0)
    }
  }
}
