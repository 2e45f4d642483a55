/// Walks a JSON text (RFC 8259) value by value, and says for each mistake what would be right.
///
/// Accepts and refuses the same texts as jansson, which tells neither where a value stands nor,
/// often, what is wrong. The caller pulls: `begin`, then `nextElement` or `nextKey` until the
/// container is closed, with one `begin` or `skip` for each value in between.
struct Scanner {
  enum Shape { case object, array, scalar }

  let text: [UInt8]
  let allowsComments: Bool
  var offset = 0
  /// The offsets of the brackets that are open here.
  var open: [Int] = []
  /// Just after an opening bracket, where no comma may stand.
  private var fresh = false

  init(_ text: [UInt8], _ allowsComments: Bool = false) {
    self.text = text
    self.allowsComments = allowsComments
  }

  var byte: UInt8? { offset < text.count ? text[offset] : nil }

  mutating func skipDocument() throws(Fault) {
    if let fault = encodingFault() { throw fault }
    try skip()
    skipSpace()
    guard byte == nil else { throw unexpected("the end of the text") }
  }

  mutating func skip() throws(Fault) {
    switch try begin() {
    case .scalar: break
    case .array: while try nextElement() { try skip() }
    case .object: while try nextKey() != nil { try skip() }
    }
  }

  mutating func skipSpace() {
    while let byte {
      if byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
        offset += 1
      } else if allowsComments, let end = Comments.end(from: offset, in: text) {
        offset = end
      } else {
        return
      }
    }
  }

  /// Reads a whole scalar, or the opening bracket of a container.
  mutating func begin() throws(Fault) -> Shape {
    skipSpace()
    guard let byte else { throw ended() }
    // jansson's JSON_PARSER_MAX_DEPTH, which counts a scalar as one level deeper than its
    // container.
    guard open.count < 2048 else { throw Fault(offset, "values are nested more than 2048 deep") }
    switch byte {
    case "{", "[":
      open.append(offset)
      offset += 1
      fresh = true
      return byte == "{" ? .object : .array
    case "\"": _ = try string()
    case "-": try number()
    case _ where byte.isDigit: try number()
    case _ where byte.isLetter: try word()
    default: throw unexpected("a value")
    }
    return .scalar
  }

  /// True if an element follows; false if the array is closed.
  mutating func nextElement() throws(Fault) -> Bool {
    try !closed(by: "]")
  }

  /// The range of the next member's key, quotes included; nil if the object is closed.
  mutating func nextKey() throws(Fault) -> Range<Int>? {
    if try closed(by: "}") { return nil }
    guard byte == "\"" else { throw unexpected("a key") }
    let key = try string()
    skipSpace()
    guard byte == ":" else { throw unexpected("':'") }
    offset += 1
    return key
  }

  /// Skips the closing bracket, or the comma before the next member or element.
  private mutating func closed(by bracket: Unicode.Scalar) throws(Fault) -> Bool {
    skipSpace()
    let first = fresh
    fresh = false
    if byte == bracket {
      offset += 1
      open.removeLast()
      return true
    }
    if first {
      if byte == "," { throw Fault(offset, "a comma with nothing before it") }
      return false
    }
    guard byte == "," else { throw unseparated(before: bracket) }
    let comma = offset
    offset += 1
    skipSpace()
    if byte == bracket { throw Fault(comma, "a comma with nothing after it") }
    return false
  }
}
