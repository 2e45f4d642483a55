/// A line of configuration after all replacements, with where it came from.
struct Line: Equatable {
  var text: [UInt8]
  var location: Location
}

/// Where something was written: a file and a line.
public struct Location: Hashable, Sendable, CustomStringConvertible {
  public var file: String
  /// From 1.
  public var line: Int

  public var description: String { "\(file):\(line)" }
}

/// Something that can't be stated in a state file.
public struct Note: Hashable, Sendable, CustomStringConvertible {
  public var location: Location
  public var message: String

  public var description: String { "\(location): \(message)" }
}

extension [UInt8] {
  var string: String { String(decoding: self, as: UTF8.self) }

  func trimmed() -> [UInt8] {
    guard let first = firstIndex(where: { !$0.isSpace }),
      let last = lastIndex(where: { !$0.isSpace })
    else { return [] }
    return Array(self[first...last])
  }
}

extension UInt8 {
  var isSpace: Bool { self == 0x20 || (0x09...0x0d).contains(self) }

  /// Whether the byte may be in a parameter's name.
  var isNameByte: Bool {
    (self | 0x20) &- 0x61 < 26 || self &- 0x30 < 10 || self == UInt8(ascii: "_")
  }
}

extension UInt8 {
  static let newline = UInt8(ascii: "\n")
  static let dollar = UInt8(ascii: "$")
  static let equals = UInt8(ascii: "=")
  static let backslash = UInt8(ascii: "\\")
  static let comma = UInt8(ascii: ",")
  static let opening = UInt8(ascii: "(")
  static let closing = UInt8(ascii: ")")
  static let hash = UInt8(ascii: "#")
  static let bang = UInt8(ascii: "!")
  static let at = UInt8(ascii: "@")
  static let caret = UInt8(ascii: "^")
  static let openBrace = UInt8(ascii: "{")
  static let closeBrace = UInt8(ascii: "}")
  static let quote = UInt8(ascii: "\"")
  static let apostrophe = UInt8(ascii: "'")
}
