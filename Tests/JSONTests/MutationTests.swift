import JSON
import TestSupport
import Testing

private let seeds = [
  #"{"version":1,"links":[{"name":"br0","mtu":1420,"up":true}],"routes":[{"dst":"10.0.0.0/30"}]}"#,
  #"[[[]],{},{"a":{"b":[1.5e3,-0,0.1,null]}},"é😀\ud83d\ude00\u0041\\\"\/\n","",false]"#,
  #"{"a":1,"a":2,"\u0061":{"x":1,"x":[{"y":1,"y":2}]},"b":9223372036854775807}"#,
  "{ \"name\" : \"br0\",\r\n\t\"mtu\" : 1420 }\n",
]

/// The pieces that mistakes are made of: random bytes alone seldom resemble valid text.
private let fragments = [
  "{", "}", "[", "]", ",", ":", "\"", "\\", "'", "/", "#", "0", "-", "1e9", ".", "+", "true",
  "null",
  "NaN", "\\u0000", "\\ud83d", "\\ude00", "\\u0061", "\"a\":1,", "é", "😀", "\u{FEFF}", "\n", "\0",
  "99999999999999999999", "1e999", " ",
].map { Array($0.utf8) }

@Test func noTextHoweverBrokenCrashes() {
  var generator = SplitMix64(0x7670_6e67)
  var accepted = 0
  for _ in 0..<20_000 {
    var bytes = Array(seeds.randomElement(using: &generator)!.utf8)
    for _ in 0..<Int.random(in: 1...4, using: &generator) { mutate(&bytes, &generator) }
    expectAgreement(on: bytes)
    guard let document = try? Document(bytes) else { continue }
    accepted += 1

    let tree = Tree(document.root)
    expectReadBack(tree)
    // Every value of the tree has a place, and so has every duplicate.
    let pointers = pointers(to: tree)
    let places = document.places(of: pointers)
    #expect(places.count == pointers.count, "\(String(decoding: bytes, as: UTF8.self))")
    #expect(document.keyPlaces(of: pointers).count == pointers.count)
    let duplicates = document.duplicates
    #expect(Set(duplicates.map(\.place)).count == duplicates.count)
  }
  #expect(accepted > 1000)
}

private func expectReadBack(_ tree: Tree) {
  for text in [tree.compact, tree.text(width: 20)] {
    #expect(throws: Never.self) {
      let document = try parse(text)
      #expect(Tree(document.root) == tree)
    }
  }
}

private func pointers(to tree: Tree) -> [Pointer] {
  var pointers: [Pointer] = []
  func visit(_ tree: Tree, _ pointer: Pointer) {
    pointers.append(pointer)
    switch tree {
    case .object(let members):
      for (key, value) in members { visit(value, pointer.appending(.key(key))) }
    case .array(let elements):
      for (index, element) in elements.enumerated() {
        visit(element, pointer.appending(.index(index)))
      }
    default: break
    }
  }
  visit(tree, Pointer())
  return pointers
}

private func mutate(_ bytes: inout [UInt8], _ generator: inout SplitMix64) {
  let position = Int.random(in: 0...bytes.count, using: &generator)
  let end = min(bytes.count, position + Int.random(in: 0...8, using: &generator))
  switch Int.random(in: 0..<6, using: &generator) {
  case 0: bytes.insert(contentsOf: fragments.randomElement(using: &generator)!, at: position)
  case 1:
    bytes.replaceSubrange(position..<end, with: fragments.randomElement(using: &generator)!)
  case 2: bytes.removeSubrange(position..<end)
  case 3: bytes.insert(contentsOf: bytes[position..<end], at: 0)
  case 4: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: position)
  default: if position < bytes.count { bytes[position] ^= 1 << UInt8(position % 8) }
  }
}
