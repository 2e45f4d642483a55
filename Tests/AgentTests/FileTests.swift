import Glibc
import Model
import TestSupport
import Testing

@testable import Agent

/// What is read and written is what it should be: no pipe, no device, nobody else's.
struct FileTests {
  private static func failure(_ body: () throws -> Void) -> String {
    do {
      try body()
      return ""
    } catch { return "\(error)" }
  }

  @Test func onlyFilesAreRead() throws {
    try TemporaryDirectory.with { directory in
      let fifo = directory + "/fifo"
      mkfifo(fifo, 0o600)
      // Nobody writes into it: to wait would be for ever.
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

  @Test func noLinkIsFollowedOnWriting() throws {
    try TemporaryDirectory.with { directory in
      let (path, victim) = (directory + "/file", directory + "/victim")
      try writeFile(victim, "before")
      symlink(victim, path)
      #expect(Self.failure { try File.replace(path, with: [1]) }.contains("it is a symbolic link"))
      unlink(path)
      // Nor at the name under which the new file is written first.
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
      for (mode, word) in [(0o755, ""), (0o775, "others may write"), (0o707, "others may write")] {
        chmod(run.path, mode_t(mode))
        let said = Self.failure { try run.check() }
        #expect(said.contains(word) && said.isEmpty == word.isEmpty, "\(said)")
      }
      chmod(run.path, 0o700)
      chown(run.path, 1234, 0)
      #expect(Self.failure { try run.create() }.contains("belongs to user 1234"))
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
  func aDamagedMemoryIsSaidAndKeptAside(text: String, said: String) throws {
    try TemporaryDirectory.with { directory in
      let path = directory + "/sysctls.json"
      try writeFile(path, text)
      var memory = SysctlMemory(path: path)
      #expect(memory.damage?.contains(said) == true, "\(memory.damage ?? "nothing")")
      #expect(memory.entries.isEmpty)
      memory.remember(Sysctl.Key("net.ipv4.ip_forward")!, present: "0", written: "1")
      try memory.save()
      #expect(try readFile(path + ".damaged") == Array(text.utf8))
      #expect(SysctlMemory(path: path).damage == nil)
      #expect(SysctlMemory(path: path).entries.count == 1)
    }
  }

  @Test func aMemoryThatIsAFifoIsNotWaitedFor() throws {
    try TemporaryDirectory.with { directory in
      mkfifo(directory + "/ipvs.json", 0o600)
      #expect(IPVSMemory(path: directory + "/ipvs.json").damage?.contains("it is a FIFO") == true)
      #expect(IPVSMemory(path: directory + "/none.json").damage == nil)
    }
  }

  @Test(arguments: ["\u{1b}[2J", "a\u{9b}b", "a\rb", "\u{202e}x", "\u{7f}", "\u{feff}", "\u{2028}"])
  func nothingSpeaksToTheTerminal(text: String) {
    for shown in [text.visible, Console.fenced(text + "\n"), text.visible(limit: 5)] {
      #expect(shown.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f || $0 == 0x0a }, "\(shown)")
    }
    #expect(Console.fenced("ä\tb\n\nc\n") == "ä\tb\n\nc\n")
  }
}
