import JSON
import Testing

private let text = """
  {
    "routes": [
      { "dst": "10.0.0.0/30", "via": "10.255.0.2" },
      { "dst": "é😀", "v\\u0069a": null },
      7
    ],
    "a/b~c": { "": true },
    "\\ud83d\\ude00\\n": [[], [{}]]
  }
  """

private let places: [(pointer: Pointer, key: Place?, value: Place)] = [
  ([], nil, Place(line: 1, column: 1)),
  (["routes"], Place(line: 2, column: 3), Place(line: 2, column: 13)),
  (["routes", 0], nil, Place(line: 3, column: 5)),
  (["routes", 0, "via"], Place(line: 3, column: 29), Place(line: 3, column: 36)),
  (["routes", 1, "via"], Place(line: 4, column: 20), Place(line: 4, column: 32)),
  (["routes", 2], nil, Place(line: 5, column: 5)),
  (["a/b~c"], Place(line: 7, column: 3), Place(line: 7, column: 12)),
  (["a/b~c", ""], Place(line: 7, column: 14), Place(line: 7, column: 18)),
  (["😀\n"], Place(line: 8, column: 3), Place(line: 8, column: 21)),
  (["😀\n", 1, 0], nil, Place(line: 8, column: 27)),
]

@Test(arguments: places)
func everyPointerFindsItsKeyAndItsValue(pointer: Pointer, key: Place?, value: Place) throws {
  let document = try parse(text)
  #expect(document.places(of: [pointer]) == [pointer: value])
  #expect(document.keyPlaces(of: [pointer]) == [pointer: key ?? value])
}

@Test(
  arguments: [["none"], ["routes", 3], ["routes", "0"], ["routes", 2, "dst"], [0]] as [Pointer])
func aPointerThatLeadsNowhereHasNoPlace(pointer: Pointer) throws {
  let document = try parse(text)
  #expect(document.places(of: [pointer, ["routes"]]) == [["routes"]: Place(line: 2, column: 13)])
  #expect(document.keyPlaces(of: [pointer]).isEmpty)
}

@Test func placesAreThoseOfTheLastOccurrence() throws {
  let document = try parse(#"{"a":{"b":1,"c":2},"\u0061":{"c":3,"c":4}}"#)
  let pointers: [Pointer] = [["a"], ["a", "b"], ["a", "c"]]
  #expect(
    document.places(of: pointers) == [
      ["a"]: Place(line: 1, column: 29), ["a", "c"]: Place(line: 1, column: 40),
    ])
  #expect(
    document.keyPlaces(of: pointers) == [
      ["a"]: Place(line: 1, column: 20), ["a", "c"]: Place(line: 1, column: 36),
    ])
}

@Test func everyRepeatedKeyIsReportedWithItsPlace() throws {
  let document = try parse(
    """
    { "a": 1, "b": { "x": 1, "x": 2 },
      "a": [{ "é": 1, "\\u00e9": 2, "e\\u0301": 3 }],
      "\\u0061": 3, "/": 0, "\\/": 1, "c": 0 }
    """)
  #expect(
    document.duplicates.map { "\($0.place): \($0.pointer)" } == [
      "1:26: /b/x", "2:3: /a", "2:19: /a/0/é", "3:3: /a", "3:24: /~1",
    ])
}

@Test func aDocumentWithoutRepeatedKeysHasNoDuplicates() throws {
  #expect(try parse(#"[{ "a": 1 }, { "a": 2, "b": { "a": 3 } }]"#).duplicates.isEmpty)
}

@Test func pointersAreWrittenAsInRFC6901() {
  #expect(Pointer().description == "")
  #expect((["routes", 3, "via"] as Pointer).description == "/routes/3/via")
  #expect((["a/b", "m~n", "", "~1", "é"] as Pointer).description == "/a~1b/m~0n//~01/é")
}

@Test func keysAreTheSameIfTheirBytesAre() {
  #expect(["\u{E9}"] as Pointer != ["e\u{301}"])
  #expect(Set<Pointer>([["\u{E9}"], ["e\u{301}"], ["\u{E9}"]]).count == 2)
}

@Test func manyPlacesCostOneWalk() throws {
  let routes = (0..<20_000).map { _ in #"{"dst":"10.0.0.0/30","via":"10.255.0.2","dev":"d0"}"# }
  let document = try parse("{\"routes\":[\n" + routes.joined(separator: ",\n") + "]}")
  let pointers = (0..<20_000).map { Pointer(["routes", .index($0), "via"]) }
  var places: [Pointer: Place] = [:]
  let time = ContinuousClock().measure { places = document.places(of: pointers) }
  #expect(places.count == 20_000)
  #expect(places[["routes", 19_999, "via"]] == Place(line: 20_001, column: 28))
  // 20,000 walks would take minutes.
  #expect(time < .seconds(10))
}
