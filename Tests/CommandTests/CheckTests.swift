import Kernel
import Netlink
import TestSupport
import Testing

/// A rule that vpngw finds nothing wrong with, but the kernel refuses.
struct RefusedCase: CustomTestStringConvertible, Sendable {
  /// The entries after the table's.
  let entries: String
  let refusals: [String]

  var testDescription: String { refusals[0] }

  init(_ entries: String, _ refusals: String...) {
    self.entries = entries
    self.refusals = refusals
  }

  /// A rule in a chain with a hook; the texts are nft's.
  init(_ type: String, _ hook: String, _ statement: String, _ words: String, _ reason: String) {
    self.init(
      Self.chain("c", type, hook) + ",\n" + Self.rule("c", statement),
      "nft add rule inet t c \(words): \(reason)")
  }

  static func chain(_ name: String, _ type: String = "", _ hook: String = "") -> String {
    let base = type.isEmpty ? "" : #", "type": "\#(type)", "hook": "\#(hook)", "prio": 0"#
    return #"{ "chain": { "family": "inet", "table": "t", "name": "\#(name)"\#(base) } }"#
  }

  static func rule(_ chain: String, _ statement: String) -> String {
    #"{ "rule": { "family": "inet", "table": "t", "chain": "\#(chain)", "expr": [\#(statement)] } }"#
  }

  var file: String {
    """
    { "version": 1, "nftables": [ { "table": { "family": "inet", "name": "t" } },
      \(entries) ] }
    """
  }

  private static let wrongPlace =
    "Operation not supported (EOPNOTSUPP): not in a chain of this type and hook, or not in this kernel"
  private static let lacking = "No such file or directory (ENOENT): this kernel lacks it"

