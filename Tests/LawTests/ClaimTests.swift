import Agent
import Model
import Plan
import State
import TestSupport
import Testing

/// The routing tables that a blueprint fills are its own: whoever else uses one is named.
@Suite struct ClaimTests {
  private static let text = """
    { "version": 1, "links": [ { "name": "t0", "managed": false } ],
      "gateways": { "link": "t0",
        "members": { "addresses": "192.168.25.128-192.168.25.130" },
        "egress": { "from": "192.168.24.0/22" },
        "return": { "mark": "0x1900", "table": 50, "priority": 1000 } } }
    """

  private func desired() throws -> NetworkState {
    try StateFile.decode(Array(Self.text.utf8)).expanded(
      given: [Signal("probe.gw0")!: .up, Signal("probe.gw1")!: .up, Signal("probe.gw2")!: .up])
  }

  private static let intrusions = [
    ("ip rule add lookup 52 priority 5270", "rule 5270: from all lookup 52"),
    ("ip -6 rule add lookup 52 priority 5270", "rule inet6 5270: from all lookup 52"),
    (
      "ip rule add uidrange 5-7 lookup 52 priority 5270",
      "rule 5270: from all lookup 52 and more that vpngw can't read"
    ),
    ("ip route add 100.64.0.0/10 dev t0 table 52", "route 100.64.0.0/10 table 52"),
    (
      "ip route add default via 192.168.25.9 dev t0 table 52 metric 5",
      "route default table 52 metric 5"
    ),
    ("ip -6 route add 2001:db8::/32 dev t0 table 52", "route 2001:db8::/32 dev t0 table 52"),
  ]

  /// The routes of a table that may not exist.
  private func routes(_ options: String) -> String { (try? sh("ip route show " + options)) ?? "" }

  private func links() throws {
    for line in [
      "ip link add t0 type bridge", "ip link set t0 up", "ip address add 192.168.24.1/22 dev t0",
    ] { try sh(line) }
  }

  @Test(arguments: intrusions)
  func anothersUseOfATableIsReportedAndLeftAlone(_ command: String, _ intruder: String) throws {
    try inNamespace { directory in
      try links()
      try sh(command)
      let before = try sh("ip rule show") + sh("ip -6 rule show") + routes("table 52")
      let reconciler = try Reconciler(runDirectory: directory)
      let outcome = try reconciler.reach(desired())
      #expect(!outcome.conflicts.isEmpty && outcome.failed.isEmpty)
      #expect(
        outcome.conflicts.allSatisfy {
          $0.reason.hasPrefix("somebody else uses routing table 52 (\(intruder))")
        }, "\(outcome.complaints)")
      // Nobody's packets take the wrong way, and the other gateways are there.
      #expect(!routes("table 52 proto 118").contains("via"))
      #expect(try !sh("ip rule show").contains("fwmark 0x1902"))
      #expect(routes("table 51").contains("via 192.168.25.129"))
      let after = Set(
        try (sh("ip rule show") + sh("ip -6 rule show") + routes("table 52"))
          .split(separator: "\n"))
      #expect(Set(before.split(separator: "\n")).isSubset(of: after))
      // Once it is gone, the rest is made.
      try sh(command.replacing(" add ", with: " delete "))
      #expect(try reconciler.reach(desired()).complaints == "")
      #expect(routes("table 52").contains("via 192.168.25.130"))
      // An intruder that comes later is reported, and what is there stays.
      try sh(command)
      let late = try reconciler.plan(to: desired())
      #expect(late.steps.isEmpty && late.conflicts.count == 1)
      #expect(late.text().contains(intruder))
      #expect(routes("table 52").contains("via 192.168.25.130"))
    }
  }

  /// Rules of the file itself, and those that it removes, are no intruders.
  @Test func theFilesOwnRulesAreNoIntrusion() throws {
    try inNamespace { directory in
      try links()
      try sh("ip rule add lookup 52 priority 5270")
      try sh("ip rule add fwmark 0x99 lookup 51 priority 99")
      var desired = try desired()
      var pattern = RulePattern()
      pattern.priority = 5270
      desired.absentRules = [pattern]
      var rule = Rule(.inet, priority: 99, .lookup(RouteTable(51)))
      rule.selector.fwmark = Mark(0x99)
      desired.rules.append(rule)
      let outcome = try Reconciler(runDirectory: directory).reach(desired)
      #expect(outcome.complaints == "")
      #expect(try !sh("ip rule show").contains("5270:"))
    }
  }
}
