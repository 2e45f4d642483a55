// Lets bytes be compared with ASCII characters as they are written: `byte == "{"`.

func == (byte: UInt8?, character: Unicode.Scalar) -> Bool {
  byte == UInt8(ascii: character)
}

func ~= (character: Unicode.Scalar, byte: UInt8) -> Bool {
  byte == UInt8(ascii: character)
}

extension UInt8 {
  var isDigit: Bool { self &- 0x30 < 10 }

  /// An ASCII letter.
  var isLetter: Bool { (self | 0x20) &- 0x61 < 26 }

  /// Two hexadecimal digits.
  var hex: String { (self < 16 ? "0" : "") + String(self, radix: 16) }
}
