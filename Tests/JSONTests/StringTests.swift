import JSON
import Testing

@Suite struct StringTests {
  private static let text = #"""
    {
      "a": ["x${1}", "none", { "${key}": "\u0024{2}", "n": 5 }],
      "b": "$\u007b3}"
    }
    """#

  @Test func stringsAreFoundWithTheirPointers() throws {
    let document = try Document(Array(Self.text.utf8))
    let found = document.strings(containing: "${")
    #expect(found.values.map(\.pointer) == [["a", 0], ["a", 2, "${key}"], ["b"]])
    #expect(found.values.map(\.text) == ["x${1}", "${2}", "${3}"])
    #expect(found.keys == [["a", 2, "${key}"]])
    #expect(document.strings(containing: "absent").values.isEmpty)
  }

  @Test func aReplacedValueKeepsItsPlace() throws {
    let document = try Document(Array(Self.text.utf8))
    document.replace(["a", 0], by: 7)
    document.replace(["a", 2, "${key}"], by: "")
    document.replace(["b"], by: "\u{e9} \"")
    #expect(Tree(document.root) == ["a": [7, "none", ["${key}": "", "n": 5]], "b": "\u{e9} \""])
    #expect(document.places(of: [["a", 0]])[["a", 0]] == Place(line: 2, column: 9))
    #expect(document.places(of: [["b"]])[["b"]] == Place(line: 3, column: 8))
  }
}
