import Agent
import JSON
import Kernel
import Model
import Netlink
import Plan
import State
import TestSupport
import Testing

@testable import NodeNetworkOperator
@testable import YAML

/// What `vpngw import node-network-operator` makes of Link resources.
@Suite struct LinkImportTests {
  private static func made(_ text: String) throws -> (state: DesiredState, notes: [String]) {
    let made = try LinkImport("links.yaml", Array(text.utf8))
    let state = try StateFile.decode(Array(made.tree.text().utf8))
    return (state, made.notes.map(\.description))
  }

  private static func link(_ name: String, _ spec: String) -> String {
    """
    ---
    apiVersion: nodenetworkoperator.soliddowant.dev/v1alpha1
    kind: Link
    metadata:
      name: \(name)
    spec:
    \(spec.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))

    """
  }

  /// The VPN network of the project that vpngw began with.
  private static let network =
    link("bridge", "interfaceName: vpn-gw-bridge0 # 15 at most\nbridge:\n  mtu: 1420")
    + link("dev", "interfaceName: bond0\nunmanaged: {}")
    + link(
      "vxlan",
      """
      interfaceName: vpn-gw-vxlan0
      vxlan:
        vnid: 1000
        remoteIPAddress: 224.0.0.88
        device:
          name: dev
        master: { name: "bridge" }
        mtu: 1420
      """)

  @Test func networkBecomesLinks() throws {
    let (state, notes) = try Self.made(Self.network)
    #expect(notes == [])
    let links = state.unconditional.links
    #expect(links.map(\.name.text) == ["bond0", "vpn-gw-bridge0", "vpn-gw-vxlan0"])
    #expect(!links[0].isManaged && links[1].mtu == 1420)
    let vxlan = try #require(links[2].vxlan)
    #expect(vxlan.id == 1000 && vxlan.remote == IPAddress("224.0.0.88"))
    #expect(vxlan.dev?.text == "bond0" && links[2].master?.text == "vpn-gw-bridge0")
    #expect(vxlan.dstport == 4789 && vxlan.srcport == PortRange(4789, 4789) && !vxlan.learning)
  }

  /// What the operator made is as the imported file says: there is nothing to do, and nothing is
  /// replaced when vpngw takes over.
  @Test(arguments: [network, samples])
  func operatorsLinksArePlannedToNothing(_ text: String) throws {
    try Namespace.make().run {
      // As `internal/links` of the operator does, by its netlink library: source ports stated, learning
      // off, device and group set afterwards.
      for line in [
        "ip link add bond0 type bridge", "ip link set bond0 up mtu 9000",
        "ip link add vpn-gw-bridge0 type bridge", "ip link set vpn-gw-bridge0 mtu 1420 up",
        "ip link add vpn-gw-vxlan0 type vxlan id 1000 dstport 4789 srcport 4789 4789 nolearning",
        "ip link set vpn-gw-vxlan0 type vxlan id 1000 dev bond0",
        "ip link set vpn-gw-vxlan0 type vxlan id 1000 dev bond0 group 224.0.0.88",
        "ip link set vpn-gw-vxlan0 mtu 1420 master vpn-gw-bridge0 up",
        "ip link add uplink0 type ifb", "ip link set uplink0 up",
        "ip link add podbridge0 type bridge", "ip link set podbridge0 up",
        "ip link add podvxlan0 type vxlan id 77 dstport 4790 srcport 5000 6000 nolearning remote 192.0.2.9",
        "ip link set podvxlan0 master podbridge0 up",
      ] { try sh(line) }
      try TemporaryDirectory.with { directory in
        let desired = try Self.made(text).state.expanded()
        let reconciler = try Reconciler(runDirectory: directory)
        #expect(try reconciler.plan(to: desired).steps.map { "\($0.change)" } == [])
        // Handed over by the mark, a link is repaired.
        for link in desired.links where link.isManaged {
          try sh("ip link set \(link.name) alias vpngw")
        }
        #expect(try reconciler.plan(to: desired).steps.isEmpty)
        let last = try #require(desired.links.last)
        try sh("ip link set \(last.name) down")
        let plan = try reconciler.plan(to: desired)
        #expect(plan.conflicts.isEmpty)
        #expect(plan.steps.contains { $0.change.verb == .update })
      }
    }
  }

