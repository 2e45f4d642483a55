internal import JSON
internal import Model
import Nftables

/// The members of an object; a member that is never asked for is a mistake.
final class NftablesFields {
  private let value: JSON.Value
  private let reader: NftablesReader
  /// So few that a search is faster than a set.
  private var asked: [String] = []
  // nft's own numbers, which mean nothing elsewhere, and a comment where nft has none of its own.
  private static let ignored = ["handle", "index", commentKey]

  init?(_ value: JSON.Value, _ reader: NftablesReader) {
    guard value.members != nil else {
      reader.report("an object belongs here")
      return nil
    }
    self.value = value
    self.reader = reader
  }

  /// Reports members that were never asked for.
  func finish() {
    for member in value.members!
    where !asked.contains(member.key) && !Self.ignored.contains(member.key) {
      reader.within(.key(member.key)) { reader.report("\"\(member.key)\" is not supported here") }
    }
  }

  subscript(key: String) -> JSON.Value? {
    asked.append(key)
    guard let found = value[key], found.kind != .null else { return nil }
    return found
  }

  func has(_ key: String) -> Bool { value[key] != nil }

  func required(_ key: String) -> JSON.Value? {
    if let found = self[key] { return found }
    return reader.fail("\"\(key)\" is missing")
  }

  func read<T>(_ key: String, _ body: (JSON.Value) -> T?) -> T? {
    guard let found = self[key] else { return nil }
    return reader.within(.key(key)) { body(found) }
  }

  func string(_ key: String) -> String? {
    read(key) { $0.string ?? reader.fail("a string belongs here") }
  }

  func required(string key: String) -> String? {
    guard let found = required(key) else { return nil }
    return found.string ?? reader.within(.key(key)) { reader.fail("a string belongs here") }
  }

  func bool(_ key: String) -> Bool {
    read(key) { $0.bool ?? reader.fail("true or false belongs here") } ?? false
  }

  func integer<T: FixedWidthInteger>(_ key: String, as: T.Type = T.self) -> T? {
    read(key) { value -> T? in
      guard let integer = value.integer else { return reader.fail("an integer belongs here") }
      guard let number = T(exactly: integer) else {
        return reader.fail("a number from \(T.min) to \(T.max)")
      }
      return number
    }
  }

  /// nft prints numbers from 2^31 on as negative.
  func word(_ key: String) -> UInt32? {
    guard let value: Int64 = integer(key) else { return nil }
    if let number = UInt32(exactly: value) { return number }
    if let number = Int32(exactly: value) { return UInt32(bitPattern: number) }
    return reader.within(.key(key)) { reader.fail("a number from 0 to \(UInt32.max)") }
  }

  func required(word key: String) -> UInt32? {
    guard required(key) != nil else { return nil }
    return word(key)
  }

  func required<T: FixedWidthInteger>(integer key: String) -> T? {
    guard required(key) != nil else { return nil }
    return integer(key)
  }

  /// One word, or an array of words.
  func words(_ key: String) -> [String] {
    read(key) { value -> [String]? in
      if let word = value.string { return [word] }
      guard let elements = value.elements else { return reader.fail("a string or an array") }
      var words: [String] = []
      for (index, element) in elements.enumerated() {
        if let word = element.string {
          words.append(word)
        } else {
          reader.within(.index(index)) { reader.report("a string belongs here") }
        }
      }
      return words
    } ?? []
  }

  /// One of a closed set of words; the message for any other lists them.
  func word<T: Nftables.Word>(_ key: String, _ what: String) -> T? {
    string(key).flatMap { oneOf($0, what) }
  }

  func required<T: Nftables.Word>(word key: String, _ what: String) -> T? {
    required(string: key).flatMap { oneOf($0, what) }
  }

  func words<T: Nftables.Word>(_ key: String, of what: String) -> [T] {
    words(key).compactMap { oneOf($0, what) }
  }

  private func oneOf<T: Nftables.Word>(_ text: String, _ what: String) -> T? {
    if let word = T(rawValue: text) { return word }
    let known = T.allCases.map(\.rawValue).joined(separator: ", ")
    return reader.fail("\(what) \(text): one of \(known)")
  }

  func expression(_ key: String) -> Nftables.Expression? {
    read(key) { reader.expression($0) }
  }

  func required(expression key: String) -> Nftables.Expression? {
    guard required(key) != nil else { return nil }
    return expression(key)
  }

  /// A number, or a name with an offset: nft(8), STANDARD PRIORITY NAMES.
  func priority(_ key: String, _ family: Nftables.Family) -> Int32? {
    guard let value = required(key) else { return nil }
    guard let text = value.string else { return integer(key) }
    let parts = text.split(separator: " ", omittingEmptySubsequences: true)
    let names: [String: Int32] =
      family == .bridge
      ? ["dstnat": -300, "filter": -200, "out": 100, "srcnat": 300]
      : ["raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100]
    if let name = parts.first, let base = names[String(name)] {
      if parts.count == 1 { return base }
      if parts.count == 3, let offset = Int32(parts[2]), abs(Int64(offset)) < 1 << 30 {
        if parts[1] == "+" { return base + offset }
        if parts[1] == "-" { return base - offset }
      }
    }
    if let number = Int32(text) { return number }
    return reader.within(.key(key)) {
      reader.fail("a number, or one of \(names.keys.sorted().joined(separator: ", "))")
    }
  }
}
