import Glibc
import JSON
import Kernel
import Model
import Nftables
import State
import Testing

@Suite struct OracleTests {
  @Test(arguments: RuleCase.all)
  func ruleCompilesAsNftDoes(_ example: RuleCase) throws {
    let oracle = try load(example)
    if oracle.theirs.debug != oracle.ours.debug {
      Issue.record("\(example): \n\(difference(oracle.theirs.debug, oracle.ours.debug))")
    } else if oracle.theirs.json != oracle.ours.json {
      Issue.record("\(example):\nnft:  \(oracle.theirs.json)\nours: \(oracle.ours.json)")
    }
    expectReadBack(oracle)
    expectReadable(oracle)
  }

  /// Run by `Tests/run vm`.
  @Test(.enabled(if: isDebian, "needs Debian's kernel"), arguments: RuleCase.file("debian"))
  func ruleCompilesAsNftDoesOnDebian(_ example: RuleCase) throws {
    try ruleCompilesAsNftDoes(example)
  }

  @Test(.enabled(if: isDebian, "needs Debian's kernel"))
  func flowtablesFlagsAreAsNftMakesThem() throws {
    let text = """
      table inet t {
        flowtable f { hook ingress priority 0; devices = { lo }; counter; }
        chain c { flow add @f; }
      }
      """
    let oracle = try Oracle(text: text) {
      $0.replacing(#""prio": 0"#, with: #""prio": 0, "flags": "counter""#)
    }
    #expect(difference(oracle.theirs.debug, oracle.ours.debug) == "")
    #expect(oracle.ours.debug.contains("\t\tcounter\n"))
    expectReadBack(oracle)
    expectReadable(oracle)
  }

  /// nft 1.0.6 can't read the JSON that it prints for these.
  @Test(arguments: RuleCase.unreadable)
  func ruleCompilesAsNftDoesFromText(_ example: RuleCase) throws {
    let oracle = try load(example) { $0 }
    #expect(difference(oracle.theirs.debug, oracle.ours.debug) == "")
    #expect(oracle.theirs.json == oracle.ours.json)
    expectReadBack(oracle)
    expectReadable(oracle)
  }

  @Test func routerCompilesAsNftDoes() throws {
    let oracle = try Oracle(text: Rulesets.routerText) { Rulesets.router(printed: $0) }
    #expect(difference(oracle.theirs.debug, oracle.ours.debug) == "")
    #expect(oracle.theirs.json == oracle.ours.json)
    expectReadBack(oracle)
    expectReadable(oracle)
  }

  private func load(
    _ example: RuleCase, correcting: ((String) -> String)? = nil
  ) throws -> Oracle {
    do {
      return try Oracle(text: example.ruleset, correcting: correcting)
    } catch let error as UnsupportedHere {
      try Test.cancel("\(error)")
    }
  }

  /// Every rule is read back, and the result compiles to the same.
  private func expectReadable(_ oracle: Oracle) {
    for table in oracle.observed {
      let decompiler = TableDecompiler(
        table, names: .read(), link: { $0 == "lo" ? 1 : nil }, linkName: { $0 == 1 ? "lo" : nil })
      let (whole, unreadable) = decompiler.table(table)
      #expect(unreadable == [])
      // Written and read again it is the same, and compiles to what the kernel holds.
      let json = NftablesWriter.tree([whole]).text()
      guard let again = try? Oracle.read(json), let compiled = try? Oracle.compile(again) else {
        Issue.record("written otherwise: \(json)")
        continue
      }
      #expect(again == [whole])
      #expect(compiled.map(\.normalized) == [table.normalized])
      for chain in table.chains {
        for rule in chain.rules {
          guard let read = decompiler.rule(rule) else {
            Issue.record("unreadable: \(rule.instructions)")
            continue
          }
          // It prints as a line of nft's listing.
          let text = decompiler.text(read)
          if !oracle.ours.debug.split(separator: "\n").contains("\t\t\(text)") {
            Issue.record("printed otherwise: \(text)")
          }
        }
      }
    }
  }

  /// The kernel holds what was compiled, whoever loaded it.
  private func expectReadBack(_ oracle: Oracle) {
    let wanted = oracle.programs.map(\.normalized)
    for (observed, who) in [(oracle.observed, "ours"), (oracle.theirsObserved, "nft")] {
      let found = observed.map(\.normalized)
      guard found != wanted else { continue }
      var texts = ("", "")
      dump(wanted, to: &texts.0)
      dump(found, to: &texts.1)
      Issue.record("\(who): read back otherwise\n\(difference(texts.0, texts.1))")
    }
  }
}

/// Whether this is the virtual machine with Debian's kernel.
let isDebian = getenv("VPNGW_TEST_VM") != nil
