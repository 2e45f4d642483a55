import Agent
import Model
import Netlink
import Plan
import State
import TestSupport
import Testing

/// What somebody does to a part of a table by nft, behind vpngw's back.
struct Meddling: CustomTestStringConvertible, Sendable {
  let name: String
  /// `HANDLE` stands for the handle of the rule on port 2.
  let commands: [String]
  /// The repair, as the plan shows it.
  let lines: [String]

  var testDescription: String { name }

  init(_ name: String, _ commands: String..., plan lines: [String]) {
    self.name = name
    self.commands = commands
    self.lines = lines
  }

  static let all: [Meddling] = [
    Meddling(
      "a rule removed", "delete rule inet t leaving handle HANDLE",
      plan: ["+ chain leaving rule 2: udp dport 2 counter"]),
    Meddling(
      "a rule changed", "replace rule inet t leaving handle HANDLE udp dport 2 drop",
      plan: [
        "- chain leaving rule 2: udp dport 2 drop", "+ chain leaving rule 2: udp dport 2 counter",
      ]),
    Meddling(
      "a rule added", "insert rule inet t leaving udp dport 9 drop",
      plan: ["- chain leaving rule 1: udp dport 9 drop"]),
    Meddling(
      "rules in another order", "insert rule inet t leaving udp dport 2 counter",
      "delete rule inet t leaving handle HANDLE",
      plan: [
        "- chain leaving rule 1: udp dport 2 counter",
        "+ chain leaving rule 2: udp dport 2 counter",
      ]),
    Meddling(
      "an element removed", "delete element inet t closed { 10.0.0.0/8 }",
      plan: ["+ set closed: 10.0.0.0/8"]),
    Meddling(
      "an element added", "add element inet t closed { 172.16.0.0/12 }",
      plan: ["- set closed: 172.16.0.0/12"]),
    Meddling(
      "an element's value changed", "delete element inet t marks { 1 }",
      "add element inet t marks { 1 : 9 }",
      plan: ["- map marks: 0x00000001 : 0x00000009", "+ map marks: 0x00000001 : 0x00000005"]),
    Meddling(
      "a base chain removed", "flush chain inet t coming", "delete chain inet t coming",
      plan: [
        "+ chain coming: type filter hook input priority 0; policy drop",
        "+ chain coming rule 1: counter accept",
      ]),
    Meddling(
      "a chain removed, which a rule led to", "flush chain inet t passing",
      "flush chain inet t more",
      "delete chain inet t more",
      plan: [
        "+ chain more: regular", "+ chain more rule 1: accept",
        "+ chain passing rule 1: jump more", "+ chain passing rule 2: ip saddr @closed drop",
      ]),
    Meddling("a chain added", "add chain inet t other", plan: ["- chain other: regular"]),
    Meddling(
      "a set removed, which a rule looked up", "flush chain inet t look",
      "delete set inet t ports",
      plan: [
        "+ set ports: type inet_service", "+ set ports: 22", "+ set ports: 80",
        "+ chain look rule 1: tcp dport @ports drop",
      ]),
    Meddling(
      "a set added", "add set inet t other { type mark; }", plan: ["- set other: type mark"]),
    Meddling(
      "a counter removed", "delete counter inet t seen", plan: ["+ counter seen: counter"]),
    Meddling(
      "a policy changed", "chain inet t coming { policy accept; }",
      plan: ["chain coming policy: accept -> drop"]),
    Meddling(
      "the table asleep", "add table inet t { flags dormant; }", plan: ["flags: dormant -> none"]),
  ]
}

/// Law 5, part by part: exactly what was changed is restored.
@Suite struct TablePartTests {
  private static let file = """
    table inet t {
      counter seen { }
      set closed { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.168.0.0/16 } }
      set ports { type inet_service; elements = { 22, 80 } }
      map marks { type mark : mark; elements = { 1 : 5, 2 : 6 } }
      chain more { accept; }
      chain coming { type filter hook input priority 0; policy drop; counter accept; }
      chain passing { type filter hook forward priority 0; jump more; ip saddr @closed drop; }
      chain look { tcp dport @ports drop; }
      chain leaving {
        type filter hook output priority 0;
        udp dport 1 counter
        udp dport 2 counter
        udp dport 3 counter
        meta mark set meta mark map @marks counter
      }
    }
    """

  @Test(arguments: Meddling.all)
  func onlyThePartThatWasChangedIsRestored(_ meddling: Meddling) throws {
    let section = try Namespace.make().run {
      try sh("nft -f -", input: Self.file)
      return try sh("nft -j list ruleset")
    }
    try inNamespace { directory in
      let desired = try StateFile.decode(
        Array(section.replacing("{\"nftables\"", with: "{\"version\": 1, \"nftables\"").utf8)
      ).expanded()
      try Reconciler(runDirectory: directory).reach(desired)
      // Gives the counters something to count, on loopback.
      for port in 1...4 { try run(["bash", "-c", "echo x >/dev/udp/127.0.0.1/\(port)"]) }
      let whole = try sh("nft -s list ruleset")
      let before = Set(try sh("nft -a list ruleset").split(separator: "\n").map(String.init))
      #expect(before.contains { $0.contains("udp dport 3 counter packets 1 ") })
      let rule = try #require(before.first { $0.contains("udp dport 2 ") })
      let handle = String(rule.split(separator: " ").last!)
      let commands = meddling.commands.map { $0.replacing("HANDLE", with: handle) }
      try sh("nft -f -", input: commands.joined(separator: "\n"))
      #expect(try sh("nft -s list ruleset") != whole)
      let disturbed = Set(try sh("nft -a list ruleset").split(separator: "\n").map(String.init))

      let planned = try Reconciler(runDirectory: directory).plan(to: desired)
      let lines = planned.text().split(separator: "\n").map { $0.drop { $0 == " " } }
      #expect(lines.first == "~ nftables inet t")
      #expect(lines.dropFirst().dropLast(1).map(String.init) == meddling.lines)
      let outcome = try Reconciler(runDirectory: directory).reach(desired)
      #expect(outcome.complaints == "")
      #expect(outcome.done.count == 1)

      // Sets and chains are listed in the order in which they were made, so what was made anew
      // comes last.
      #expect(blocks(try sh("nft -s list ruleset")) == blocks(whole))
      let after = Set(try sh("nft -a list ruleset").split(separator: "\n").map(String.init))
      // With handles and counts: whatever was left alone is unchanged.
      let untouched = before.intersection(disturbed)
      #expect(untouched.isSubset(of: after), "\(untouched.subtracting(after))")
      #expect(try plan(directory, desired) == Plan.steadyState + "\n")
    }
  }

  /// The table's sets, chains and objects, in any order.
  private func blocks(_ text: String) -> [String] {
    var blocks: [String] = [""]
    for line in text.split(separator: "\n") {
      if line.hasPrefix("\t"), !line.hasPrefix("\t\t"), line.hasSuffix("{") { blocks.append("") }
      blocks[blocks.count - 1] += line == "}" ? "" : "\(line)\n"
    }
    return blocks.sorted()
  }
}
