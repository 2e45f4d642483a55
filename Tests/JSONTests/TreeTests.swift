import JSON
import Testing

private let samples: [(tree: Tree, width: Int, text: String)] = [
  ([:], 100, "{}\n"),
  ([], 100, "[]\n"),
  (.null, 100, "null\n"),
  (["name": "br0", "mtu": 1420], 100, "{ \"name\": \"br0\", \"mtu\": 1420 }\n"),
  (["ports": [6881, 6882], "up": true], 100, "{ \"ports\": [6881, 6882], \"up\": true }\n"),
  // One line if it fits, with the comma after it.
  (["a": 1], 10, "{ \"a\": 1 }\n"),
  (["a": 1], 9, "{\n  \"a\": 1\n}\n"),
  ([[1, 2], [3, 4]], 9, "[\n  [1, 2],\n  [3, 4]\n]\n"),
  ([[1, 2], [3, 4]], 8, "[\n  [\n    1,\n    2\n  ],\n  [3, 4]\n]\n"),
  (
    ["links": [["name": "br0", "type": "bridge"], ["name": "lo"]], "rules": []], 40,
    """
    {
      "links": [
        { "name": "br0", "type": "bridge" },
        { "name": "lo" }
      ],
      "rules": []
    }

    """
  ),
  (["long"], 3, "[\n  \"long\"\n]\n"),
  (
    "\"\\/\u{8}\u{C}\n\r\t\u{1}\u{1F}\u{7F}é😀", 100,
    #""\"\\/\b\f\n\r\t\u0001\u001f\u007fé😀"# + "\"\n"
  ),
]

@Test(arguments: samples)
func whatFitsOnALineIsWrittenOnIt(tree: Tree, width: Int, text: String) {
  #expect(tree.text(width: width) == text)
}

@Test func compactTextIsOneLineWithoutSpaces() {
  let tree: Tree = ["a": [1, true, .null, .real(0.5)], "b": ["c": "d e"], "e": [:], "f": []]
  #expect(tree.compact == #"{"a":[1,true,null,0.5],"b":{"c":"d e"},"e":{},"f":[]}"#)
}

@Test(
  arguments: [
    .null, true, false, 0, .integer(.min), .integer(.max), "", [], [:],
    .real(0.1), .real(-1e300), .real(.leastNonzeroMagnitude), .real(1), .real(1e16),
    .real(.greatestFiniteMagnitude),
    "\"\\/\u{8}\u{C}\n\r\t\u{1}\u{1F}\u{7F}\u{2028}é😀\u{10FFFF}",
    ["z": [["a": 1], [], [[]], ["b": [:]]], "": "", "é": .null, "\n": ["deep": [1, 2, "three"]]],
  ] as [Tree])
func whatIsWrittenIsReadBack(tree: Tree) throws {
  for text in [tree.compact, tree.text(), tree.text(width: 0), tree.text(width: .max)] {
    let document = try parse(text)
    #expect(Tree(document.root) == tree)
  }
}

@Test func whatIsNotFiniteIsNull() {
  #expect(([.real(.infinity), .real(.nan)] as Tree).compact == "[null,null]")
}

@Test func noLineIsWiderThanTheWidthIfItCanBeBroken() {
  let element: Tree = ["name": "br0", "ports": [1, 2, 3], "tags": ["a": "b", "c": [:]]]
  let tree = Tree.array(Array(repeating: element, count: 3))
  for width in 24...120 {
    let lines = tree.text(width: width).split(separator: "\n")
    #expect(lines.allSatisfy { $0.utf8.count <= width }, "width \(width)")
  }
}

@Test func aDeepTreeIsWritten() throws {
  let tree = (0..<2000).reduce(Tree.null) { tree, _ in [tree] }
  let document = try parse(tree.text())
  #expect(Tree(document.root) == tree)
}
