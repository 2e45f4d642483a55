import Glibc
import Kernel
import Model
import Nftables
import TestSupport
import Testing

/// What others wrote can't control the terminal, and can't add lines of its own.
@Suite struct HostileTextTests {
  /// Clears the screen, in both spellings, and turns the direction of writing.
  private static let hostile = "\u{1b}[2J\u{9b}2J\u{202e}"

  private func isHarmless(_ finished: Finished) -> Bool {
    (finished.output + finished.error).unicodeScalars.allSatisfy {
      $0 == "\n" || $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) && $0.value != 0x202e
    }
  }

  @Test func commentsOfOthersRules() throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file(
        "state.json",
        """
        { "version": 1, "nftables": [ { "table": { "family": "inet", "name": "t" } },
          { "chain": { "family": "inet", "table": "t", "name": "c" } } ] }
        """)
      #expect(try vpngw("apply", path).status == 0)
      let comment = "\(Self.hostile)\n+ rule 1: from all lookup 666"
      let rule = #"add rule inet t c counter comment "\#(comment)""#
      try sh("nft -f -", input: rule)
      for words in [["plan", path], ["show"], ["show", "--all"], ["plan", "--json", path]] {
        let finished = try run(vpngw.arguments(words))
        #expect(isHarmless(finished), "\(words)")
        #expect(!finished.lines.contains { $0.hasPrefix("+ rule") })
      }
      #expect(try vpngw("plan", path).output.contains(#"\u{1b}[2J\u{9b}2J\u{202e}\n+ rule 1"#))
      #expect(try isHarmless(vpngw("apply", path)))
    }
  }

  /// Rules that no syntax expresses are shown as bytecode, with text that anybody may have written.
  @Test func bytecodeOfOthersRules() throws {
    typealias Bytecode = Nftables.Bytecode
    try Vpngw.inNamespace { vpngw in
      let words = "\(Self.hostile)\n+ rule 1"
      let register = Bytecode.Register(0)
      let rule = Bytecode.RuleProgram(
        instructions: [
          .immediate(register, [1, 2, 3, 4]), .cmp(register, .equal, [1, 2, 3, 4]),
          .log(Bytecode.Log(prefix: words, flags: 0)),
        ], userData: Bytecode.UserData.item(0, Array("\(words)\0".utf8)))
      try NftablesKernel().create([
        Bytecode.TableProgram(
          family: .inet, name: "t", flags: 0, userData: [], sets: [], objects: [],
          chains: [Bytecode.ChainProgram(name: "c", userData: [], rules: [rule])])
      ])
      let state = """
        { "version": 1, "nftables": [
          { "table": { "family": "inet", "name": "t", "adopt": true COMMENT } },
          { "chain": { "family": "inet", "table": "t", "name": "c" } } ] }
        """
      let path = try vpngw.file("state.json", state.replacing("COMMENT", with: ""))
      // This would replace the table, and so the rule.
      let other = try vpngw.file(
        "other.json", state.replacing("COMMENT", with: #", "comment": "mine""#))
      let shown = #"\u{1b}[2J\u{9b}2J\u{202e}\n+ rule 1"#
      let text =
        "chain c, rule 1: [ immediate reg 1 0x04030201 ] [ cmp eq reg 1 0x04030201 ] "
        + "[ log prefix \(shown) ] comment \"\(shown)\""
      let planned = try vpngw("plan", path)
      #expect(planned.status == 0)
      #expect(planned.output == "No changes. The kernel matches the state file.\n")
      #expect(planned.error == "vpngw: can't read nftables inet t: \(text); left alone\n")
      let refused = try vpngw("plan", other)
      #expect(refused.status == 1)
      #expect(refused.output.contains("and so doesn't remove (\(text)): remove it by nft"))
      let all = try vpngw("show", "--all")
      #expect(
        all.error
          == "vpngw: can't read nftables inet t: \(text); left out here, and left alone\n")
      #expect(all.output.contains(#""inet t: chain c, rule 1: [ immediate reg 1 0x04030201 ]"#))
      let json = try vpngw("plan", "--json", path)
      #expect(json.output.contains(#""part": "chain c, rule 1: [ immediate reg 1"#))
      #expect(try vpngw("plan", "--json", other).output.contains("[ immediate reg 1 0x04030201 ]"))
      for words in [
        ["plan", path], ["plan", other], ["show", "--all"], ["plan", "--json", path],
        ["plan", "--json", other], ["apply", path],
      ] {
        let finished = try run(vpngw.arguments(words))
        #expect(isHarmless(finished), "\(words)")
        #expect(!finished.lines.contains { $0.hasPrefix("+ rule") })
      }
      #expect(try sh("nft list chain inet t c").contains("log prefix"))
    }
  }

  @Test func reasonsOfProbes() throws {
    try Vpngw.inNamespace { vpngw in
      // Answers with a hostile header and body.
      let server = try Started([
        "/usr/bin/python3", "-c",
        """
        import socket
        held = socket.create_server(("127.0.0.1", 80))
        while True:
            client, _ = held.accept()
            client.recv(4096)
            text = b"\\x1b[2J\\xc2\\x9b\\xe2\\x80\\xae\\nvpngw: all is well " + b"x" * 3000
            client.sendall(b"HTTP/1.1 " + text + b"\\r\\n\\r\\n" + text)
            client.close()
        """,
      ])
      defer {
        server.kill(SIGKILL)
        _ = server.wait()
      }
      #expect(try eventually { try sh("ss -Hltn sport = :80").contains("LISTEN") })
      let path = try vpngw.file(
        "state.json",
        """
        { "version": 1,
          "probes": {
            "h": { "type": "http", "address": "127.0.0.1", "interval": "100ms", "fall": 1 },
            "t": { "type": "tcp", "address": "127.0.0.1", "port": 80, "send": "x\\r\\n",
              "expect": "220", "interval": "100ms", "fall": 1 } } }
        """)
      let planned = try vpngw("plan", "--probe", path)
      #expect(isHarmless(planned))
      #expect(planned.error.contains("probe.h is down: "), "\(planned.error)")
      #expect(planned.error.contains("probe.t is down: "), "\(planned.error)")
      #expect(
        planned.error.split(separator: "\n").allSatisfy { $0.count < 250 }, "\(planned.error)")
      #expect(!planned.error.contains("\nvpngw: all is well"))
      let daemon = try vpngw.start("run", path)
      #expect(
        try eventually { try vpngw("status").output.matches(of: #/probe\.[ht]  down/#).count == 2 })
      for words in [["status"], ["status", "--json"]] {
        let finished = try run(vpngw.arguments(words))
        #expect(isHarmless(finished), "\(words)")
        #expect(!finished.output.contains(String(repeating: "x", count: 200)))
      }
      daemon.kill(SIGTERM)
      let log = daemon.wait()
      #expect(isHarmless(log))
      let lines = log.error.split(separator: "\n").filter { $0.contains("event=signal") }
      #expect(lines.count == 2 && lines.allSatisfy { $0.count < 330 }, "\(log.error)")
    }
  }

  @Test func whatValidateQuotesOfTheFile() throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file(
        "state.json",
        #"{ "version": 1, "a\u001b[2J\u009b\n\u202e": 1, "links": [ { "name": "\u001b[2J\n\u202e" } ] }"#
      )
      let finished = try vpngw("validate", path)
      #expect(finished.status == 1)
      #expect(isHarmless(finished))
      #expect(
        finished.error.split(separator: "\n").allSatisfy { $0.hasPrefix(path) }, "\(finished.error)"
      )
      #expect(try isHarmless(vpngw("validate", "--json", path)))
    }
  }
}
