import Kernel
import Model
import Netlink
import Nftables
import TestSupport
import Testing

/// A change of a table, in nft's language.
struct DiffCase: CustomTestStringConvertible, Sendable {
  let name: String
  let before: String
  let after: String
  /// How many rules, elements and so on may be touched.
  let changes: Int

  var testDescription: String { name }

  static func table(_ text: String) -> String { "table inet t {\n\(text)\n}" }

  init(_ name: String, _ before: String, _ after: String, changes: Int) {
    self.name = name
    self.before = Self.table(before)
    self.after = Self.table(after)
    self.changes = changes
  }

  static func rules(_ rules: String...) -> String {
    "chain c {\n type filter hook input priority 0;\n"
      + rules.map { "counter \($0)\n" }.joined() + "}"
  }

  static let all: [DiffCase] = [
    DiffCase("nothing", rules("accept"), rules("accept"), changes: 0),
    DiffCase(
      "a rule in the middle", rules("tcp dport 1", "tcp dport 3"),
      rules("tcp dport 1", "tcp dport 2", "tcp dport 3"), changes: 1),
    DiffCase(
      "a rule before all", rules("tcp dport 1", "tcp dport 3"),
      rules("tcp dport 0", "tcp dport 1", "tcp dport 3"), changes: 1),
    DiffCase(
      "a rule behind all", rules("tcp dport 1", "tcp dport 3"),
      rules("tcp dport 1", "tcp dport 3", "tcp dport 4"), changes: 1),
    DiffCase(
      "several rules in each gap", rules("tcp dport 1", "tcp dport 5", "tcp dport 9"),
      rules(
        "tcp dport 0", "tcp dport 1", "tcp dport 2", "tcp dport 3", "tcp dport 5",
        "tcp dport 6", "tcp dport 7", "tcp dport 9", "tcp dport 10", "tcp dport 11"), changes: 7),
    DiffCase("rules into an empty chain", rules(), rules("tcp dport 1", "tcp dport 2"), changes: 2),
    DiffCase(
      "a rule less", rules("tcp dport 1", "tcp dport 2", "tcp dport 3"),
      rules("tcp dport 1", "tcp dport 3"), changes: 1),
    DiffCase(
      "a rule moved", rules("tcp dport 1", "tcp dport 2", "tcp dport 3"),
      rules("tcp dport 3", "tcp dport 1", "tcp dport 2"), changes: 2),
    DiffCase(
      "a rule changed", rules("tcp dport 1", "tcp dport 2", "tcp dport 3"),
      rules("tcp dport 1", "tcp dport 9", "tcp dport 3"), changes: 2),
    DiffCase(
      "the same rule twice", rules("tcp dport 1", "tcp dport 1"),
      rules("tcp dport 1", "tcp dport 1", "tcp dport 1"), changes: 1),
    DiffCase(
      "an anonymous set", rules("tcp dport { 1, 2 }", "accept"),
      rules("tcp dport { 1, 3 }", "accept"), changes: 2),
    DiffCase(
      "a rule beside a meter", rules("meter m { ip saddr limit rate 1/second }", "accept"),
      rules("meter m { ip saddr limit rate 1/second }", "drop"), changes: 2),
    DiffCase(
      "a meter", rules("meter m size 10 { ip saddr timeout 1m counter }", "accept"),
      rules("meter m size 20 { ip saddr timeout 1m counter }", "accept"), changes: 2),
    DiffCase("a comment", rules("accept comment \"a\""), rules("accept comment \"b\""), changes: 2),
    DiffCase(
      "a policy", "chain c { type filter hook input priority 0; policy accept; }",
      "chain c { type filter hook input priority 0; policy drop; }", changes: 1),
    DiffCase(
      "a hook", "chain c { type filter hook input priority 0; accept; }",
      "chain c { type filter hook forward priority 5; accept; }", changes: 4),
    DiffCase(
      "a chain and a jump to it", rules("accept"), "chain x { }\n" + rules("accept", "jump x"),
      changes: 2),
    DiffCase(
      "a chain less, that was jumped to", "chain x { accept; }\n" + rules("accept", "jump x"),
      rules("accept"), changes: 3),
    DiffCase(
      "an element more", "set s { type ipv4_addr; elements = { 10.0.0.1 } }",
      "set s { type ipv4_addr; elements = { 10.0.0.1, 10.0.0.2 } }", changes: 1),
    DiffCase(
      "an element less", "set s { type ipv4_addr; elements = { 10.0.0.1, 10.0.0.2 } }",
      "set s { type ipv4_addr; elements = { 10.0.0.2 } }", changes: 1),
    DiffCase(
      "a value", "map m { type ipv4_addr : mark; elements = { 10.0.0.1 : 1, 10.0.0.2 : 2 } }",
      "map m { type ipv4_addr : mark; elements = { 10.0.0.1 : 1, 10.0.0.2 : 3 } }", changes: 2),
    DiffCase(
      "an interval more", "set s { type ipv4_addr; flags interval; elements = { 10.0.0.0/8 } }",
      "set s { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 12.0.0.0/8 } }", changes: 2),
    DiffCase(
      "an interval grows",
      "set s { type ipv4_addr; flags interval; elements = { 10.0.0.0/9, 20.0.0.0/8 } }",
      "set s { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 20.0.0.0/8 } }", changes: 4),
    DiffCase(
      "an interval beside another",
      "set s { type inet_service; flags interval; elements = { 1-5, 10-20 } }",
      "set s { type inet_service; flags interval; elements = { 1-5, 6-7, 10-20 } }", changes: 2),
    DiffCase(
      "an interval from nought",
      "set s { type inet_service; flags interval; elements = { 1-5, 10-20 } }",
      "set s { type inet_service; flags interval; elements = { 0-5, 30-65535 } }", changes: 8),
    DiffCase(
      "an interval's verdict",
      "map m { type inet_service : verdict; flags interval; elements = { 1-5 : accept, 10-20 : drop } }",
      "map m { type inet_service : verdict; flags interval; elements = { 1-5 : accept, 10-20 : accept } }",
      changes: 4),
    DiffCase(
      "a concatenated interval",
      "set s { type ipv4_addr . inet_service; flags interval; elements = { 10.0.0.0/8 . 1-5 } }",
      "set s { type ipv4_addr . inet_service; flags interval; elements = { 10.0.0.0/8 . 1-5, 11.0.0.0/8 . 7 } }",
      changes: 1),
    DiffCase(
      "a set's type, which a rule uses",
      "set s { type ipv4_addr; }\n" + rules("ip saddr @s", "accept"),
      "set s { type ipv4_addr; flags interval; }\n" + rules("ip saddr @s", "accept"), changes: 4),
    DiffCase(
      "a set and its rule less", "set s { type ipv4_addr; }\n" + rules("ip saddr @s", "accept"),
      rules("accept"), changes: 2),
    DiffCase(
      "a quota, which a rule uses", "quota q { over 100 bytes }\n" + rules("quota name \"q\" drop"),
      "quota q { over 200 bytes }\n" + rules("quota name \"q\" drop"), changes: 4),
    DiffCase("a counter more", rules("accept"), "counter n { }\n" + rules("accept"), changes: 1),
    DiffCase(
      "a verdict map to a chain that goes",
      "map m { type inet_service : verdict; elements = { 1 : accept, 2 : jump x } }\nchain x { }",
      "map m { type inet_service : verdict; elements = { 1 : accept } }", changes: 2),
  ]

