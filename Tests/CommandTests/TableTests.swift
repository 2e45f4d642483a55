import Glibc
import Kernel
import Model
import Nftables
import TestSupport
import Testing

/// Tables, by the program as people use it: killed, undone, beside others'.
@Suite struct TableTests {
  private static let count = 100_000

  /// A map of 100,000 elements, rules that look it up, and hooks.
  private static let big: String = {
    let elements = (0..<count).map {
      #"["10.\#($0 >> 16).\#($0 >> 8 & 255).\#($0 & 255)", \#($0 % 8 + 1)]"#
    }
    let place = #""family": "inet", "table": "big""#
    let look =
      #"{ "mangle": { "key": { "meta": { "key": "mark" } }, "value": { "map": { "key": { "payload": { "protocol": "ip", "field": "saddr" } }, "data": "@marks" } } } }"#
    return """
      { "version": 1, "nftables": [ { "table": { "family": "inet", "name": "big" } },
        { "chain": { \(place), "name": "marking" } },
        { "chain": { \(place), "name": "pre", "type": "filter", "hook": "prerouting", "prio": 0 } },
        { "chain": { \(place), "name": "out", "type": "route", "hook": "output", "prio": 0 } },
        { "map": { \(place), "name": "marks", "type": "ipv4_addr", "map": "mark", "elem": [
          \(elements.joined(separator: ",\n")) ] } },
        { "rule": { \(place), "chain": "marking", "expr": [ \(look) ] } },
        { "rule": { \(place), "chain": "pre", "expr": [ { "jump": { "target": "marking" } } ] } },
        { "rule": { \(place), "chain": "out", "expr": [ { "jump": { "target": "marking" } } ] } } ] }
      """
  }()

