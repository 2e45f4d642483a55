import Testing

@testable import JSON

/// Texts with one mistake each, and the message for it.
private let mistakes: [(text: String, error: String)] = [
  ("", "1:1: the text is empty"),
  (" \n ", "2:2: the text ends before any value"),
  ("\u{FEFF}{}", "1:1: the text begins with a byte order mark: save it as UTF-8 without one"),

  // Cut off.
  ("{\n  \"a\": [1,\n    2", "3:6: the text ends inside an array (opened at 2:8)"),
  ("{ \"a\"", "1:6: the text ends inside an object (opened at 1:1)"),
  ("{ \"a\": ", "1:8: the text ends inside an object (opened at 1:1)"),
  ("{ \"a\": \"b", "1:10: the text ends inside a string (opened at 1:8)"),
  ("\"\\", "1:3: the text ends inside a string (opened at 1:1)"),
  ("[-", "1:3: the text ends inside an array (opened at 1:1)"),

  // Commas, colons, brackets.
  ("{ \"a\": 1, }", "1:9: a comma with nothing after it"),
  ("[1,\n]", "1:3: a comma with nothing after it"),
  ("[,1]", "1:2: a comma with nothing before it"),
  ("[1,,2]", "1:4: ',' where a value belongs"),
  ("{ \"a\": 1\n  \"b\": 2 }", "2:3: a comma is missing before this"),
  ("[1 2]", "1:4: a comma is missing before this"),
  ("{ \"a\" 1 }", "1:7: '1' where ':' belongs"),
  ("{ \"a\" = 1 }", "1:7: '=' where ':' belongs"),
  ("{ \"a\": 1 ]", "1:10: ']' where ',' or '}' belongs (opened at 1:1)"),
  ("[\n1 }", "2:3: '}' where ',' or ']' belongs (opened at 1:1)"),
  ("{}\n}", "2:1: '}' where the end of the text belongs"),
  ("{} \"a\"", "1:4: '\"' where the end of the text belongs"),

  // What other notations allow.
  ("{ 'a': 1 }", "1:3: strings and keys stand in double quotes, not in single ones"),
  ("[\"a\", 'b']", "1:7: strings and keys stand in double quotes, not in single ones"),
  ("[\u{201C}a\u{201D}]", "1:2: strings and keys stand in straight double quotes"),
  ("{ a: 1 }", "1:3: a where a key belongs; names stand in double quotes"),
  ("{\n  // why\n}", "2:3: JSON has no comments"),
  ("[1, /* why */ 2]", "1:5: JSON has no comments"),
  ("[1] # why", "1:5: JSON has no comments"),
  ("[NaN]", "1:2: NaN where a value belongs; names stand in double quotes"),
  ("[-Infinity]", "1:3: Infinity where a digit belongs; names stand in double quotes"),
  ("[True]", "1:2: True is written true"),
  ("[truefalse]", "1:2: truefalse where a value belongs; names stand in double quotes"),

  // Numbers.
  ("[01]", "1:2: a number has no leading zero"),
  ("[-007]", "1:2: a number has no leading zero"),
  ("[0x1900]", "1:2: numbers are decimal; a hexadecimal one belongs in double quotes"),
  ("[+1]", "1:2: a number has no plus sign"),
  ("[.5]", "1:2: '.' where a value belongs"),
  ("[1.]", "1:4: ']' where a digit belongs"),
  ("[1e]", "1:4: ']' where a digit belongs"),
  (
    "[9223372036854775808]",
    "1:2: an integer is between -9223372036854775808 and 9223372036854775807"
  ),
  (
    "[-9223372036854775809]",
    "1:2: an integer is between -9223372036854775808 and 9223372036854775807"
  ),
  ("[1e400]", "1:2: a number with a fraction or an exponent is at most 1.8e308"),

  // Strings.
  (
    "[\"a\nb\"]",
    #"1:4: a string closes on its own line; a line break in it is written \n (opened at 1:2)"#
  ),
  ("[\"a\tb\"]", #"1:4: a tab in a string is written \t"#),
  ("[\"a\u{7}\"]", #"1:4: the control character in this string is written \u0007"#),
  ("[\"\0\"]", #"1:3: the control character in this string is written \u0000"#),
  (#"["\x"]"#, #"1:3: no such escape; there are \" \\ \/ \b \f \n \r \t and \u0041"#),
  (#"["\u12g4"]"#, #"1:3: four hexadecimal digits belong after \u"#),
  (#"["\u0000"]"#, #"1:3: \u0000 is not allowed: in the kernel it would end the name early"#),
  (#"["\ud800"]"#, #"1:3: half of a surrogate pair; both halves belong together: \ud83d\ude00"#),
  (
    #"["\ud83d\u0041"]"#,
    #"1:3: half of a surrogate pair; both halves belong together: \ud83d\ude00"#
  ),
  (#"["\ude00"]"#, #"1:3: half of a surrogate pair; both halves belong together: \ud83d\ude00"#),

  // Columns count code points.
  ("[\"é😀\" 1]", "1:7: a comma is missing before this"),
  ("[\0]", "1:2: the byte 0x00 where a value belongs"),
  ("[1\0]", "1:3: the byte 0x00 where ',' or ']' belongs (opened at 1:1)"),
  ("[]\0", "1:3: the byte 0x00 where the end of the text belongs"),
]

private let mistakenBytes: [(bytes: [UInt8], error: String)] = [
  ([0xFF, 0xFE, 0x7B, 0x00], "1:1: the text is UTF-16: save it as UTF-8"),
  ([0x5B, 0xFF, 0x5D], "1:2: the byte 0xff is not UTF-8 here"),
  ([0x5B, 0x22, 0xC3, 0x22, 0x5D], "1:3: the byte 0xc3 is not UTF-8 here"),
  ([0x22, 0xED, 0xA0, 0x80, 0x22], "1:2: the byte 0xed is not UTF-8 here"),  // a surrogate
  ([0x22, 0xC0, 0x80, 0x22], "1:2: the byte 0xc0 is not UTF-8 here"),  // an overlong NUL
]

@Test(arguments: mistakes)
func everyMistakeIsNamedWhereItStands(text: String, error: String) {
  let thrown = #expect(throws: SyntaxError.self) { try Document(Array(text.utf8)) }
  #expect(thrown?.description == error)
}

@Test(arguments: mistakenBytes)
func whatIsNotUTF8IsNamedWhereItStands(bytes: [UInt8], error: String) {
  let thrown = #expect(throws: SyntaxError.self) { try Document(bytes) }
  #expect(thrown?.description == error)
}

@Test func nestingIsRefusedOneDeeperThanTheLimit() throws {
  func nested(_ depth: Int) -> [UInt8] {
    Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
  }
  _ = try Document(nested(2048))
  let thrown = #expect(throws: SyntaxError.self) { try Document(nested(2049)) }
  #expect(thrown?.description == "1:2049: values are nested more than 2048 deep")
  #expect(throws: SyntaxError.self) { try Document(nested(1_000_000)) }
}

@Test func aMistakeBehindADuplicateIsTheError() {
  let thrown = #expect(throws: SyntaxError.self) {
    try Document(Array(#"{ "a": 1, "a": 2, }"#.utf8))
  }
  #expect(thrown?.description == "1:17: a comma with nothing after it")
}

@Test(
  arguments: [
    "0", "-0", "1E+5", "-1.5e-3", "1e-400", "9223372036854775807", "-9223372036854775808",
    "1.7976931348623157e308", "0000000000000000000000", "123456789012345678901234567890.5", "true",
    "null", "\"\u{7F}\"", "\"\u{FFFF}\"", "\"\u{10FFFF}\"", #""\/\uD83D\uDE00\uFFFF""#, "\r\n\t []",
    "\u{A0}[]", "\u{B}[]", "[1]\u{C}", "1 2", "\"\u{FEFF}\"", "{\"\":0}", "{\"a\":1 \"b\"}", "-",
    "--1",
    "1.8e308", "1.7976931348623159e308", "{1:2}", "{\"a\":}", "{,}", "{\"\\u0000\":1}",
  ])
func theScannerAcceptsWhatJanssonAccepts(text: String) {
  expectAgreement(on: Array(text.utf8))
}

/// Otherwise a place would be missing, or a mistake would be reported in jansson's words.
func expectAgreement(on bytes: [UInt8]) {
  var scanner = Scanner(bytes)
  var fault: Fault?
  do throws(Fault) { try scanner.skipDocument() } catch { fault = error }
  do throws(SyntaxError) {
    _ = try Document(bytes)
    #expect(fault == nil, "\(String(decoding: bytes, as: UTF8.self))")
  } catch {
    #expect(fault != nil, "\(error) in \(String(decoding: bytes, as: UTF8.self))")
  }
}
