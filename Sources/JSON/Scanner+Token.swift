extension Scanner {
  /// Reads a string; returns its range, quotes included.
  mutating func string() throws(Fault) -> Range<Int> {
    let start = offset
    offset += 1
    while let byte {
      switch byte {
      case "\"":
        offset += 1
        return start..<offset
      case "\\": try escape(in: start)
      case 0x0A, 0x0D:
        let sentence = #"a string closes on its own line; a line break in it is written \n"#
        throw Fault(offset, sentence, opened: start)
      case 0x09: throw Fault(offset, #"a tab in a string is written \t"#)
      case ..<0x20:
        throw Fault(offset, #"the control character in this string is written \u00\#(byte.hex)"#)
      case ..<0x80: offset += 1
      default: offset += try sequenceLength()
      }
    }
    throw Fault(offset, "the text ends inside a string", opened: start)
  }

  /// The value of a string that was read.
  func string(_ range: Range<Int>) -> String {
    var rest = text[range.dropFirst().dropLast()]
    guard rest.contains(where: { $0 == "\\" }) else { return String(decoding: rest, as: UTF8.self) }
    var units: [UInt16] = []
    while let backslash = rest.firstIndex(where: { $0 == "\\" }) {
      units += String(decoding: rest[..<backslash], as: UTF8.self).utf16
      rest = rest[(backslash + 2)...]
      switch text[backslash + 1] {
      case "u":
        units.append(unit(at: backslash + 2) ?? 0xFFFD)
        rest = rest.dropFirst(4)
      case "b": units.append(0x08)
      case "f": units.append(0x0C)
      case "n": units.append(0x0A)
      case "r": units.append(0x0D)
      case "t": units.append(0x09)
      case let character: units.append(UInt16(character))
      }
    }
    units += String(decoding: rest, as: UTF8.self).utf16
    return String(decoding: units, as: UTF16.self)
  }

  private mutating func escape(in string: Int) throws(Fault) {
    let start = offset
    guard start + 1 < text.count else {
      throw Fault(text.count, "the text ends inside a string", opened: string)
    }
    offset += 2
    switch text[start + 1] {
    case "\"", "\\", "/", "b", "f", "n", "r", "t": return
    case "u": break
    default: throw Fault(start, #"no such escape; there are \" \\ \/ \b \f \n \r \t and \u0041"#)
    }
    guard let unit = unit(at: offset) else {
      throw Fault(start, #"four hexadecimal digits belong after \u"#)
    }
    offset += 4
    guard unit != 0 else {
      throw Fault(start, #"\u0000 is not allowed: in the kernel it would end the name early"#)
    }
    guard UTF16.isSurrogate(unit) else { return }
    guard UTF16.isLeadSurrogate(unit), byte == "\\", text[offset...].dropFirst().first == "u",
      let trail = self.unit(at: offset + 2), UTF16.isTrailSurrogate(trail)
    else {
      throw Fault(start, #"half of a surrogate pair; both halves belong together: \ud83d\ude00"#)
    }
    offset += 6
  }

  /// The UTF-16 code unit that four hexadecimal digits stand for.
  private func unit(at start: Int) -> UInt16? {
    guard start + 4 <= text.count else { return nil }
    var unit: UInt16 = 0
    for byte in text[start..<start + 4] {
      switch byte {
      case _ where byte.isDigit: unit = unit << 4 | UInt16(byte - 0x30)
      case 0x41...0x46, 0x61...0x66: unit = unit << 4 | UInt16((byte | 0x20) - 0x57)
      default: return nil
      }
    }
    return unit
  }

  /// The length of the UTF-8 sequence that begins here.
  func sequenceLength() throws(Fault) -> Int {
    var bytes = text[offset..<min(offset + 4, text.count)].makeIterator()
    var decoder = UTF8()
    guard case .scalarValue(let scalar) = decoder.decode(&bytes) else {
      throw Fault(offset, "the byte 0x\(text[offset].hex) is not UTF-8 here")
    }
    return UTF8.width(scalar)
  }

  mutating func number() throws(Fault) {
    let start = offset
    if byte == "-" { offset += 1 }
    if byte == "0" {
      offset += 1
      if byte == "x" || byte == "X" {
        throw Fault(start, "numbers are decimal; a hexadecimal one belongs in double quotes")
      }
      if byte?.isDigit == true { throw Fault(start, "a number has no leading zero") }
    } else {
      try digits()
    }
    var real = false
    if byte == "." {
      real = true
      offset += 1
      try digits()
    }
    if byte == "e" || byte == "E" {
      real = true
      offset += 1
      if byte == "+" || byte == "-" { offset += 1 }
      try digits()
    }
    guard real || offset - start > 18 else { return }
    let number = String(decoding: text[start..<offset], as: UTF8.self)
    if real, Double(number)?.isFinite != true {
      throw Fault(start, "a number with a fraction or an exponent is at most 1.8e308")
    }
    if !real, Int64(number) == nil {
      throw Fault(start, "an integer is between \(Int64.min) and \(Int64.max)")
    }
  }

  private mutating func digits() throws(Fault) {
    guard byte?.isDigit == true else { throw unexpected("a digit") }
    while byte?.isDigit == true { offset += 1 }
  }

  mutating func word() throws(Fault) {
    let word = word(at: offset)
    switch word {
    case "true", "false", "null": offset += word.utf8.count
    default: throw unexpected("a value")
    }
  }

  func word(at start: Int) -> String {
    let isPart = { (byte: UInt8) in byte.isLetter || byte.isDigit || byte == "_" }
    return String(decoding: text[start...].prefix(while: isPart), as: UTF8.self)
  }
}
