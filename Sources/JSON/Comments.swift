/// Comments as people write them into JSON: `// to the end of the line` and `/* to the next */`.
enum Comments {
  /// Where the comment that begins here ends, after its `*/` or before its line break; nil if none begins here or
  /// nothing ends it.
  static func end(from start: Int, in text: [UInt8]) -> Int? {
    guard start + 1 < text.count, text[start] == "/" else { return nil }
    var offset = start + 2
    switch text[start + 1] {
    case "/":
      while offset < text.count, text[offset] != 0x0A { offset += 1 }
      return offset
    case "*":
      while offset + 1 < text.count {
        if text[offset] == "*", text[offset + 1] == "/" { return offset + 2 }
        offset += 1
      }
      return nil
    default: return nil
    }
  }

  /// The text with spaces in place of comments, so that all else stays where it is; nil if there are none.
  ///
  /// One that nothing ends is left, for the parser to refuse.
  static func blanked(_ text: [UInt8]) -> [UInt8]? {
    var blanked: [UInt8]?
    var offset = 0
    while offset < text.count {
      switch text[offset] {
      case "\"":
        offset += 1
        while offset < text.count, text[offset] != UInt8(ascii: "\"") {
          offset += text[offset] == "\\" ? 2 : 1
        }
      case "/":
        guard let end = end(from: offset, in: text) else { break }
        if blanked == nil { blanked = text }
        for position in offset..<end where text[position] != 0x0A { blanked![position] = 0x20 }
        offset = end
        continue
      default: break
      }
      offset += 1
    }
    return blanked
  }
}
