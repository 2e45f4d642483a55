import Events
import Glibc
import Model
import State
import TestSupport
import Testing

@testable import Agent

/// One file serves many machines: which of its nodes this one is.
@Suite struct NodeInputTests {
  private static func desired(_ nodes: String) throws -> DesiredState {
    let text = #"{ "version": 1, "nodes": { \#(nodes) } }"#
    return try StateFile.decode(Array(text.utf8))
  }

  private static func selection(_ node: String) throws -> NodeSelection {
    try #require(desired("\"n\": \(node)").inputs[NodeSelection.self].first)
  }

  @Test(arguments: [
    ("edge-1", "edge-*", true), ("edge-", "edge-*", true), ("edge", "edge-*", false),
    ("my-edge-1", "edge-*", false), ("n1", "n?", true), ("n12", "n?", false), ("n", "n?", false),
    ("a.b.c", "*.c", true), ("aXbXc", "a*b*c", true), ("aXbXcd", "a*b*c", false),
    ("anything", "*", true), ("", "*", true), ("abab", "*ab", true), ("Edge-1", "edge-*", false),
  ])
  func hostNameFitsPattern(_ name: String, _ pattern: String, _ fits: Bool) throws {
    let selection = try Self.selection(#"{ "hostname": "\#(pattern)" }"#)
    #expect(selection.includes(hostName: name) == fits)
  }

  @Test func labelsAreReadAsKubernetesWritesThem() throws {
    let text = "pool=\"edge\"\n\n# ours\nexample.org/gpu=\"\"\nzone=a \n"
    let labels = try NodeLabels(Array(text.utf8)).values
    #expect(labels == ["pool": "edge", "example.org/gpu": "", "zone": "a"])
  }

  @Test(arguments: ["pool", "=edge", "pool=\"edge", "pool=ed\"ge", "pool=\"a\\nb\"", "a=b\nc"])
  func malformedLabelsAreRefused(_ text: String) {
    #expect(throws: NodeLabels.Malformed.self) { try NodeLabels(Array(text.utf8)) }
  }

  @Test func allLabelsMustFit() throws {
    let selection = try Self.selection(
      #"{ "labels": { "pool": ["a", "b"], "gpu": true } }"#)
    #expect(selection.objection(to: ["pool": "b", "gpu": ""]) == nil)
    #expect(selection.objection(to: ["pool": "c", "gpu": ""]) == "its label pool is \"c\"")
    #expect(selection.objection(to: ["pool": "a"]) == "it has no label gpu")
  }

  /// Known before the first pass; a file that can't be read later leaves the labels as they were.
  @Test func labelsAreFollowed() throws {
    try TemporaryDirectory.with { directory in
      let path = directory + "/labels"
      try writeFile(path, "pool=\"a\"\n")
      let inbox = try Inbox()
      let input = try NodeInput(telling: inbox)
      defer { input.stop() }
      let signal = Signal(.node, "n")
      let desired = try Self.desired(
        #""n": { "labels": { "pool": "a" }, "file": "\#(path)" }"#)
      func said() -> Signal.State? { inbox.states(of: [signal])[signal] }
      input.update(desired)
      #expect(input.states(in: NetworkState(), for: desired) == [signal: .up])
      #expect(said() == .up)
      try writeFile(path + ".new", "pool=\"b\"\n")
      rename(path + ".new", path)
      #expect(eventually { said() == .down })
      #expect(input.reason(for: signal) == "its label pool is \"b\"")
      // As a ConfigMap does: by a link to another directory.
      mkdir(directory + "/data", 0o755)
      try writeFile(directory + "/data/labels", "pool=\"a\"\n")
      symlink("data/labels", path + ".link")
      rename(path + ".link", path)
      #expect(eventually { said() == .up })
      try writeFile(directory + "/data/labels", "pool\n")
      #expect(eventually { input.reason(for: signal)?.contains("line 1") == true })
      #expect(said() == .up)
      unlink(path)
      #expect(eventually { input.reason(for: signal)?.contains("cannot read") == true })
      #expect(said() == .up)
    }
  }

  /// Without labels nothing is known of the node: what its labels decide stays as it is.
  @Test func missingLabelsAreUnknown() throws {
    let desired = try Self.desired(
      #""n": { "labels": { "pool": "a" }, "file": "/nowhere/labels" }, "all": { "hostname": "*" }"#)
    let states = NodeIdentity().states(of: desired)
    #expect(states == [Signal(.node, "n"): .unknown, Signal(.node, "all"): .up])
  }
}
