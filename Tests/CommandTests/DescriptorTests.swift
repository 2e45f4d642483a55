import Glibc
import TestSupport
import Testing

/// Probes keep sockets for their next attempts, but leave enough descriptors for others.
@Suite struct DescriptorTests {
  private static let limit = 1024

  /// With this many probes of each type, each about once a second; answers to their questions are
  /// resets at most.
  private func with(
    _ count: Int, _ types: [String], interval: String, _ body: (Vpngw, Started) throws -> Void
  ) throws {
    try Vpngw.inNamespace { vpngw in
      #expect(try run(["sysctl", "-w", "net.ipv4.ping_group_range=0 2147483647"]).status == 0)
      try sh(
        "nft -f -",
        input: """
          table ip t {
            counter others {}
            chain c {
              type filter hook output priority 0
              tcp dport 80 tcp flags & (syn | rst) == 0 counter name others
            }
          }
          """)
      let probes = types.flatMap { type in
        (1...count).map { number in
          #""\#(type)\#(number)": { "type": "\#(type)", "address": "#
            + #""127.0.\#(number / 250).\#(number % 250 + 1)""#
            + (type == "tcp" ? #", "port": 80"# : "")
            + #", "interval": "\#(interval)", "timeout": "\#(interval)" }"#
        }
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
      try body(vpngw, started[1])
      #expect(try sh("nft list counter ip t others").contains("packets 0 "))
    }
  }

  private func tries(_ vpngw: Vpngw, _ status: String) throws -> Int {
    try vpngw.metric("vpngw_probe_tries_total", "\"\(status)\"")
  }

  @Test func moreProbesThanDescriptorsAllGetAnAnswer() throws {
    let count = 1100
    try with(count / 2, ["icmp", "tcp"], interval: "3s") { vpngw, daemon in
      // The listener may start after the first attempts.
      #expect(try eventually { try tries(vpngw, "success") >= 2 * count })
      let (successes, failures) = (try tries(vpngw, "success"), try tries(vpngw, "failure"))
      #expect(try eventually { try tries(vpngw, "success") >= successes + count })
      #expect(try tries(vpngw, "failure") == failures)
      let open = try sh("ls /proc/\(daemon.process)/fd").split(separator: "\n").count
      #expect((Self.limit / 2...Self.limit - 100).contains(open), "\(open)")
    }
  }

  @Test func aProbeWithoutADescriptorIsNotDown() throws {
    try Vpngw.inNamespace { vpngw in
      let server = try Started(["/usr/bin/python3", "-m", "http.server", "80", "--bind", "0.0.0.0"])
      defer {
        server.kill(SIGKILL)
        _ = server.wait()
      }
      #expect(try eventually { try sh("ss -Hltn").contains(":80 ") })
      let probes = (1...60).map {
        #""p\#($0)": { "type": "tcp", "address": "127.0.0.\#($0)", "port": 80 }"#
      }
      let path = try vpngw.file(
        "state.json", #"{ "version": 1, "probes": { \#(probes.joined(separator: ",\n")) } }"#)
      let words = vpngw.arguments(["plan", "--probe", path])
      let finished = try run(["prlimit", "--nofile=40"] + words)
      #expect(finished.status == 0)
      let lines = finished.error.split(separator: "\n")
      let sentence = " is not known: cannot open a socket: Too many open files"
      #expect((1..<60).contains(lines.count { $0.hasSuffix(sentence) }), "\(lines)")
      #expect(!lines.contains { $0.contains(" is down") }, "\(lines)")
    }
  }

  @Test(arguments: ["icmp", "tcp"])
  func aProbesAttemptsShareTheirSocket(type: String) throws {
    let count = 40
    try with(count, [type], interval: "200ms") { vpngw, daemon in
      func sockets() throws -> Set<Substring> {
        // ls(1) complains about descriptors that are closed while it runs.
        let listed = try run(["ls", "-l", "/proc/\(daemon.process)/fd"]).output
        return Set(
          listed.split(separator: "\n").compactMap { $0.split(separator: " ").last }
            .filter { $0.hasPrefix("socket:") })
      }
      var before = Set<Substring>()
      #expect(
        try eventually {
          before = try sockets()
          return before.count >= count
        })
      let successes = try tries(vpngw, "success")
      #expect(try eventually { try tries(vpngw, "success") >= successes + 3 * count })
      #expect(try before.intersection(sockets()).count >= count)
    }
  }
}
