import Glibc
import TestSupport
import Testing

/// Whoever reaches the status port may ask, but can neither block it nor disturb the daemon.
@Suite struct StatusServerTests {
  private static let file = """
    { "version": 1,
      "rules": [ { "priority": 1, "family": "inet", "lookup": 57, "when": "probe.gw0" } ],
      "probes": { "gw0": { "type": "tcp", "address": "127.0.0.1", "port": 80, "interval": "50ms",
        "timeout": "50ms" },
        "gw1": { "type": "icmp", "address": "127.0.0.1", "interval": "50ms", "timeout": "50ms" } } }
    """

  private func with(
    _ programs: [[String]], _ body: (Vpngw, Started) throws -> Void
  ) throws {
    try Vpngw.inNamespace { vpngw in
      #expect(try run(["sysctl", "-w", "net.ipv4.ping_group_range=0 2147483647"]).status == 0)
      let path = try vpngw.file("state.json", Self.file)
      let others = try programs.map { try Started($0) }
      // Each listens before the next one starts.
      for program in programs {
        #expect(try eventually { try sh("ss -Hltn sport = :\(program[3])").contains("LISTEN") })
      }
      let daemon = try Started(["prlimit", "--nofile=1024"] + vpngw.arguments(["run", path]))
      defer {
        for program in others + [daemon] {
          program.kill(SIGKILL)
          _ = program.wait()
        }
      }
      try body(vpngw, daemon)
    }
  }

  private static func server(at port: Int) -> [String] {
    ["/usr/bin/python3", "-m", "http.server", "\(port)", "--bind", "0.0.0.0"]
  }

  private func get(_ path: String) throws -> Finished {
    try run(["curl", "-sm", "5", "-w", "%{http_code}", "127.0.0.1:9118\(path)"])
  }

  @Test func aThousandIdleConnectionsTurnNoGatewayDown() throws {
    try with([Self.server(at: 80)]) { vpngw, daemon in
      #expect(try eventually { try vpngw.metric("vpngw_probe_up") == 2 })
      // Some send nothing, some half a question.
      let flood = """
        import resource, socket, time
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
        held = []
        for number in range(1000):
            held.append(socket.create_connection(("127.0.0.1", 9118)))
            if number % 2:
                held[-1].sendall(b"GET /status HTTP/1.1\\r\\nHost: ")
        print("open", flush=True)
        time.sleep(3600)
        """
      try withPython(flood, saying: "open") {
        let failed = try vpngw.metric("vpngw_probe_tries_total", "\"failure\"")
        let before = try vpngw.metric("vpngw_probe_tries_total", "\"success\"")
        #expect(
          try eventually {
            try vpngw.metric("vpngw_probe_tries_total", "\"success\"") > before + 40
          })
        #expect(try vpngw.metric("vpngw_probe_tries_total", "\"failure\"") == failed)
        #expect(try vpngw.metric("vpngw_probe_up") == 2)
        let open = try run(["ls", "/proc/\(daemon.process)/fd"]).lines.count
        #expect(open < 300, "\(open)")
        #expect(try get("/healthz").output == "ok\n200")
      }
    }
  }

  @Test func aRequestsBodyIsNotWaitedFor() throws {
    try with([Self.server(at: 80)]) { vpngw, _ in
      #expect(try eventually { try get("/healthz").output == "ok\n200" })
      // The length is announced, and nothing follows.
      let finished = try run([
        "/usr/bin/python3", "-c",
        """
        import socket
        client = socket.create_connection(("127.0.0.1", 9118), 3)
        client.sendall(b"POST /status HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 1000000000\\r\\n\\r\\n")
        answer = b""
        while part := client.recv(4096):
            answer += part
        print(answer.decode().splitlines()[0])
        """,
      ])
      #expect(finished.output == "HTTP/1.1 405 Method Not Allowed\n", "\(finished.error)")
    }
  }

  @Test func aTakenPortIsNoReasonNotToRoute() throws {
    try with([Self.server(at: 80), Self.server(at: 9118)]) { vpngw, daemon in
      #expect(try eventually { try sh("ip rule show").contains("lookup 57") })
      let asked = try vpngw("status")
      #expect(asked.status == 1)
      #expect(asked.error.hasPrefix("vpngw: 127.0.0.1:9118 is not vpngw"), "\(asked.error)")
      // Once freed, the port is taken.
      let holder = try sh("ss -Hltnp sport = :9118")
      let process = try #require(holder.firstMatch(of: #/pid=(\d+)/#)?.1)
      try sh("kill -KILL \(process)")
      #expect(try eventually { try get("/healthz").output == "ok\n200" })
      daemon.kill(SIGTERM)
      let log = daemon.wait().error.split(separator: "\n").filter { $0.contains("event=listen") }
      try #require(log.count == 2, "\(log)")
      #expect(
        log[0].hasSuffix(
          #"level=error event=listen address=127.0.0.1:9118 "#
            + #"error="cannot listen at 127.0.0.1:9118: Address already in use" next=1s"#))
      #expect(log[1].hasSuffix("level=info event=listen address=127.0.0.1:9118"))
    }
  }
}