  /// `kill -9` after the first, a middle and the last but one of the transactions that make a big
  /// table.
  @Test(arguments: [1, 3, 5] as [UInt32])
  func aBigTableIsNeverAttachedHalfMade(_ transactions: UInt32) throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file("big.json", Self.big)
      let kernel = try NftablesKernel()
      let start = try kernel.generation()
      let apply = try vpngw.start("apply", path)
      while try kernel.generation() < start + transactions, kill(apply.process, 0) == 0 {
        usleep(500)
      }
      apply.kill(SIGKILL)
      #expect(apply.wait().status == 128 + SIGKILL)
      #expect(try kernel.generation() < start + 7)
      try expectWholeOrUnhooked(kernel)
      let finished = try vpngw("apply", path)
      #expect(finished.error == "")
      #expect(finished.status == 0)
      #expect(try elements(kernel) == Self.count)
      #expect(try hooks() == 2)
    }
  }

  private func elements(_ kernel: NftablesKernel) throws -> Int {
    try kernel.observe().tables.flatMap(\.sets).reduce(0) { $0 + $1.elements.count }
  }

  private func hooks() throws -> Int {
    try sh("nft -t list ruleset").split(separator: "\n").count { $0.contains(" hook ") }
  }

  private func expectWholeOrUnhooked(_ kernel: NftablesKernel) throws {
    guard try hooks() > 0 else { return }
    #expect(try elements(kernel) == Self.count)
    let rules = try sh("nft -t list ruleset")
    #expect(rules.contains("meta mark set ip saddr map @marks"))
    #expect(rules.split(separator: "\n").count { $0.contains("jump marking") } == 2)
  }

  // MARK: - In order

  /// Of tables that translate at one hook with one priority, the kernel asks the last one made
  /// first: a file, and what `show` prints of it, are made in the order in which they are written.
  @Test func tablesAreMadeInTheOrderOfTheFile() throws {
    func table(_ name: String, _ rule: String) -> String {
      let place = #""family": "ip", "table": "\#(name)""#
      return """
        { "table": { "family": "ip", "name": "\(name)" } },
        { "chain": { \(place), "name": "out", "type": "nat", "hook": "output", "prio": -100 } },
        { "rule": { \(place), "chain": "out", "expr": [ \(rule) { "accept": null } ] } }
        """
    }
    // The first names a link, which exists or is yet to be made.
    for link in ["lo", "v0"] {
      let first =
        #"{ "match": { "op": "==", "left": { "meta": { "key": "oif" } }, "right": "\#(link)" } },"#
      let state = """
        { "version": 1, "links": [ { "name": "v0", "type": "veth", "peer": "v1" } ],
          "nftables": [ \(table("c", first)), \(table("a", "")), \(table("b", "")) ] }
        """
      try Vpngw.inNamespace { vpngw in
        #expect(try vpngw("apply", try vpngw.file("state.json", state)).status == 0)
        func order() throws -> [Substring] {
          try sh("nft list tables").split(separator: "\n").map { $0.suffix(1) }
        }
        #expect(try order() == ["c", "a", "b"])
        let shown = try vpngw("show").output
        #expect(try vpngw("plan", try vpngw.file("shown.json", shown)).status == 0)
        try sh("nft flush ruleset")
        #expect(try vpngw("apply", try vpngw.file("shown.json", shown)).status == 0)
        #expect(try order() == ["c", "a", "b"])
      }
    }
  }

  // MARK: - Undone

  private static let before = """
    { "version": 1, "nftables": [ { "table": { "family": "inet", "name": "changed" } },
      { "chain": { "family": "inet", "table": "changed", "name": "in", "type": "filter", "hook": "input", "prio": 0,
        "policy": "drop" } },
      { "chain": { "family": "inet", "table": "changed", "name": "more" } },
      { "set": { "family": "inet", "table": "changed", "name": "s", "type": "ipv4_addr", "flags": ["interval"],
        "elem": [ { "prefix": { "addr": "10.0.0.0", "len": 8 } }, "192.0.2.1" ] } },
      { "rule": { "family": "inet", "table": "changed", "chain": "in", "expr": [ { "accept": null } ], "comment": "all" } },
      { "rule": { "family": "inet", "table": "changed", "chain": "in", "expr": [ { "jump": { "target": "more" } } ] } },
      { "rule": { "family": "inet", "table": "changed", "chain": "more", "expr": [ { "match": { "op": "==",
        "left": { "payload": { "protocol": "ip", "field": "saddr" } }, "right": "@s" } }, { "drop": null } ] } },
      { "table": { "family": "ip", "name": "deleted" } },
      { "quota": { "family": "ip", "table": "deleted", "name": "q", "bytes": 1000, "used": 0, "inv": true } },
      { "chain": { "family": "ip", "table": "deleted", "name": "out", "type": "route", "hook": "output", "prio": -150 } },
      { "rule": { "family": "ip", "table": "deleted", "chain": "out", "expr": [ { "quota": "q" },
        { "mangle": { "key": { "meta": { "key": "mark" } }, "value": 5 } } ] } } ] }
    """
  private static let after = """
    { "version": 1, "nftables": [ { "table": { "family": "inet", "name": "changed" } },
      { "chain": { "family": "inet", "table": "changed", "name": "in", "type": "filter", "hook": "input", "prio": 0,
        "policy": "accept" } },
      { "chain": { "family": "inet", "table": "changed", "name": "more" } },
      { "set": { "family": "inet", "table": "changed", "name": "s", "type": "ipv4_addr", "flags": ["interval"],
        "elem": [ { "prefix": { "addr": "10.0.0.0", "len": 9 } }, "192.0.2.7" ] } },
      { "rule": { "family": "inet", "table": "changed", "chain": "in", "expr": [ { "jump": { "target": "more" } } ] } },
      { "rule": { "family": "inet", "table": "changed", "chain": "in", "expr": [ { "drop": null } ] } },
      { "table": { "family": "netdev", "name": "created" } },
      { "chain": { "family": "netdev", "table": "created", "name": "c", "type": "filter", "hook": "ingress", "dev": "lo",
        "prio": 0 } } ] }
    """

  @Test func unconfirmedTablesAreUndone() throws {
    try Vpngw.inNamespace { vpngw in
      try sh("nft -f -", input: "table inet theirs { chain c { counter packets 5 bytes 7; }; }")
      let before = try vpngw.file("before.json", Self.before)
      #expect(try vpngw("apply", before).error == "")
      let was = try sh("nft list ruleset")
      let after = try vpngw.file("after.json", Self.after)
      let apply = try vpngw.start("apply", "--confirm", "3s", after)
      #expect(try eventually { try sh("nft list ruleset").contains("table netdev created") })
      #expect(try vpngw("plan", after).status == 0)
      #expect(apply.wait().error.hasSuffix("Not confirmed within 3s: undone.\n"))
      #expect(try sh("nft list ruleset") == was)
      #expect(try vpngw("plan", before).status == 0)
    }
  }

  // MARK: - Others' tables

  /// How many bytes a program received from sockets, by strace(1).
  private func received(_ words: [String], _ directory: String) throws -> Int {
    let log = directory + "/strace"
    let finished = try run(
      ["strace", "-f", "-qq", "-e", "trace=recvfrom,recvmsg", "-o", log] + words)
    #expect(finished.status == 0, "\(finished.error)")
    return String(decoding: try readFile(log), as: UTF8.self).split(separator: "\n")
      .compactMap { $0.split(separator: " = ").last.flatMap { Int($0) } }.reduce(0, +)
  }

  @Test func othersTablesAreNotRead() throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file("before.json", Self.before)
      #expect(try vpngw("apply", path).error == "")
      let words = vpngw.arguments(["plan", path])
      let alone = try received(words, vpngw.directory)
      var rules =
        "add table inet theirs\nadd chain inet theirs c { type filter hook forward priority 0; }\n"
      for number in 0..<20_000 {
        rules += "add rule inet theirs c tcp dport \(number) counter accept\n"
      }
      try sh("nft -f -", input: rules)
      let text = try sh("nft -a list table inet theirs")
      #expect(text.split(separator: "\n").count > 20_000)
      let beside = try received(words, vpngw.directory)
      // Only the table's and its chain's names are read in addition.
      #expect(alone > 1000 && beside < alone + 1000, "\(beside) bytes, without it \(alone)")
      #expect(try received(["nft", "-j", "list", "ruleset"], vpngw.directory) > 2_000_000)
      #expect(try vpngw("apply", vpngw.file("after.json", Self.after)).error == "")
      #expect(try vpngw("apply", vpngw.file("none.json", "{ \"version\": 1 }")).error == "")
      #expect(try sh("nft -a list table inet theirs") == text)
      #expect(try sh("nft list tables") == "table inet theirs\n")
    }
  }
}
