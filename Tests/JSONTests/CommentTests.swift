import TestSupport
import Testing

@testable import JSON

private func read(_ text: String) throws -> Document {
  try Document(Array(text.utf8), allowsComments: true)
}

private func tree(_ text: String, allowsComments: Bool = true) throws -> Tree {
  let document = try Document(Array(text.utf8), allowsComments: allowsComments)
  return withExtendedLifetime(document) { Tree(document.root) }
}

@Test(arguments: [
  "// first\n{\"a\": 1}", "/* first */{\"a\": 1}", "{// why\n\"a\": 1}",
  "{\"a\" /* key */ : /* value */ 1}",
  "{\"a\": 1 // the last\n}", "{\"a\": 1}// no line break at the end", "{\"a\": 1}/**/",
  "{\"a\": 1}//",
  "{\"a\": 1 /* of\nseveral\nlines */}", "{\"a\": 1 /* // */ }", "{\"a\": 1 // /* nothing opens\n}",
  "{\"a\": 1 /* ** / é \u{0} */}", "{\r\n// \"b\": 2,\r\n\"a\": 1}",
])
func commentsAreAsIfTheyWereNotThere(_ text: String) throws {
  #expect(try tree(text) == .object([("a", 1)]))
}

@Test(arguments: ["\"// no comment\"", "\"/* none */\"", #""\"// none""#, #""\\ /* none""#])
func stringsHoldNoComments(_ text: String) throws {
  #expect(try tree("[\(text)]") == tree("[\(text)]", allowsComments: false))
}

@Test func placesAreThoseOfTheTextWithItsComments() throws {
  let document = try read("{ /* é😀 */ \"a\": [1, // one\n  /* two */ 2],\n\"a\": 3 }")
  #expect(document.duplicates.map(\.place) == [Place(line: 3, column: 1)])
  let first = try read("{ /* é😀 */ \"a\": [1, // one\n  /* two */ 2] }")
  let second = Pointer([.key("a"), .index(1)])
  #expect(first.places(of: [second]) == [second: Place(line: 2, column: 13)])
  let key = Pointer([.key("a")])
  #expect(first.keyPlaces(of: [key]) == [key: Place(line: 1, column: 12)])
}

@Test(arguments: [
  ("{ /* why }", "1:3: a comment that nothing ends: */ is missing"),
  ("{ \"a\": 1 } /*/", "1:12: a comment that nothing ends: */ is missing"),
  ("{ # why\n}", "1:3: a comment begins with //, or stands between /* and */"),
  ("{ / why\n}", "1:3: '/' where a key belongs"),
  ("[1, // one\n]", "1:3: a comma with nothing after it"),
  ("// nothing else", "1:16: the text ends before any value"),
  ("[1 /* one */ 2]", "1:14: a comma is missing before this"),
])
func mistakesInAndAroundComments(_ text: String, _ error: String) {
  let thrown = #expect(throws: SyntaxError.self) { try read(text) }
  #expect(thrown?.description == error)
}

/// Of a text that has comments, jansson sees blanks, and the scanner skips them: they must agree.
@Test func bothReadersFindTheSameComments() {
  var generator = SplitMix64(0x2f2f_2a2a)
  let pieces = [
    "/", "*", "//", "/*", "*/", "\"", "\\", "\n", "{", "}", "[", "]", ",", ":", "1", "\"a\":", " ",
    "é",
  ]
  var accepted = 0
  for _ in 0..<50_000 {
    let text = (0..<Int.random(in: 1...9, using: &generator)).map { _ in
      pieces.randomElement(using: &generator)!
    }.joined()
    var scanner = Scanner(Array(text.utf8), true)
    let isRead = (try? read(text)) != nil
    let isSkipped = (try? scanner.skipDocument()) != nil
    #expect(isRead == isSkipped, "\(text)")
    if isRead { accepted += 1 }
  }
  #expect(accepted > 100)
}
