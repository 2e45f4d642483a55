internal import JSON

/// How a state file writes values of a type.
protocol Form<Output>: Sendable {
  associatedtype Output: Sendable
  func read(_ value: JSON.Value) throws(Mismatch) -> Output
}

/// What a value is, and what it must be.
struct Mismatch: Error {
  var message: String

  init(_ message: String) { self.message = message }

  /// `must be a string, not the number 5`.
  init(_ value: JSON.Value, mustBe what: String) {
    message = "must be \(what), not \(value.shown)"
  }
}

extension JSON.Value {
  /// The value for a message.
  var shown: String {
    switch kind {
    case .object: "an object"
    case .array: "an array"
    case .string: "the string \(quoted(string!))"
    case .integer: "the number \(integer!)"
    case .real: "the number \(real!)"
    case .bool: bool! ? "true" : "false"
    case .null: "null"
    }
  }
}

/// `true` or `false`.
struct BoolForm: Form {
  func read(_ value: JSON.Value) throws(Mismatch) -> Bool {
    guard let flag = value.bool else { throw Mismatch(value, mustBe: "true or false") }
    return flag
  }
}

/// Only `true`: leave the key out for false.
struct FlagForm: Form {
  func read(_ value: JSON.Value) throws(Mismatch) -> Bool {
    guard value.bool == true else { throw Mismatch(value, mustBe: "true, or left out") }
    return true
  }
}

/// A whole number within limits.
struct IntegerForm<Number: FixedWidthInteger & Sendable>: Form {
  let range: ClosedRange<Number>
  var unit = ""

  func read(_ value: JSON.Value) throws(Mismatch) -> Number {
    guard let integer = value.integer, let number = Number(exactly: integer), range.contains(number)
    else {
      let bounds =
        range.lowerBound == range.upperBound
        ? "\(range.lowerBound)"
        : "an integer from \(range.lowerBound) to \(range.upperBound)\(unit)"
      throw Mismatch(value, mustBe: bounds)
    }
    return number
  }
}

/// A string, read by a function that says what is wrong with it.
struct TextForm<Output: Sendable>: Form {
  /// `an address such as "192.0.2.1"`.
  let what: String
  let parse: @Sendable (String) throws(Mismatch) -> Output

  func read(_ value: JSON.Value) throws(Mismatch) -> Output {
    guard let text = value.string else { throw Mismatch(value, mustBe: what) }
    return try parse(text)
  }
}

/// One of several words.
struct WordForm<Output: Sendable>: Form {
  let words: [(word: String, meaning: Output)]

  init(_ words: [(String, Output)]) { self.words = words }

  func read(_ value: JSON.Value) throws(Mismatch) -> Output {
    guard let text = value.string else {
      throw Mismatch(value, mustBe: "one of " + Spelling.list(words.map { quoted($0.word) }, "or"))
    }
    guard let match = words.first(where: { $0.word == text }) else {
      throw Mismatch(
        "unknown word \(quoted(text))"
          + Spelling.hint(text, among: words.map(\.word), called: "the words here"))
    }
    return match.meaning
  }
}

extension WordForm {
  init(_ type: Output.Type, _ word: (Output) -> String) where Output: CaseIterable {
    self.init(type.allCases.map { (word($0), $0) })
  }
}

extension Form where Self == BoolForm {
  static var bool: BoolForm { BoolForm() }
}
extension Form where Self == FlagForm {
  static var flag: FlagForm { FlagForm() }
}
// Two parameters instead of a range: with a range literal the compiler can't infer the types.
extension Form where Self == IntegerForm<UInt8> {
  static func uint8(_ least: UInt8, to most: UInt8) -> Self { IntegerForm(range: least...most) }
}
extension Form where Self == IntegerForm<UInt16> {
  static func uint16(_ least: UInt16, to most: UInt16) -> Self { IntegerForm(range: least...most) }
}
extension Form where Self == IntegerForm<UInt32> {
  static func uint32(_ least: UInt32, to most: UInt32) -> Self { IntegerForm(range: least...most) }
  static func bytes(_ least: UInt32, to most: UInt32) -> Self {
    IntegerForm(range: least...most, unit: " bytes")
  }
}
