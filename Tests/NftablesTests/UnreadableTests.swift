import Kernel
import Model
import Netlink
import Nftables
import State
import TestSupport
import Testing

/// What a newer tool made and we can't read is left alone, with whatever depends on it.
@Suite struct UnreadableTests {
  /// A set whose type has no name here, and a rule that would be readable without it.
  @Test func setThatCannotBeReadStaysWithTheRulesThatLookItUp() throws {
    try Namespace.make().run {
      try sh(
        "nft -f -",
        input: """
          table ip t {
            set s { type ipv4_addr; elements = { 10.0.0.1 }; }
            chain c { ip saddr @s drop; tcp dport 22 accept; }
          }
          """)
      let kernel = try NftablesKernel()
      var observed = try kernel.observe().tables[0]
      observed.sets[0].keyType = 63
      func read(_ table: TableProgram) -> (table: Nftables.Table, unreadable: [String]) {
        TableDecompiler(table, link: { _ in nil }, linkName: { _ in nil }).table(table)
      }
      let (shown, unreadable) = read(observed)
      let text =
        "[ payload load 4b @ network header + 12 => reg 1 ] [ lookup reg 1 set s ] "
        + "[ immediate reg 0 drop ]"
      #expect(unreadable == ["set s", "chain c, rule 1: \(text)"])
      #expect(shown.chains[0].rules.count == 1)
      // It loads elsewhere, and changes nothing here.
      let wanted = try Oracle.compile([shown])[0]
      #expect(TableDiff(family: .ip, table: "t", from: observed, to: wanted).isEmpty)
      // Deleting the whole table would delete it too.
      let removal = TableDiff(family: .ip, table: "t", from: observed, to: nil)
      #expect(removal.isEmpty && removal.obstacles.contains("set s"))
    }
  }

  // MARK: - As bytecode

  /// Instructions that only other programs use: `iptables -m statistic`, a comparison of constants,
  /// an expression whose text would control the terminal.
  private static let strange: [Instruction] = [
    .immediate(Register(0), [1, 2, 3, 4]), .cmp(Register(0), .notEqual, [1, 2, 3, 5]),
    .opaque("match", statistic),
    .log(Log(prefix: "\u{1b}[2J", flags: 0)), .counter(packets: 7, bytes: 300),
    .verdict(.drop),
  ]

  /// `NFTA_MATCH_NAME`, `_REV`, `_INFO` (`struct xt_statistic_info`: every second packet at random).
  private static let statistic: [UInt8] =
    [14, 0, 1, 0] + Array("statistic\0".utf8) + [0, 0] + [8, 0, 2, 0, 0, 0, 0, 0]
    + [28, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 64] + [UInt8](repeating: 0, count: 16)

  private static func program(_ instructions: [Instruction], comment: String) -> TableProgram {
    TableProgram(
      family: .ip, name: "t", flags: 0, userData: [], sets: [], objects: [],
      chains: [
        ChainProgram(
          name: "c", userData: [],
          rules: [
            RuleProgram(
              instructions: instructions,
              userData: UserData.item(0, Array("\(comment)\0".utf8)))
          ])
      ])
  }

  @Test func ruleWithoutASyntaxIsPrintedAsLibnftnlPrintsIt() throws {
    try Namespace.make().run {
      let kernel = try NftablesKernel()
      try kernel.create([Self.program(Self.strange, comment: "why\u{1b}")])
      let observed = try kernel.observe().tables[0]
      let decompiler = TableDecompiler(observed, numbers: LinkNumbers())
      #expect(decompiler.rule(observed.chains[0].rules[0]) == nil)
      // As nft, which prints through libnftnl, except for counts and a log's default level.
      let printed = try sh("nft --debug=netlink list ruleset").split(separator: "\n")
        .filter { $0.hasPrefix("  [ ") }.map { $0.drop { $0 == " " } }.joined(separator: " ")
        .replacing("pkts 7 bytes 300", with: "pkts 0 bytes 0").replacing(" level 4 ", with: " ")
      #expect(printed.contains("[ match name statistic rev 0 ] [ log prefix \u{1b}[2J"))
      let words = "chain c, rule 1: \(printed) comment \"why\u{1b}\""
      #expect(decompiler.table(observed).unreadable == [words])
      // It is named if it prevents the deletion, and if it is left alone.
      let removal = TableDiff(family: .ip, table: "t", from: observed, to: nil)
      #expect(removal.isEmpty && removal.obstacles == [words])
      var wanted = observed
      wanted.chains[0].rules = []
      let diff = TableDiff(family: .ip, table: "t", from: observed, to: wanted)
      #expect(diff.isEmpty && diff.leftAlone == [words])
    }
  }

  @Test func whatLibnftnlDoesNotKnowIsNamed() throws {
    let bytes = [UInt8](repeating: 0x41, count: 100)
    let set = SetProgram(
      name: "", keyType: 7, keyLength: 4, flags: SetFlag.anonymous | SetFlag.constant, policy: 0,
      fields: [], userData: [], statements: [], elements: [ElementProgram(key: [10, 0, 0, 1])])
    var table = Self.program(
      [
        .opaque("inner", bytes), .opaque("", []),
        .lookup(.anonymous(set), Register(4), to: nil, isInverted: true), .notrack,
        .immediate(Register(0), [UInt8](repeating: 1, count: 65)), .cmp(Register(1), .less, [1]),
      ], comment: "")
    table.printer = try Namespace.make().run {
      try sh("nft add table t")
      return try NftablesKernel().observe().tables[0].printer
    }
    let decompiler = TableDecompiler(table, numbers: LinkNumbers())
    #expect(
      decompiler.anyText(table.chains[0].rules[0]) == """
        [ inner: not known to libnftnl ] [ : not known to libnftnl ] \
        [ lookup reg 2 set { 1 element } 0x1 ] [ notrack ] [ immediate: not known to libnftnl ] \
        [ cmp lt reg 9 0x00000001 ] comment ""
        """)
  }
}
