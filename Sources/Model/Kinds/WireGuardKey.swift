internal import Crypto

/// A Curve25519 public key, which names a peer.
public struct PublicKey: Hashable, Comparable, Sendable, CustomStringConvertible, ValueConvertible {
  public let bytes: [UInt8]

  /// Nil unless there are 32 bytes.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  /// 44 characters of base64, as `wg pubkey` prints them.
  public init?(_ text: String) {
    guard let bytes = Base64.key(Array(text.utf8)) else { return nil }
    self.bytes = bytes
  }

  public static func < (a: Self, b: Self) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
  public var description: String { Base64.text(bytes) }
  public var value: Value { .string(description) }
}

/// A private or preshared key: never shown, by whatever way.
public struct SecretKey: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  public let bytes: [UInt8]

  /// Nil unless there are 32 bytes.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  /// What a file holds: 44 characters of base64, and a line's end.
  public init?(file: [UInt8]) {
    var text = file[...]
    if text.last == UInt8(ascii: "\n") { text.removeLast() }
    if text.last == UInt8(ascii: "\r") { text.removeLast() }
    guard let bytes = Base64.key(Array(text)) else { return nil }
    self.bytes = bytes
  }

  public var description: String { "(secret)" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: []) }

  /// What `wg pubkey` prints: X25519 of the base point (RFC 7748).
  public var publicKey: PublicKey {
    // Only another length than 32 bytes is refused.
    let key = try! Curve25519.KeyAgreement.PrivateKey(rawRepresentation: bytes)
    return PublicKey(bytes: key.publicKey.rawRepresentation.map { $0 })!
  }
}

enum Base64 {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func text(_ key: [UInt8]) -> String {
    var text: [UInt8] = []
    for start in stride(from: 0, to: key.count, by: 3) {
      let group = key[start..<min(start + 3, key.count)]
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

  /// 32 bytes in their one spelling.
  static func key(_ text: [UInt8]) -> [UInt8]? {
    guard text.count == 44, text[43] == UInt8(ascii: "=") else { return nil }
    var (bytes, bits, count): ([UInt8], UInt32, UInt32) = ([], 0, 0)
    for character in text.dropLast() {
      guard let digit = alphabet.firstIndex(of: character) else { return nil }
      bits = bits << 6 | UInt32(digit)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> count))
      }
    }
    return bits & 3 == 0 ? bytes : nil
  }
}
