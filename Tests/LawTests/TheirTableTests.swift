import Agent
import Kernel
import Model
import Plan
import State
import TestSupport
import Testing

/// Laws 6 and 8 for nftables tables: a table without our mark is somebody else's.
@Suite struct TheirTableTests {
  /// Chains as their makers name them.
  struct Maker: CustomTestStringConvertible, Sendable {
    let name: String
    let family: String
    let table: String
    let chains: [String]

    var testDescription: String { name }

    static let all = [
      Maker(name: "kube-proxy", family: "ip", table: "nat", chains: ["KUBE-SERVICES", "DOCKER"]),
      Maker(name: "kube-proxy", family: "ip", table: "kube-proxy", chains: ["services"]),
      Maker(name: "Docker", family: "ip", table: "filter", chains: ["DOCKER-USER", "FORWARD"]),
      Maker(name: "firewalld", family: "inet", table: "firewalld", chains: ["filter_INPUT"]),
      Maker(name: "ufw", family: "ip6", table: "filter", chains: ["ufw6-before-input"]),
      Maker(name: "iptables-nft", family: "ip", table: "mangle", chains: ["PREROUTING"]),
      Maker(name: "wg-quick", family: "ip", table: "wg-quick-wg0", chains: ["preraw"]),
      Maker(name: "Tailscale", family: "ip", table: "nat", chains: ["ts-postrouting"]),
    ]

    func file(_ more: String = "") throws -> NetworkState {
      try decode([
        "nftables": [
          #"{ "table": { "family": "\#(family)", "name": "\#(table)"\#(more) } }"#,
          #"{ "chain": { "family": "\#(family)", "table": "\#(table)", "name": "ours" } }"#,
        ]
      ])
    }

    func make() throws {
      var text = "table \(family) \(table) {\n"
      for chain in chains { text += "chain \(chain) { counter accept\n }\n" }
      try sh("nft -f -", input: text + "}\n")
    }
  }

