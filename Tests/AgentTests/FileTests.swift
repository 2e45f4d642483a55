import Glibc
import Model
import TestSupport
import Testing

@testable import Agent

/// Only regular files are read and written: no pipes, no devices, nobody else's files.
struct FileTests {
  private static func failure(_ body: () throws -> Void) -> String {
    do {
      try body()
      return ""
    } catch { return "\(error)" }
  }

  @Test func onlyRegularFilesAreRead() throws {
    try TemporaryDirectory.with { directory in
      let fifo = directory + "/fifo"
      mkfifo(fifo, 0o600)
      // Nobody writes into the pipe: reading would block for ever.
      #expect(
        Self.failure { _ = try File.read(fifo) }
          == "cannot read \(fifo): it is a FIFO, not a file (- stands for standard input)")
      #expect(Self.failure { _ = try File.read("/dev/zero") }.contains("it is a device"))
      #expect(Self.failure { _ = try File.read(directory) }.contains("it is a directory"))
    }
  }

  @Test func aFileIsBounded() throws {
    try TemporaryDirectory.with { directory in
      let path = directory + "/file"
      try writeFile(path, "0123456789")
      #expect(try File.read(path, limit: 10).count == 10)
      #expect(Self.failure { _ = try File.read(path, limit: 9) }.contains("it is larger than"))
      truncate(path, (64 << 20) + 1)
      #expect(
        Self.failure { _ = try File.read(path) } == "cannot read \(path): it is larger than 64 MB")
    }
  }

  @Test func writingFollowsNoSymbolicLink() throws {
    try TemporaryDirectory.with { directory in
      let (path, victim) = (directory + "/file", directory + "/victim")
      try writeFile(victim, "before")
      symlink(victim, path)
      #expect(Self.failure { try File.replace(path, with: [1]) }.contains("it is a symbolic link"))
      unlink(path)
      // The same for the name under which the new file is first written.
      symlink(victim, path + ".new")
      try File.replace(path, with: [1])
      #expect(try readFile(path) == [1])
      #expect(try readFile(victim) == Array("before".utf8))
      unlink(path)
      mkfifo(path, 0o600)
      #expect(Self.failure { try File.replace(path, with: [1]) }.contains("it is a FIFO"))
    }
  }

  @Test func aRunDirectoryOfOthersIsRefused() throws {
    try TemporaryDirectory.with { directory in
      let run = RunDirectory(path: directory + "/run", namespaceCookie: 1)
      try run.check()
      try run.create()
      // An empty one that is ours is closed: nobody can have put anything there.
      for mode in [0o777, 0o770, 0o755] {
        chmod(run.path, mode_t(mode))
        try run.check()
        #expect(try sh("stat -c %a \(run.path)") == (mode == 0o755 ? "755\n" : "700\n"))
      }
      try writeFile(run.path + "/file", "")
      for (mode, word) in [(0o755, ""), (0o775, "others may write"), (0o707, "others may write")] {
        chmod(run.path, mode_t(mode))
        let said = Self.failure { try run.check() }
        #expect(said.contains(word) && said.isEmpty == word.isEmpty, "\(said)")
      }
      chmod(run.path, 0o700)
      chown(run.path, 1234, 0)
      #expect(Self.failure { try run.create() }.contains("belongs to user 1234"))
      unlink(run.path + "/file")
      rmdir(run.path)
      symlink("/tmp", run.path)
      #expect(Self.failure { try run.check() }.contains("it is a symbolic link"))
    }
  }

  @Test(arguments: [
    (#"{ "net.ipv4.ip_forward": { "previous": "0", "wri"#, "is damaged"),
    (
      #"{ "kernel.core_pattern": { "previous": "|/bin/sh", "written": "core" } }"#,
      "not under \"net.\""
    ),
    (#"{ "net.ipv4.ip_forward": { "previous": 0 } }"#, "not what vpngw writes there"),
    ("[]", "is damaged"), ("", "is damaged"),
  ])
  func aDamagedMemoryIsReportedAndKeptAside(text: String, said: String) throws {
    try TemporaryDirectory.with { directory in
      let path = directory + "/sysctls.json"
      try writeFile(path, text)
      var memory = Memory<RememberedSysctls>(path: path)
      #expect(memory.damage?.contains(said) == true, "\(memory.damage ?? "nothing")")
      #expect(memory.content.isEmpty)
      try memory.change { content in
        content.remember(Sysctl.Key("net.ipv4.ip_forward")!, present: "0", written: "1")
        return true
      }
      #expect(try readFile(path + ".damaged") == Array(text.utf8))
      let read = Memory<RememberedSysctls>(path: path)
      #expect(read.damage == nil)
      #expect(read.content.entries.count == 1)
    }
  }

  @Test func aMemoryThatIsAFifoIsNotWaitedFor() throws {
    try TemporaryDirectory.with { directory in
      mkfifo(directory + "/ipvs.json", 0o600)
      let memory = Memory<RememberedIPVS>(path: directory + "/ipvs.json")
      #expect(memory.damage?.contains("it is a FIFO") == true)
      #expect(Memory<RememberedIPVS>(path: directory + "/none.json").damage == nil)
    }
  }

  /// Written by earlier versions.
  @Test func anEarlierVersionsMemoryIsRead() throws {
    try TemporaryDirectory.with { directory in
      let path = directory + "/memory.json"
      func rewritten<Content>(_ text: String, _ memory: (String) -> Memory<Content>) throws
        -> String
      {
        try writeFile(path, text)
        var memory = memory(path)
        #expect(memory.damage == nil)
        try memory.change { _ in true }
        return String(decoding: try readFile(path), as: UTF8.self)
      }
      let sysctls = """
        { "net.ipv4.ip_forward": { "previous": "0", "written": "1" } }

        """
      let rewrittenSysctls = try rewritten(sysctls) { Memory<RememberedSysctls>(path: $0) }
      #expect(rewrittenSysctls == sysctls)
      let ipvs = """
        {
          "services": ["tcp 192.0.2.1:80"],
          "destinations": { "tcp 192.0.2.1:80": ["10.0.0.1 80"] },
          "sync": ["backup"],
          "timeouts": { "tcp": { "previous": "15m", "written": "25h" } }
        }

        """
      let rewrittenIPVS = try rewritten(ipvs) { Memory<RememberedIPVS>(path: $0) }
      #expect(rewrittenIPVS == ipvs)
    }
  }

  @Test func whatCannotBeSavedIsNotRemembered() throws {
    try TemporaryDirectory.with { directory in
      var memory = Memory<RememberedSysctls>(path: directory + "/none/sysctls.json")
      #expect(throws: FileError.self) {
        try memory.change { content in
          content.remember(Sysctl.Key("net.ipv4.ip_forward")!, present: "0", written: "1")
          return true
        }
      }
      #expect(memory.content.isEmpty)
    }
  }

  @Test(arguments: ["\u{1b}[2J", "a\u{9b}b", "a\rb", "\u{202e}x", "\u{7f}", "\u{feff}", "\u{2028}"])
  func noControlCharacterReachesTheTerminal(text: String) {
    for shown in [text.visible, Console.fenced(text + "\n"), text.visible(limit: 5)] {
      #expect(shown.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f || $0 == 0x0a }, "\(shown)")
    }
    #expect(Console.fenced("ä\tb\n\nc\n") == "ä\tb\n\nc\n")
  }
}
