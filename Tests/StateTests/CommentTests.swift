import JSON
import Model
import State
import TestSupport
import Testing

/// `"comment"` is a note on any object, and means nothing.
@Suite struct CommentTests {
  @Test(arguments: Corpus.good)
  func anyObjectMayHaveAComment(name: String) throws {
    let plain = try StateFile.decode(Corpus.bytes(name), parameters: Corpus.parameters)
    let text = try Corpus.commented(name).text()
    let commented = try StateFile.decode(Array(text.utf8), parameters: Corpus.parameters)
    for state in [Signal.State.up, .down] {
      let signals = plain.signals.reduce(into: [:]) { $0[$1] = state }
      #expect(commented.expanded(given: signals) == plain.expanded(given: signals))
    }
  }

  @Test(arguments: [
    (#"{ "version": 1, "comment": 7 }"#, "1:28: /comment: must be a string, not the number 7"),
    (
      #"{ "version": 1, "links": [{ "name": "lo", "comment": ["a"] }] }"#,
      "/links/0/comment: must be a string"
    ),
    (
      #"{ "version": 1, "probes": { "comment": { "type": "tcp" } } }"#,
      "/probes/comment: this probe needs"
    ),
    (#"{ "version": 1, "coment": "x" }"#, "unknown key"),
  ])
  func aCommentIsAText(file: String, said: String) {
    let problems = #expect(throws: Problems.self) { try StateFile.decode(Array(file.utf8)) }
    let text = problems.map { "\($0.list)" } ?? ""
    #expect(text.contains(said), "\(text)")
  }
}

extension Corpus {
  /// A file with a comment on each object that may have one.
  static func commented(_ name: String) throws -> Tree {
    let document = try Document(bytes(name))
    defer { withExtendedLifetime(document) {} }
    return commented(Tree(document.root), [])
  }

  private static func commented(_ tree: Tree, _ path: [String]) -> Tree {
    switch tree {
    case .array(let elements): return .array(elements.map { commented($0, path + ["[]"]) })
    case .object(let members):
      let members = members.map { ($0.0, commented($0.1, path + [$0.0])) }
      if !mayHaveComment(path) { return .object(members) }
      // Nothing is substituted, but where nft's comments are.
      let comment: Tree = path.first == "nftables" ? "why" : "why, ${NOTHING}"
      return .object(members + [("comment", comment)])
    default: return tree
    }
  }

  private static func mayHaveComment(_ path: [String]) -> Bool {
    if ["headers", "labels"].contains(path.last) { return false }  // the keys are names
    guard path.first == "nftables" else { return true }
    return path.count < 3  // nft's own objects have comments of their own
  }
}