  static let all: [RefusedCase] = [
    RefusedCase("filter", "input", #"{ "masquerade": null }"#, "masquerade", wrongPlace),
    RefusedCase(
      "nat", "prerouting", #"{ "snat": { "family": "ip", "addr": "192.0.2.1" } }"#,
      "snat ip to 192.0.2.1", wrongPlace),
    RefusedCase(
      "filter", "postrouting", #"{ "reject": null }"#, "reject", wrongPlace),
    RefusedCase(
      "filter", "output",
      #"{ "match": { "op": "==", "left": { "osf": { "key": "name" } }, "right": "Linux" } }"#,
      #"osf name "Linux""#, wrongPlace),
    RefusedCase(
      #"{ "ct helper": { "family": "inet", "table": "t", "name": "h", "type": "nosuch", "protocol": "tcp" } }"#,
      "nft add object inet t h: \(lacking)"),
    RefusedCase(
      """
      { "set": { "family": "inet", "table": "t", "name": "s", "type": "ipv4_addr", "size": 2,
        "elem": [ "192.0.2.1", "192.0.2.2", "192.0.2.3" ] } }
      """,
      "nft add element inet t s (3 of 3): Too many open files in system (ENFILE): the set's size is less than its elements are"
    ),
    // A packet can return from sixteen jumps at most.
    RefusedCase(
      ((0...17).map { chain("c\($0)") } + [chain("base", "filter", "input")]
        + (0..<17).map { rule("c\($0)", #"{ "jump": { "target": "c\#($0 + 1)" } }"#) }
        + [rule("base", #"{ "jump": { "target": "c0" } }"#)]).joined(separator: ",\n"),
      "Too many links (EMLINK): jumps are nested more than 16 deep"),
    // Each refused part is reported, but not what merely lacks one.
    RefusedCase(
      """
      { "ct helper": { "family": "inet", "table": "t", "name": "h", "type": "nosuch", "protocol": "tcp" } },
      { "ct helper": { "family": "inet", "table": "t", "name": "i", "type": "none", "protocol": "udp" } },
      \(chain("c")), \(rule("c", #"{ "ct helper": "h" }"#)), \(rule("c", #"{ "accept": null }"#))
      """,
      "nft add object inet t h: \(lacking)", "nft add object inet t i: \(lacking)"),
    RefusedCase(
      """
      \(chain("c", "filter", "input")), \(rule("c", #"{ "masquerade": null }"#)),
      \(rule("c", #"{ "accept": null }"#)), \(rule("c", #"{ "redirect": null }"#))
      """,
      "nft add rule inet t c masquerade: \(wrongPlace)",
      "nft add rule inet t c redirect: \(wrongPlace)"),
  ]
}

/// `plan --check` asks the kernel itself, in a namespace that nobody sees.
@Suite struct CheckTests {
  @Test(arguments: RefusedCase.all)
  func theKernelsRefusalIsReportedInNftsWords(_ example: RefusedCase) throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file("a.json", example.file)
      #expect(try vpngw("validate", path).error == "")
      #expect(try vpngw("plan", path).status == 2)
      let generation = try NftablesKernel().generation()
      let checked = try vpngw("plan", "--check", path)
      #expect(checked.status == 1)
      let refusals = checked.lines.filter { $0.hasPrefix("blocked ") }
      for refusal in example.refusals {
        #expect(refusals.contains { $0.contains(refusal) }, "\(checked.output)\(checked.error)")
      }
      #expect(refusals.count == example.refusals.count, "\(checked.output)")
      #expect(
        refusals.allSatisfy { $0.hasPrefix("blocked nftables inet t: the kernel refuses it: ") })
      #expect(try vpngw("plan", "--check", "--json", path).output.contains("the kernel refuses it"))
      // The refusals are true, and were found out in another namespace.
      #expect(try NftablesKernel().generation() == generation)
      #expect(try vpngw("apply", path).status == 1)
      #expect(try sh("nft list ruleset") == "")
    }
  }

  private let accepted = """
    { "version": 1, "links": [ { "name": "br0", "type": "bridge" }, { "name": "f0", "managed": false } ],
      "addresses": [ { "link": "br0", "address": "192.0.2.1/24" } ],
      "gateways": { "link": "br0", "mtu": 1420, "members": { "addresses": "192.0.2.8/29" },
        "probe": { "type": "tcp", "port": 80 },
        "egress": { "from": "192.0.2.0/24", "balance": "consistent", "except": ["reserved"] },
        "return": { "mark": "0x1900", "table": 50, "priority": 1000 } },
      "nftables": [ { "table": { "family": "netdev", "name": "n" } },
        { "chain": { "family": "netdev", "table": "n", "name": "c", "type": "filter", "hook": "ingress",
          "dev": ["f0", "br0"], "prio": 0 } },
        { "table": { "family": "inet", "name": "t" } },
        \(RefusedCase.chain("c", "filter", "input")),
        \(RefusedCase.rule("c", #"{ "match": { "op": "==", "left": { "meta": { "key": "iif" } }, "right": "br0" } }, { "drop": null }"#)) ] }
    """

  @Test func whatTheKernelAcceptsDoesNotChangeThePlan() throws {
    try Vpngw.inNamespace { vpngw in
      try sh("ip link add f0 type ifb")
      let path = try vpngw.file("a.json", accepted)
      func picture() throws -> [String] {
        try ["ip -d link show", "nft list ruleset"].map { try sh($0) }
      }
      let was = try picture()
      let generation = try NftablesKernel().generation()
      let plan = try vpngw("plan", "--signal", "probe.gw0=up", path)
      #expect(plan.status == 2)
      #expect(plan.output.contains("+ nftables inet vpngw"))
      let checked = try vpngw("plan", "--check", "--signal", "probe.gw0=up", path)
      #expect(checked.status == 2, "\(checked.output)")
      #expect(checked.output == plan.output)
      #expect(checked.error == plan.error)
      // No table and no stand-in for br0 and f0 was made here, and nothing is left.
      #expect(try picture() == was)
      #expect(try NftablesKernel().generation() == generation)
      #expect(try vpngw("apply", path).status == 0)
      let again = try vpngw("plan", "--check", path)
      #expect(again.status == 0)
      #expect(again.output == "No changes. The kernel matches the state file.\n")
    }
  }

  @Test func aLinkThatIsntThereDoesNotStopTheCheck() throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file(
        "a.json", accepted.replacing(#""drop": null"#, with: #""masquerade": null"#))
      let checked = try vpngw("plan", "--check", path)
      #expect(checked.status == 1)
      #expect(checked.output.contains("blocked nftables netdev n: link f0 isn't there"))
      #expect(
        checked.output.contains(
          "blocked nftables inet t: the kernel refuses it: nft add rule inet t c iif \"br0\" masquerade:"
        ))
    }
  }

  @Test func aKernelWithoutFlowtablesIsNamed() throws {
    try Vpngw.inNamespace { vpngw in
      let hasNone =
        try run(["nft", "-c", "add table inet t { flowtable f { hook ingress priority 0; }; }"])
        .status != 0
      guard hasNone else { return }
      let path = try vpngw.file(
        "a.json",
        """
        { "version": 1, "nftables": [ { "table": { "family": "inet", "name": "t" } },
          { "flowtable": { "family": "inet", "table": "t", "name": "f", "hook": "ingress", "prio": 0, "dev": "lo" } },
          \(RefusedCase.chain("c", "filter", "forward")),
          \(RefusedCase.rule("c", #"{ "flow": { "op": "add", "flowtable": "@f" } }"#)) ] }
        """)
      let refusal =
        "nft add flowtable inet t f: No such file or directory (ENOENT): this kernel has no flowtables"
      let checked = try vpngw("plan", "--check", path)
      #expect(checked.status == 1)
      #expect(checked.output.contains("blocked nftables inet t: the kernel refuses it: \(refusal)"))
      #expect(checked.lines.count { $0.hasPrefix("blocked ") } == 1)
      #expect(try vpngw("apply", path).error.hasPrefix("failed nftables inet t: \(refusal)"))
    }
  }

  @Test func itIsForThisKernelAlone() throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file("a.json", accepted)
      let both = try vpngw("plan", "--check", "--observed", path, path)
      #expect(both.status == 64)
      #expect(both.error.contains("--check asks this machine's kernel"))
      try sh("chmod -R a+rX \(vpngw.directory)")
      let nobody = try run(
        ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
          + vpngw.arguments(["plan", "--check", path]))
      #expect(nobody.status == 1)
      #expect(nobody.error.contains("CAP_"), "\(nobody.error)")
    }
  }
}
