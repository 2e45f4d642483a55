import JSON
import Testing

@Test func valuesAreReadAsWritten() throws {
  let document = try parse(
    #"{ "s": "a\u0041é", "i": -42, "r": 1.5, "t": true, "f": false, "n": null, "a": [1, 2], "o": {} }"#
  )
  let root = document.root
  let kinds: [Value.Kind] = [.string, .integer, .real, .bool, .bool, .null, .array, .object]
  #expect(root.kind == .object)
  #expect(root.count == 8)
  #expect(root.members?.map(\.key) == ["s", "i", "r", "t", "f", "n", "a", "o"])
  #expect(root.members?.map(\.value.kind) == kinds)
  #expect(root["s"]?.string == "aAé")
  #expect(root["i"]?.integer == -42)
  #expect(root["r"]?.real == 1.5)
  #expect(root["t"]?.bool == true)
  #expect(root["f"]?.bool == false)
  #expect(root["a"]?.elements?.map(\.integer) == [1, 2])
  #expect(root["a"]?[1]?.integer == 2)
  withExtendedLifetime(document) {}
}

@Test func whatIsNotThereIsNil() throws {
  let document = try parse(#"{ "a": [1] }"#)
  let root = document.root
  #expect(root["b"] == nil)
  #expect(root[""] == nil)
  #expect(root[0] == nil)
  #expect(root["a"]?[1] == nil)
  #expect(root["a"]?[-1] == nil)
  #expect(root["a"]?["a"] == nil)
  #expect(root.string == nil)
  #expect(root.integer == nil)
  #expect(root.real == nil)
  #expect(root.bool == nil)
  #expect(root.elements == nil)
  #expect(root["a"]?.members == nil)
  #expect(root["a"]?[0]?.count == 0)
  withExtendedLifetime(document) {}
}

@Test func membersKeepTheOrderOfTheText() throws {
  let keys = (0..<1000).map { "key-\($0 * 7919 % 1000)" }
  let text = "{" + keys.map { "\"\($0)\":0" }.joined(separator: ",") + "}"
  let document = try parse(text)
  #expect(document.root.members?.map(\.key) == keys)
  withExtendedLifetime(document) {}
}

@Test func theLastOfRepeatedMembersCounts() throws {
  let document = try parse(#"{ "a": 1, "b": 2, "a": 3 }"#)
  #expect(document.root["a"]?.integer == 3)
  #expect(document.root.count == 2)
  withExtendedLifetime(document) {}
}

func parse(_ text: String) throws(SyntaxError) -> Document {
  try Document(Array(text.utf8))
}
