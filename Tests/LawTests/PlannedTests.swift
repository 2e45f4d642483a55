import Agent
import Kernel
import Model
import Netlink
import Nftables
import Plan
import TestSupport
import Testing

/// The plan is what happens: for a table, either the difference that was shown, or another plan.
@Suite struct PlannedTests {
  private func tables(_ ports: [Int], _ others: [Int] = []) throws -> NetworkState {
    func table(_ name: String, _ ports: [Int]) -> [String] {
      [
        #"{ "table": { "family": "inet", "name": "\#(name)" } }"#,
        #"{ "chain": { "family": "inet", "table": "\#(name)", "name": "c" } }"#,
      ]
        + ports.map {
          #"{ "rule": { "family": "inet", "table": "\#(name)", "chain": "c", "expr": ["#
            + #"{ "match": { "op": "==", "left": { "payload": { "protocol": "tcp", "field": "dport" } },"#
            + #" "right": \#($0) } }, { "drop": null }] } }"#
        }
    }
    return try decode([
      "nftables": table("t", ports) + (others.isEmpty ? [] : table("u", others))
    ])
  }

  private func ports(_ table: String = "t") throws -> [String] {
    try sh("nft list table inet \(table)").split(separator: "\n").filter { $0.contains("dport") }
      .map { $0.drop { $0 != "d" }.split(separator: " ")[1] }.map(String.init)
  }

  private func generation() throws -> UInt32 { try NftablesKernel().generation() }

  /// A table that somebody changed after the plan is neither overwritten nor half overwritten.
  @Test(arguments: [
    "add rule inet t c tcp dport 9 accept", "flush chain inet t c", "delete table inet t",
    "insert rule inet t c tcp dport 2 drop",
  ])
  func aChangeByNftBetweenPlanAndApplyTakesANewPlan(_ command: String) throws {
    try inNamespace { directory in
      let reconciler = try Reconciler(runDirectory: directory)
      try reconciler.reach(tables([1, 3]))
      let desired = try tables([1, 2, 3])
      let stale = try reconciler.plan(to: desired)
      try sh("nft \(command)")
      let before = try sh("nft -a list ruleset")
      let outcome = try reconciler.carryOut(stale)
      #expect(outcome.isOutdated && outcome.done.isEmpty && outcome.failed.isEmpty)
      #expect(try sh("nft -a list ruleset") == before)
      let whole = try reconciler.reconcile(startingWith: stale) {
        try reconciler.plan(to: desired)
      }
      #expect(whole.isComplete, "\(whole.complaints)")
      #expect(try ports() == ["1", "2", "3"])
      #expect(try !sh("nft list ruleset").contains("accept"))
    }
  }

  /// In a plan that must not be replaced, such as a saved one, that step fails.
  @Test func aPlanThatStandsAloneFails() throws {
    try inNamespace { directory in
      let reconciler = try Reconciler(runDirectory: directory)
      try reconciler.reach(tables([1]))
      let desired = try tables([1, 2])
      let stale = try reconciler.plan(to: desired)
      try sh("nft add rule inet t c tcp dport 9 accept")
      let before = try sh("nft -a list ruleset")
      let outcome = try reconciler.reconcile(startingWith: stale, renewals: 0) {
        try reconciler.plan(to: desired)
      }
      #expect(outcome.failed.map(\.error.code) == [ErrorCode.restart])
      #expect(outcome.complaints.contains("somebody else has changed it since it was read"))
      #expect(try sh("nft -a list ruleset") == before)
    }
  }

  /// If somebody is faster each time, that ends and is reported.
  @Test func newPlansAreBounded() throws {
    try inNamespace { directory in
      let reconciler = try Reconciler(runDirectory: directory)
      try reconciler.reach(tables([1]))
      let desired = try tables([1, 2])
      var plans = 0
      let outcome = try reconciler.reconcile(renewals: 3) {
        plans += 1
        let plan = try reconciler.plan(to: desired)
        try sh("nft add rule inet t c tcp dport \(100 + plans) accept")
        return plan
      }
      #expect(plans == 5)
      #expect(outcome.failed.map(\.error.code) == [ErrorCode.restart])
      #expect(try ports() == ["1"] + (1...5).map { "\(100 + $0)" })
    }
  }

  /// Changes of others' tables, and of tables in the same plan, don't matter to a difference.
  @Test func changesOfOtherTablesDontMatter() throws {
    try inNamespace { directory in
      let reconciler = try Reconciler(runDirectory: directory)
      try reconciler.reach(tables([1], [1]))
      let desired = try tables([1, 2], [2])
      let plan = try reconciler.plan(to: desired)
      try sh("nft add table inet other")
      let before = try generation()
      let outcome = try reconciler.carryOut(plan)
      #expect(outcome.isComplete && outcome.done.count == 2)
      #expect(try generation() == before + 2)
      #expect(try ports() == ["1", "2"] && ports("u") == ["2"])
      #expect(try reconciler.plan(to: desired).isEmpty)
    }
  }

  /// Whatever follows an outdated step waits for the new plan too.
  @Test func nothingBehindAnOutdatedStepIsDone() throws {
    try inNamespace { directory in
      let reconciler = try Reconciler(runDirectory: directory)
      try reconciler.reach(tables([1], [1]))
      let desired = try tables([1, 2], [2])
      let plan = try reconciler.plan(to: desired)
      try sh("nft add rule inet t c tcp dport 9 accept")
      let before = try sh("nft -a list ruleset")
      let outcome = try reconciler.carryOut(plan)
      #expect(outcome.isOutdated && outcome.done.isEmpty)
      #expect(try sh("nft -a list ruleset") == before)
      #expect(try reconciler.reach(desired).isComplete)
    }
  }

  /// The kernel gets the difference that the step shows, in one transaction: nothing is compared
  /// again.
  @Test func theDifferenceOfTheStepIsWhatIsSent() throws {
    try inNamespace { directory in
      let reconciler = try Reconciler(runDirectory: directory)
      try reconciler.reach(tables([1, 3]))
      var step = try #require(reconciler.plan(to: tables([1, 2, 3, 4])).steps.first).change
      let shown = try #require(reconciler.plan(to: tables([1, 4])).steps.first).change
      #expect(step.table?.difference.changeCount == 2)
      step.table = shown.table
      let before = try generation()
      #expect(try Kernel().apply([step]).isEmpty)
      #expect(try generation() == before + 1)
      #expect(try ports() == ["1", "4"])
    }
  }

  /// A link that the same plan makes has no index before.
  @Test func aTableThatNamesANewLinkIsMadeAsShown() throws {
    try inNamespace { directory in
      let file = try decode([
        "links": [#"{ "name": "br7", "type": "bridge" }"#],
        "nftables": [
          #"{ "table": { "family": "inet", "name": "t" } }"#,
          #"{ "chain": { "family": "inet", "table": "t", "name": "c" } }"#,
          #"{ "rule": { "family": "inet", "table": "t", "chain": "c", "expr": [{ "match": { "op": "==", "left": { "meta": { "key": "iif" } }, "right": "br7" } }, { "drop": null }] } }"#,
        ],
      ])
      let reconciler = try Reconciler(runDirectory: directory)
      let plan = try reconciler.plan(to: file)
      #expect(plan.text().contains("chain c rule 1: iif \"br7\" drop"))
      let outcome = try reconciler.carryOut(plan)
      #expect(outcome.isComplete && outcome.done.count == 2)
      #expect(try sh("nft list ruleset").contains("iif \"br7\" drop"))
      #expect(try reconciler.plan(to: file).isEmpty)
    }
  }
}