  /// In the shapes of the operator's own samples.
  private static let samples =
    link("pod-bridge", "interfaceName: podbridge0\nbridge: {}")
    + link("pod-uplink", "interfaceName: uplink0\nunmanaged: {}")
    + link("pod-uplink-again", "interfaceName: uplink0\nunmanaged: {}")
    + link(
      "pod-vxlan",
      """
      interfaceName: podvxlan0
      vxlan:
        vnid: 77
        remoteIPAddress: "192.0.2.9"
        port: 4790
        sourcePort: { start: 5000, end: 6000 }
        master:
          name: pod-bridge
      """)

  /// `kubectl get links -o json`
  @Test func listInJSONIsTheSame() throws {
    let json = #"""
      { "apiVersion": "v1", "kind": "List", "items": [
        { "apiVersion": "nodenetworkoperator.soliddowant.dev/v1alpha1", "kind": "Link",
          "metadata": { "name": "b", "annotations": { "note": "\ud83d\ude00" } },
          "spec": { "interfaceName": "br0", "bridge": { "mtu": 1420 }, "nodeSelector": {} },
          "status": { "matchedNodes": ["n1"] } }] }
      """#
    let (state, notes) = try Self.made(json)
    #expect(notes == [] && state.unconditional.links.map(\.name.text) == ["br0"])
  }

  @Test func selectorsBecomeNodes() throws {
    let selector = """
      nodeSelector:
        matchLabels: { pool: edge }
        matchExpressions:
          - { key: zone, operator: In, values: [a, b] }
          - { key: gpu, operator: DoesNotExist }
          - { key: arch, operator: NotIn, values: [arm64] }
      """
    let (state, notes) = try Self.made(
      Self.link("b", "interfaceName: br0\nbridge: {}\n\(selector)")
        + Self.link(
          "v",
          "interfaceName: vx0\nvxlan:\n  vnid: 5\n  remoteIPAddress: 192.0.2.1\n  master: { name: b }"
        ))
    #expect(notes.count == 1 && notes[0].contains("/etc/vpn-gateway/labels"))
    let nodes = state.inputs[NodeSelection.self]
    #expect(nodes.map(\.name) == ["b", "b-except", "b-except-2"])
    #expect(nodes[0].labels == ["pool": .oneOf(["edge"]), "zone": .oneOf(["a", "b"])])
    // The VXLAN is there where its bridge is.
    #expect(state.conditional.count == 2 && Set(state.conditional.map(\.when)).count == 1)
    let when = try #require(state.conditional[0].when)
    func decided(_ up: Set<String>) -> Signal.State {
      when.state(
        given: Dictionary(
          uniqueKeysWithValues: nodes.map { ($0.signal, up.contains($0.name) ? .up : .down) }))
    }
    #expect(
      decided(["b"]) == .up && decided(["b", "b-except"]) == .down && decided([]) == .down)
  }

  @Test func whatCantBeCarriedOverIsNamed() throws {
    let text =
      "kind: Pod\napiVersion: v1\nmetadata: { name: p }\n"
      + Self.link("bad-name", "interfaceName: much-too-long-name\nbridge: {}")
      + Self.link("two", "interfaceName: br1\nbridge: {}\nunmanaged: {}")
      + Self.link("mtu", "interfaceName: br2\nbridge: { mtu: 9 }")
      + Self.link(
        "lost",
        "interfaceName: vx1\nvxlan: { vnid: 1, remoteIPAddress: 192.0.2.1, master: { name: gone } }"
      )
      + Self.link(
        "self",
        "interfaceName: vx2\nvxlan: { vnid: 2, remoteIPAddress: 192.0.2.1, master: { name: self } }"
      )
      + Self.link(
        "maybe",
        "interfaceName: vx3\nvxlan: { vnid: 3, remoteIPAddress: 192.0.2.1, master: { name: gone, optional: true } }"
      )
      + Self.link("nodev", "interfaceName: vx4\nvxlan: { vnid: 4, remoteIPAddress: 224.0.0.1 }")
      + Self.link("six", "interfaceName: vx5\nvxlan: { vnid: 5, remoteIPAddress: \"2001:db8::1\" }")
      + Self.link("again", "interfaceName: vx3\nbridge: {}")
      + Self.link(
        "down",
        "interfaceName: vx6\nvxlan: { vnid: 6, remoteIPAddress: 192.0.2.1, master: { name: br, setDownOnDependencyUpdate: true, optional: true } }"
      )
      + Self.link("br", "interfaceName: br0\nbridge: { stp: true }")
    let (state, notes) = try Self.made(text)
    #expect(state.unconditional.links.map(\.name.text) == ["vx3", "vx6", "br0"])
    for words in [
      "links.yaml:1: a resource of kind Pod \"p\" is not carried over", "bad-name: ",
      "two: must have one of",
      "mtu: \"mtu\" must be a number from 68", "lost: \"master\" is Link \"gone\"",
      "self: \"master\" refers to itself", "maybe: its optional \"master\"",
      "nodev: \"device\" is missing", "six: \"remoteIPAddress\" must be an IPv4 address",
      "again: vx3 is Link \"maybe\" already", "down: \"setDownOnDependencyUpdate\"",
      "down: \"optional\" is not carried over", "\"stp\" is unknown",
    ] { #expect(notes.contains { $0.contains(words) }, "\(words): \(notes)") }
  }

  // MARK: - YAML

  @Test func anchorsAndMergesAreFollowed() throws {
    let text = "a: &x { mtu: 1, n: ~ }\nb: *x\nc: { <<: *x, mtu: 0x10 }\nd: [\"1\", 1, yes]\n"
    let value = try #require(YAML.documents(Array(text.utf8)).first)
    #expect(value["b"]?["mtu"]?.integer == 1 && value["b"]?["n"]?.isNull == true)
    #expect(value["c"]?["mtu"]?.integer == 16 && value["c"]?["n"]?.isNull == true)
    #expect(value["d"]?.elements?.map(\.string) == ["1", nil, "yes"])
    #expect(value["c"]?.line == 3)
  }

  @Test(arguments: [
    ("a: [1", 2), ("a: !thing 1", 1), ("a: 1\na: 2", 2), ("a: &x [*x]", 1), ("? [1]\n: 2", 1),
    ("a: *gone", 1), ("a: { <<: 5 }", 1), ("%", 1), ("a:\n\t- b", 2),
  ])
  func badYAMLIsRefusedWithItsLine(_ text: String, _ line: Int) throws {
    do throws(YAML.SyntaxError) {
      _ = try YAML.documents(Array(text.utf8))
      Issue.record("\(text) is taken")
    } catch {
      #expect(error.line >= line - 1 && error.line <= line + 1, "\(error)")
    }
  }

  /// Nine lines of aliases stand for a thousand million values.
  @Test func aliasesThatMultiplyAreRefused() throws {
    var text = "a0: &a0 [x]\n"
    for number in 1...9 {
      let aliases = Array(repeating: "*a\(number - 1)", count: 10).joined(separator: ", ")
      text += "a\(number): &a\(number) [\(aliases)]\n"
    }
    #expect(throws: YAML.SyntaxError.self) { try YAML.documents(Array(text.utf8)) }
  }

  @Test func bytesThatAreNoYAMLNeverCrash() throws {
    var random = SplitMix64(16)
    let seed = Array((Self.network + Self.samples).utf8)
    for _ in 0..<2_000 {
      var bytes = seed
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] =
          [UInt8](Array("{}[]&*!|>'\"%@`:-,#?\n\t \0\u{80}".utf8)).randomElement(using: &random)!
      }
      _ = try? LinkImport("-", bytes)
    }
  }
}
