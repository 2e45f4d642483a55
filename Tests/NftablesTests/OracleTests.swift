import Testing

@Suite struct OracleTests {
  @Test(arguments: RuleCase.all)
  func ruleCompilesAsNftDoes(_ example: RuleCase) throws {
    let oracle = try Oracle(text: example.ruleset, json: nil)
    if oracle.theirs.debug != oracle.ours.debug {
      Issue.record("\(example): \n\(difference(oracle.theirs.debug, oracle.ours.debug))")
    } else if oracle.theirs.json != oracle.ours.json {
      Issue.record("\(example):\nnft:  \(oracle.theirs.json)\nours: \(oracle.ours.json)")
    }
  }
}
