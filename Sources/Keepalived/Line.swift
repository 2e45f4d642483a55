/// A line of configuration once everything in it is replaced, and where it came from.
struct Line: Equatable {
  var text: [UInt8]
  var origin: Origin
}

/// Where something was written.
public struct Origin: Hashable, Sendable, CustomStringConvertible {
  public var file: String
  /// From 1.
  public var line: Int

  public var description: String { "\(file):\(line)" }
}

/// Something that a state file has no word for.
public struct Note: Hashable, Sendable, CustomStringConvertible {
  public var origin: Origin
  public var message: String

  public var description: String { "\(origin): \(message)" }
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

  /// Of a parameter's name.
  var isNameByte: Bool {
    switch self {
    case "a"..."z", "A"..."Z", "0"..."9", "_": true
    default: false
    }
  }
}

extension UInt8: @retroactive ExpressibleByUnicodeScalarLiteral {
  public init(unicodeScalarLiteral scalar: Unicode.Scalar) { self = UInt8(ascii: scalar) }
}
