/// RFC 4648, section 4.
public enum Base64 {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  public static func text(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      var bits: UInt32 = 0
      for position in 0..<3 {
        bits = bits << 8 | (position < group.count ? UInt32(group[start + position]) : 0)
      }
      for position in 0..<4 {
        text.append(
          position <= group.count
            ? alphabet[Int(bits >> UInt32(18 - 6 * position) & 63)] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Nil if the text isn't base64.
  public static func bytes(_ text: [UInt8]) -> [UInt8]? {
    guard text.count % 4 == 0 else { return nil }
    let digits = text.prefix { $0 != UInt8(ascii: "=") }
    guard text.count - digits.count <= 2,
      text[digits.count...].allSatisfy({ $0 == UInt8(ascii: "=") })
    else { return nil }
    var (bytes, bits, count): ([UInt8], UInt32, UInt32) = ([], 0, 0)
    for character in digits {
      guard let digit = alphabet.firstIndex(of: character) else { return nil }
      bits = bits << 6 | UInt32(digit)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> count))
      }
    }
    return bytes
  }

  /// 32 bytes in their one spelling.
  static func key(_ text: [UInt8]) -> [UInt8]? {
    guard text.count == 44, text[43] == UInt8(ascii: "="), let bytes = bytes(text) else {
      return nil
    }
    // Bits that no byte has are 0.
    return self.text(bytes).utf8.elementsEqual(text) ? bytes : nil
  }
}
