import Glibc
import TestSupport
import Testing

/// What `run` tells the service manager that started it (sd_notify(3)), and the schema that it carries.
@Suite struct ServiceTests {
  private static func file(_ priority: Int) -> String {
    #"{ "version": 1, "rules": [{ "priority": \#(priority), "family": "inet", "lookup": 57 }] }"#
  }

  /// A service manager: prints each message on a line.
  private static func manager(_ address: String) -> String {
    """
    import socket
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind("\(address)".replace("@", "\\0"))
    print("listening", flush=True)
    while True:
        print(manager.recv(4096).decode().strip().replace("\\n", " "), flush=True)
    """
  }

  @Test(arguments: ["/notify", "@vpngw-notify"])
  func theServiceManagerKnowsHowItIs(_ address: String) throws {
    try Vpngw.inNamespace { vpngw in
      let address = address.hasPrefix("@") ? address : vpngw.directory + address
      let path = try vpngw.file("state.json", Self.file(5))
      let manager = try Started(["/usr/bin/python3", "-c", Self.manager(address)])
      defer {
        manager.kill(SIGKILL)
        _ = manager.wait()
      }
      #expect(eventually { manager.output.contains("listening") })
      let daemon = try Started(
        vpngw.arguments(["run", path]),
        environment: ["NOTIFY_SOCKET": address, "WATCHDOG_USEC": "200000"])
      func messages(_ prefix: String) -> [Substring] {
        manager.output.split(separator: "\n").filter { $0.hasPrefix(prefix) }
      }
      let good = "READY=1 STATUS=the kernel is as \(path) says"
      #expect(eventually { messages("READY=1").last.map(String.init) == good })
      #expect(try sh("ip rule show").contains("5:"))
      #expect(eventually { messages("WATCHDOG=1").count > 3 })
      for (text, answer) in [
        (Self.file(6), good), (Self.file(6), good), ("{", "READY=1 STATUS=state file refused:"),
      ] {
        let (reloads, answers) = (
          messages("RELOADING=1 MONOTONIC_USEC=").count, messages("READY=1").count
        )
        try writeFile(path, text)
        daemon.kill(SIGHUP)
        #expect(eventually { messages("RELOADING=1 MONOTONIC_USEC=").count > reloads })
        #expect(eventually { messages("READY=1").count > answers })
        #expect(eventually { messages("READY=1").last?.hasPrefix(answer) == true })
      }
      #expect(messages("STOPPING=1").isEmpty)
      daemon.kill(SIGTERM)
      #expect(daemon.wait().status == 0)
      #expect(eventually { messages("STOPPING=1").count == 1 })
    }
  }

  /// Otherwise systemd would kill a router that waits for its file.
  @Test func itIsReadyThoughItsFileIsMissing() throws {
    try Vpngw.inNamespace { vpngw in
      let address = vpngw.directory + "/notify"
      let manager = try Started(["/usr/bin/python3", "-c", Self.manager(address)])
      defer {
        manager.kill(SIGKILL)
        _ = manager.wait()
      }
      #expect(eventually { manager.output.contains("listening") })
      let daemon = try Started(
        vpngw.arguments(["run", vpngw.directory + "/none.json"]),
        environment: ["NOTIFY_SOCKET": address])
      #expect(
        eventually { manager.output.contains("READY=1 STATUS=state file refused: cannot read") })
      daemon.kill(SIGTERM)
      #expect(daemon.wait().status == 0)
    }
  }

  @Test func theSchemaIsTheOneInTheRepository() throws {
    let checkout = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    let schema = String(decoding: try readFile(checkout + "/schemas/state.json"), as: UTF8.self)
    let printed = try run([Vpngw.path, "schema"])
    #expect(printed.status == 0)
    #expect(printed.output == schema)
    // An editor finds it there.
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file(
        "state.json", #"{ "$schema": "/usr/share/vpngw/state.json", "version": 1 }"#)
      #expect(try vpngw("validate", path).status == 0)
    }
  }
}