  @Test(arguments: Maker.all)
  func anothersTableStaysAndThePlanSaysWhose(_ maker: Maker) throws {
    try inNamespace { directory in
      try maker.make()
      let before = try sh("nft list ruleset")
      let reconciler = try Reconciler(runDirectory: directory)
      let planned = try reconciler.plan(to: maker.file())
      #expect(
        planned.text() == """
          blocked nftables \(maker.family) \(maker.table): there is one that vpngw didn't make (it looks like \(maker.name)'s): "adopt": true in its "table" makes it as stated, and removes what else is in it; or take another name

          1 blocked.

          """)
      try reconciler.reach(maker.file())
      #expect(try sh("nft list ruleset") == before)
      // Everything else is left alone.
      try reconciler.reach(NetworkState())
      #expect(try sh("nft list ruleset") == before)
    }
  }

  @Test(arguments: Maker.all)
  func anAdoptedTableIsChangedAndStaysTheirs(_ maker: Maker) throws {
    try inNamespace { directory in
      try maker.make()
      let before = try sh("nft -s list ruleset")
      let reconciler = try Reconciler(runDirectory: directory)
      let desired = try maker.file(#", "adopt": true"#)
      let present = try reconciler.observe(for: desired)
      let planned = Plan(from: present, to: desired)
      let undo = Undo(of: planned, from: present)
      for chain in maker.chains {
        #expect(planned.text().contains("    - chain \(chain): regular (theirs)\n"))
      }
      #expect(planned.text().contains("(adopted: what is marked so is theirs"))
      #expect(try reconciler.reach(desired).complaints == "")
      let after = try sh("nft -s list ruleset")
      #expect(after.contains("chain ours") && !after.contains(maker.chains[0]))
      #expect(try plan(directory, desired) == Plan.steadyState + "\n")
      #expect(try reconciler.observe().own == NetworkState())
      try reconciler.reach(NetworkState())
      #expect(try sh("nft -s list ruleset") == after)
      let undone = try reconciler.reconcile {
        undo.plan(from: try reconciler.observe(tables: .init(undo.tables)))
      }
      #expect(undone.complaints == "")
      #expect(
        try sh("nft -s list ruleset").split(separator: "\n").sorted()
          == before.split(separator: "\n").sorted())
      try reconciler.reach(NetworkState())
      #expect(try !sh("nft -s list ruleset").isEmpty)
    }
  }

  /// A table that is already as stated is used, and never removed.
  @Test func anEqualTableIsUsedAsItIs() throws {
    let maker = Maker(name: "", family: "inet", table: "t", chains: ["ours"])
    try inNamespace { directory in
      try sh("nft add table inet t")
      try sh("nft add chain inet t ours")
      let before = try sh("nft list ruleset")
      let reconciler = try Reconciler(runDirectory: directory)
      #expect(try reconciler.plan(to: maker.file()).isEmpty)
      try reconciler.reach(maker.file())
      try reconciler.reach(NetworkState())
      #expect(try sh("nft list ruleset") == before)
    }
  }

  /// The mark is lost when somebody saves the ruleset and loads it again.
  @Test func aTableSavedAndRestoredByNftIsTheirs() throws {
    let maker = Maker(name: "", family: "inet", table: "t", chains: [])
    try inNamespace { directory in
      let reconciler = try Reconciler(runDirectory: directory)
      try reconciler.reach(maker.file())
      #expect(try reconciler.observe().own.tables.count == 1)
      let saved = try sh("nft list ruleset")
      try sh("nft flush ruleset")
      try sh("nft -f -", input: saved)
      #expect(try reconciler.observe().own.tables.isEmpty)
      #expect(try reconciler.plan(to: maker.file()).isEmpty)
      try reconciler.reach(NetworkState())
      #expect(try sh("nft list ruleset") == saved)
      // With the key stated, nft still loads it.
      let json = #"{"nftables": [{"table": {"family": "ip", "name": "x", "adopt": true}}]}"#
      try sh(
        "nft -j -f -",
        input: json.replacing("[{", with: #"[{"add": {"#).replacing("}]", with: "}}]"))
      #expect(try sh("nft list tables").contains("table ip x"))
    }
  }

  /// A blueprint's table is recognised by its name and its parts too; a table with only its name
  /// isn't.
  @Test func aBlueprintsTableWithoutItsMarkIsMadeAnew() throws {
    let text = """
      { "version": 1, "links": [ { "name": "br0", "type": "bridge" } ],
        "addresses": [ { "link": "br0", "address": "192.168.24.1/22" } ],
        "gateways": { "link": "br0", "members": { "addresses": "192.168.25.128/31" },
          "egress": { "from": "192.168.24.0/22" } } }
      """
    try inNamespace { directory in
      let desiredState = try StateFile.decode(Array(text.utf8))
      let desired = desiredState.expanded(given: [
        Signal("probe.gw0")!: .up, Signal("probe.gw1")!: .up,
      ])
      let reconciler = try Reconciler(runDirectory: directory)
      try sh("ip link add br0 type bridge")
      try sh("ip link delete br0")
      let id = try #require(desired.tables.first).id
      try sh("nft add table \(id)")
      try sh("nft add chain \(id) mine")
      #expect(
        try reconciler.plan(to: desired).conflicts.map { "\($0.object.id)" } == ["nftables \(id)"])
      try sh("nft delete table \(id)")
      #expect(try reconciler.reach(desired).complaints == "")
      let whole = try sh("nft list ruleset")
      try sh("nft flush ruleset")
      try sh("nft -f -", input: whole)
      let planned = try reconciler.plan(to: desired)
      #expect(planned.text().contains("! nftables \(id)"), "\(planned.text())")
      #expect(try reconciler.reach(desired).complaints == "")
      #expect(try reconciler.observe().own.tables.contains { $0.id == id })
      try reconciler.reach(NetworkState())
      #expect(try sh("nft list ruleset") == "")
    }
  }
}
