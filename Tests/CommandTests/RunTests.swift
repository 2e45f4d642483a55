import Glibc
import Netlink
import TestSupport
import Testing

/// `vpngw run` beside other processes, and with what it needs missing.
@Suite struct RunTests {
  private static let file = """
    { "version": 1, "sysctls": { "net.ipv4.conf.lo.rp_filter": 2 },
      "rules": [ { "priority": 5, "family": "inet", "lookup": 57 } ] }
    """

  private func end(_ daemon: Started) -> Finished {
    daemon.kill(SIGTERM)
    return daemon.wait()
  }

  private func rules() throws -> String { try sh("ip rule show") }

  @Test func twoInOneNamespaceFindEachOther() throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file("state.json", Self.file)
      let first = try vpngw.start("run", path)
      #expect(try eventually { try rules().contains("5:") })
      let other = [Vpngw.path, "run", path, "--run-directory", vpngw.directory + "/other"]
      let second = try run(other)
      #expect(second.status == 1)
      #expect(
        second.error.hasSuffix(
          ", process \(first.process), with another run directory): only one can\n"),
        "\(second.error)")
      #expect(
        second.error.contains("another vpngw keeps this namespace (vpngw run \(path) "),
        "\(second.error)")
      let applied = try run([Vpngw.path, "apply", path, "--run-directory", vpngw.directory + "/o"])
      #expect(applied.status == 1)
      #expect(applied.error.contains("process \(first.process), with another run directory"))
      #expect(end(first).status == 0)
      // The lock is gone with the process.
      #expect(try vpngw("apply", path).status == 0)
    }
  }

  /// Anybody may take a name in the namespace, but only a process that could be vpngw counts.
  @Test func aSquatterKeepsNobodyFromStarting() throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file("state.json", Self.file)
      let squatter = """
        import os, socket, time
        os.setuid(65534)
        held = socket.socket(socket.AF_UNIX)
        held.bind("\\0vpngw")
        held.listen(8)
        print("held", flush=True)
        time.sleep(3600)
        """
      try withPython(squatter, saying: "held") { () throws in
        #expect(try vpngw("apply", path).status == 0)
        #expect(try rules().contains("5:"))
      }
    }
  }

  /// In the same run directory or in another.
  @Test(arguments: ["run", "other"])
  func runYieldsToAChangeThatWaitsForItsConfirmation(_ directory: String) throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file("state.json", Self.file)
      let apply = try vpngw.start("apply", "--confirm", "3s", path)
      #expect(try eventually { try rules().contains("5:") })
      let daemon = try Started([
        Vpngw.path, "run", path, "--run-directory", "\(vpngw.directory)/\(directory)",
      ])
      #expect(
        try eventually { try vpngw("status").output.contains("waiting     a change waits for") })
      if directory == "other" {
        // The guard is the apply's child.
        let process = try sh("pgrep -P \(apply.process)").split(separator: "\n")[0]
        let who = "process \(process), with another run directory"
        let said = try vpngw("status").output
        #expect(said.contains(who) && said.contains("(vpngw apply --confirm 3s "), "\(said)")
        let second = try run([
          Vpngw.path, "apply", path, "--run-directory", "\(vpngw.directory)/third",
        ])
        #expect(second.status == 1)
        #expect(
          second.error.contains("an earlier change waits for its confirmation or for its undoing")
            && second.error.contains(who), "\(second.error)")
      }
      #expect(try run(["curl", "-sm", "5", "127.0.0.1:9118/healthz"]).output == "ok\n")
      #expect(
        try run(["curl", "-sm", "5", "127.0.0.1:9118/readyz"]).output.hasPrefix("not yet: a change")
      )
      let finished = apply.wait()
      #expect(finished.error.hasSuffix("Not confirmed within 3s: undone.\n"), "\(finished.error)")
      // Then it is the daemon's turn.
      #expect(try eventually { try rules().contains("5:") })
      let log = end(daemon).error
      #expect(log.contains("level=warning event=wait reason="), "\(log)")
      #expect(log.contains("event=wait over=true"))
      #expect(log.split(separator: "\n").filter { $0.contains("event=restored") }.isEmpty)
    }
  }

  @Test func aWaitingRunEndsAtOnce() throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file("state.json", Self.file)
      let apply = try vpngw.start("apply", "--confirm", "10m", path)
      #expect(try eventually { try rules().contains("5:") })
      let daemon = try vpngw.start("run", path)
      #expect(try eventually { try vpngw("status").output.contains("waiting  ") })
      #expect(end(daemon).status == 0)
      #expect(try rules().contains("5:"))
      #expect(try vpngw("confirm").status == 0)
      #expect(apply.wait().status == 0)
    }
  }

  /// A full or read-only disk: what can't be remembered isn't done, everything else is.
  @Test func aReadOnlyRunDirectoryStopsOneStep() throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file("state.json", Self.file)
      mkdir(vpngw.directory + "/run", 0o700)
      let daemon = try Started(
        [
          "unshare", "-m", "sh", "-c",
          "mount -t tmpfs -o ro,mode=700 tmpfs \(vpngw.directory)/run && exec \"$@\"", "sh",
        ] + vpngw.arguments(["run", path]))
      #expect(try eventually { try rules().contains("5:") })
      let ready = try run(["curl", "-sm", "5", "127.0.0.1:9118/readyz"])
      #expect(ready.output.contains("sysctl net.ipv4.conf.lo.rp_filter"), "\(ready.output)")
      #expect(try vpngw("status").output.contains("kernel      NOT as the file says\n  sysctl "))
      try sh("ip rule del priority 5")
      #expect(try eventually { try rules().contains("5:") })
      let log = end(daemon).error
      #expect(log.contains("Read-only file system"), "\(log)")
      #expect(try sh("cat /proc/sys/net/ipv4/conf/lo/rp_filter") != "2\n")
    }
  }

  @Test func asJSONEachLineOfTheLogIsAnObject() throws {
    try Vpngw.inNamespace { vpngw in
      let daemon = try vpngw.start("run", vpngw.file("state.json", Self.file), "--json")
      #expect(try eventually { try rules().contains("5:") })
      daemon.kill(SIGHUP)
      #expect(eventually { daemon.error.contains(#""unchanged":true"#) })
      let lines = end(daemon).error.split(separator: "\n")
      #expect(lines.count >= 5)
      let read = try run(
        [
          "/usr/bin/python3", "-c",
          """
          import json, sys
          for line in sys.stdin:
              entry = json.loads(line)
              assert list(entry)[:3] == ["time", "level", "event"], line
          """,
        ], input: lines.joined(separator: "\n"))
      #expect(read.status == 0, "\(read.error)")
    }
  }

  @Test func pipesAndDevicesAreRefusedAndNotWaitedFor() throws {
    try Vpngw.inNamespace { vpngw in
      let fifo = vpngw.directory + "/fifo"
      mkfifo(fifo, 0o600)
      for words in [
        ["validate", fifo], ["plan", fifo], ["apply", fifo], ["apply", "--plan", fifo],
        ["import", "keepalived", fifo], ["validate", "/dev/zero"],
      ] {
        let finished = try run(["timeout", "10"] + vpngw.arguments(words))
        #expect(finished.status == 1, "\(words)")
        #expect(finished.error.contains(", not a file"), "\(words): \(finished.error)")
      }
      let path = try vpngw.file("state.json", Self.file)
      #expect(try run(vpngw.arguments(["plan", path, "--out", fifo])).status == 1)
      // The daemon reports it, and lives on.
      let daemon = try vpngw.start("run", fifo)
      #expect(try eventually { try vpngw("status").output.contains("it is a FIFO, not a file") })
      #expect(end(daemon).status == 0)
    }
  }

  @Test func aRunDirectoryOfOthersIsRefused() throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file("state.json", Self.file)
      let run = vpngw.directory + "/run"
      mkdir(run, 0o700)
      try writeFile(run + "/planted", "")
      chmod(run, 0o777)
      for words in [["plan", path], ["apply", path], ["run", path], ["show"]] {
        let finished = try TestSupport.run(["timeout", "10"] + vpngw.arguments(words))
        #expect(finished.status == 1, "\(words)")
        #expect(finished.error.contains("others may write into it"), "\(finished.error)")
      }
      #expect(try !rules().contains("5:"))
      // Kubernetes' emptyDir: nobody has put anything there.
      unlink(run + "/planted")
      #expect(try vpngw("apply", path).status == 0)
      #expect(try sh("stat -c %a \(run)") == "700\n")
      // A directory for everybody stays one.
      mkdir(vpngw.directory + "/tmp", 0o700)
      chmod(vpngw.directory + "/tmp", 0o1777)
      let other = [Vpngw.path, "apply", path, "--run-directory", vpngw.directory + "/tmp"]
      #expect(try TestSupport.run(other).status == 1)
      #expect(try sh("stat -c %a \(vpngw.directory)/tmp") == "1777\n")
    }
  }

  /// A memory that a full disk cut short.
  @Test func aDamagedMemoryIsReported() throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file("state.json", Self.file)
      #expect(try vpngw("apply", path).error == "")
      let memory = try fileNames(in: vpngw.directory + "/run", ending: ".json")[0]
      truncate(vpngw.directory + "/run/" + memory, 40)
      let plan = try vpngw("plan", path)
      #expect(plan.status == 0)
      #expect(
        plan.error.contains("\(memory):") && plan.error.contains("the file is damaged"),
        "\(plan.error)")
    }
  }

  @Test func filesOfDeletedNamespacesAreRemoved() throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file("state.json", Self.file)
      func files() throws -> [String] {
        try fileNames(in: vpngw.directory + "/run", ending: "").filter { !$0.hasPrefix(".") }
      }
      /// Runs the daemon until it has done its work, in this namespace or in one that ends with it.
      func runs(_ unshare: [String] = []) throws {
        let daemon = try Started(unshare + vpngw.arguments(["run", path]))
        let ask = ["nsenter", "-n", "-t", "\(daemon.process)", "ip", "rule", "show"]
        #expect(try eventually { try run(ask).output.contains("5:") })
        _ = end(daemon)
      }
      try runs(["unshare", "-n"])
      #expect(try files().count == 3)
      try runs()
      let left = try files()
      #expect(left.count == 3 && left.contains { $0.hasPrefix("sysctls-") }, "\(left)")
      // This namespace still exists.
      let other = try Started(["unshare", "-n"] + vpngw.arguments(["run", path]))
      #expect(try eventually { try files().count == 6 })
      _ = end(other)
      #expect(try Set(files()).isSuperset(of: left))
    }
  }
}