  private static func flowtable(
    _ name: String, _ devices: String, priority: Int = 0, more: String = ""
  ) -> String {
    "flowtable \(name) { hook ingress priority \(priority); devices = { \(devices) }; \(more) }\n"
  }

  private static func flows(_ rules: String...) -> String {
    "chain c {\n type filter hook forward priority 0;\n"
      + rules.map { "\($0)\n" }.joined() + "}"
  }

  static let flowtables: [DiffCase] = [
    DiffCase(
      "a device more", flowtable("f", "d0") + flows("flow add @f"),
      flowtable("f", "d0, d1") + flows("flow add @f"), changes: 1),
    DiffCase(
      "a device less", flowtable("f", "d0, d1") + flows("flow add @f"),
      flowtable("f", "d1") + flows("flow add @f"), changes: 1),
    DiffCase(
      "another device", flowtable("f", "d0") + flows("flow add @f"),
      flowtable("f", "d1") + flows("flow add @f"), changes: 2),
    DiffCase(
      "a device that moves", flowtable("f", "d0, d1") + flowtable("g", "lo"),
      flowtable("f", "d0") + flowtable("g", "lo, d1"), changes: 2),
    DiffCase(
      "another priority, which takes another flowtable and its rules",
      flowtable("f", "d0") + flowtable("g", "d1") + flows("flow add @f", "flow add @g", "accept"),
      flowtable("f", "d0", priority: 5) + flowtable("g", "d1")
        + flows("flow add @f", "flow add @g", "accept"), changes: 4),
    DiffCase(
      "a flowtable and its rule more", flows("accept"),
      flowtable("f", "d0") + flows("flow add @f", "accept"), changes: 2),
    DiffCase(
      "a flowtable and its rule less", flowtable("f", "d0") + flows("flow add @f", "accept"),
      flows("accept"), changes: 2),
    DiffCase(
      "devices that change hands", flowtable("f", "d0") + flows("flow add @f"),
      flowtable("g", "d0") + flows("flow add @g"), changes: 4),
  ]
}

