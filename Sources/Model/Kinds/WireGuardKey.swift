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
