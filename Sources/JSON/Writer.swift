extension Tree {
  /// The text for people: indented by two spaces, with every value that fits kept on one line.
  ///
  /// `width` is in bytes of UTF-8. Ends with a newline.
  public func text(width: Int = 100) -> String {
    var writer = Writer(width: width)
    writer.write(self, indent: 0, trailing: 0)
    writer.text.append(UInt8(ascii: "\n"))
    return String(decoding: writer.text, as: UTF8.self)
  }

  /// The text for programs: one line without spaces and without a newline at its end.
  public var compact: String {
    var writer = Writer(width: 0)
    _ = writer.writeOnLine(self, limit: .max, spaced: false)
    return String(decoding: writer.text, as: UTF8.self)
  }
}

private struct Writer {
  var text: [UInt8] = []
  let width: Int
  /// Where the current line begins in the text.
  private var line = 0

  init(width: Int) {
    self.width = width
  }

  /// `trailing` is how many bytes must fit on the line after the value: 1 for a comma.
  mutating func write(_ tree: Tree, indent: Int, trailing: Int) {
    // A failed attempt writes at most one line's width for each container, so the whole stays
    // linear.
    let start = text.count
    let (limit, overflow) = line.addingReportingOverflow(width - trailing)
    if writeOnLine(tree, limit: overflow ? .max : limit, spaced: true) { return }
    text.removeSubrange(start...)

    switch tree {
    case .object(let members):
      text.append(UInt8(ascii: "{"))
      for (index, (key, value)) in members.enumerated() {
        newLine(indent + 2)
        writeString(key)
        text += ": ".utf8
        let trailing = index < members.count - 1 ? 1 : 0
        write(value, indent: indent + 2, trailing: trailing)
        if trailing > 0 { text.append(UInt8(ascii: ",")) }
      }
      newLine(indent)
      text.append(UInt8(ascii: "}"))
    case .array(let elements):
      text.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        newLine(indent + 2)
        let trailing = index < elements.count - 1 ? 1 : 0
        write(element, indent: indent + 2, trailing: trailing)
        if trailing > 0 { text.append(UInt8(ascii: ",")) }
      }
      newLine(indent)
      text.append(UInt8(ascii: "]"))
    default:
      _ = writeOnLine(tree, limit: .max, spaced: true)  // it can't be broken
    }
  }

  /// False, with part of the value written, as soon as the text exceeds the limit.
  mutating func writeOnLine(_ tree: Tree, limit: Int, spaced: Bool) -> Bool {
    guard text.count < limit else { return false }
    switch tree {
    case .object(let members):
      text += (spaced && !members.isEmpty ? "{ " : "{").utf8
      for (index, (key, value)) in members.enumerated() {
        if index > 0 { text += (spaced ? ", " : ",").utf8 }
        guard writeString(key, limit: limit) else { return false }
        text += (spaced ? ": " : ":").utf8
        guard writeOnLine(value, limit: limit, spaced: spaced) else { return false }
      }
      text += (spaced && !members.isEmpty ? " }" : "}").utf8
    case .array(let elements):
      text.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { text += (spaced ? ", " : ",").utf8 }
        guard writeOnLine(element, limit: limit, spaced: spaced) else { return false }
      }
      text.append(UInt8(ascii: "]"))
    case .string(let string): return writeString(string, limit: limit)
    case .integer(let integer): text += "\(integer)".utf8
    case .real(let real): text += (real.isFinite ? "\(real)" : "null").utf8
    case .bool(let bool): text += (bool ? "true" : "false").utf8
    case .null: text += "null".utf8
    }
    return text.count <= limit
  }

  @discardableResult
  private mutating func writeString(_ string: String, limit: Int = .max) -> Bool {
    guard string.utf8.count <= limit - text.count else { return false }
    text.append(UInt8(ascii: "\""))
    if string.utf8.allSatisfy({ $0 < 0x7f }) {
      for byte in string.utf8 { write(byte) }
    } else {
      for scalar in string.unicodeScalars { write(scalar) }
    }
    text.append(UInt8(ascii: "\""))
    return text.count <= limit
  }

  private mutating func write(_ byte: UInt8) {
    switch byte {
    case "\"": text += "\\\"".utf8
    case "\\": text += "\\\\".utf8
    case 0x08: text += "\\b".utf8
    case 0x09: text += "\\t".utf8
    case 0x0A: text += "\\n".utf8
    case 0x0C: text += "\\f".utf8
    case 0x0D: text += "\\r".utf8
    case ..<0x20: text += "\\u00\(byte.hex)".utf8
    default: text.append(byte)
    }
  }

  /// JSON is read on terminals too: control characters that a terminal acts on or doesn't show are
  /// escaped, such as those of C1 (U+009B begins a sequence) and marks that turn the direction of
  /// writing.
  private mutating func write(_ scalar: Unicode.Scalar) {
    if scalar.value < 0x7f { return write(UInt8(scalar.value)) }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator:
      for unit in UTF16.encode(scalar)! {
        text += "\\u\(UInt8(unit >> 8).hex)\(UInt8(truncatingIfNeeded: unit).hex)".utf8
      }
    default:
      text += UTF8.encode(scalar)!
    }
  }

  private mutating func newLine(_ indent: Int) {
    text.append(UInt8(ascii: "\n"))
    line = text.count
    text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent))
  }
}
