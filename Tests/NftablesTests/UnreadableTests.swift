import Kernel
import Model
import Netlink
import Nft
import State
import TestSupport
import Testing

/// What a newer tool made and we can't read is left alone, with what rests on it.
@Suite struct UnreadableTests {
  /// A set whose type has no name here, and a rule that is readable but for it.
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
      #expect(unreadable == ["set s", "chain c, rule 1"])
      #expect(shown.chains[0].rules.count == 1)
      // It loads elsewhere, and changes nothing here.
      let wanted = try Oracle.compile([shown])[0]
      #expect(TableDiff(family: .ip, table: "t", from: observed, to: wanted).isEmpty)
      // What goes as a whole would take it along.
      let removal = TableDiff(family: .ip, table: "t", from: observed, to: nil)
      #expect(removal.isEmpty && removal.obstacles.contains("set s"))
    }
  }
}