@Suite struct DiffTests {
  @Test(arguments: DiffCase.all)
  func changeLandsAndTouchesOnlyWhatDiffers(_ example: DiffCase) throws {
    let other = try namespaceWithLinks()
    let (printed, text) = try other.run {
      try sh("nft -f -", input: example.after)
      return (try sh("nft -j list ruleset"), try sh("nft list ruleset"))
    }
    let wanted = try Oracle.compile(try Oracle.read(printed))
    let namespace = try namespaceWithLinks()
    try namespace.run {
      try sh("nft -f -", input: example.before)
      let kernel = try NftablesKernel()
      let (observed, generation) = try kernel.observe()
      let diff = TableDiff(family: .inet, table: "t", from: observed[0], to: wanted[0])
      #expect(diff.changeCount == example.changes)
      try kernel.apply([diff], generation: generation)
      #expect(lines(try sh("nft list ruleset")) == lines(text))
      let after = try kernel.observe().tables
      #expect(TableDiff(family: .inet, table: "t", from: after[0], to: wanted[0]).isEmpty)
      #expect(after[0].normalized == wanted[0].normalized)
    }
  }

  /// Run by `Tests/run vm`.
  @Test(.enabled(if: isDebian, "needs Debian's kernel"), arguments: DiffCase.flowtables)
  func changeOfFlowtablesLands(_ example: DiffCase) throws {
    try changeLandsAndTouchesOnlyWhatDiffers(example)
  }

  private func namespaceWithLinks() throws -> Namespace {
    let namespace = try Namespace.make()
    guard isDebian else { return namespace }
    try namespace.run {
      for name in ["d0", "d1"] { try sh("ip link add \(name) type dummy") }
    }
    return namespace
  }

  /// In the order of the kernel, which lists sets and chains as they were made.
  private func lines(_ text: String) -> [Substring] { text.split(separator: "\n").sorted() }

  @Test func countersOfOtherRulesSurvive() throws {
    try Namespace.make().run {
      try sh("nft -f -", input: "table inet t { chain c { counter packets 5 bytes 7 accept; }; }")
      let wanted = try Oracle.compile(
        try Oracle.read(
          #"""
          [{"table": {"family": "inet", "name": "t"}}, {"chain": {"family": "inet", "table": "t", "name": "c"}},
           {"rule": {"family": "inet", "table": "t", "chain": "c", "expr": [{"drop": null}]}},
           {"rule": {"family": "inet", "table": "t", "chain": "c", "expr": [{"counter": null}, {"accept": null}]}}]
          """#))
      let kernel = try NftablesKernel()
      let diff = TableDiff(
        family: .inet, table: "t", from: try kernel.observe().tables[0], to: wanted[0])
      #expect(diff.changeCount == 1)
      try kernel.apply([diff])
      #expect(try sh("nft list ruleset").contains("drop\n\t\tcounter packets 5 bytes 7 accept"))
    }
  }

  /// The kernel omits some elements while a set's hash table grows after a load.
  @Test func everyElementOfABigSetIsReadAtOnce() throws {
    try Namespace.make().run {
      let elements = (0..<100_000).map(String.init).joined(separator: ", ")
      let wanted = try Oracle.read(
        #"""
        [{"table": {"family": "inet", "name": "t"}},
         {"set": {"family": "inet", "table": "t", "name": "s", "type": "mark", "elem": [\#(elements)]}}]
        """#)
      let program = try Oracle.compile(wanted)[0]
      var change = Change(.create, NftablesTable(program))
      change.table = TableChange(
        TableDiff(family: .inet, table: "t", from: nil, to: program), generation: nil,
        numbers: LinkNumbers())
      #expect(try Kernel().apply([change]).isEmpty)
      #expect(try NftablesKernel().observe().tables[0].sets[0].elements.count == 100_000)
    }
  }

  @Test func staleGenerationIsRefused() throws {
    try Namespace.make().run {
      let kernel = try NftablesKernel()
      let generation = try kernel.generation()
      try sh("nft add table inet other")
      let wanted = try Oracle.compile(
        try Oracle.read(#"[{"table": {"family": "inet", "name": "t"}}]"#))
      let diff = TableDiff(family: .inet, table: "t", from: nil, to: wanted[0])
      let error = #expect(throws: NetlinkError.self) {
        try kernel.apply([diff], generation: generation)
      }
      #expect(error?.code == ErrorCode.restart)
      #expect(!(try sh("nft list ruleset").contains("table inet t ")))
      try kernel.apply([diff], generation: try kernel.generation())
      try kernel.apply([TableDiff(family: .inet, table: "t", from: wanted[0], to: nil)])
      #expect(try sh("nft list ruleset") == "table inet other {\n}\n")
    }
  }
}
