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

  /// `wg pubkey`
  public var publicKey: PublicKey { PublicKey(bytes: Curve25519.publicKey(bytes))! }
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

/// X25519 (RFC 7748) of the base point, which makes a public key of a private one.
enum Curve25519 {
  /// A number modulo 2^255 - 19, in five limbs of 51 bits.
  private struct Element {
    var limbs: [UInt64]

    init(_ small: UInt64) { limbs = [small, 0, 0, 0, 0] }
    private init(limbs: [UInt64]) { self.limbs = limbs }

    private static let mask: UInt64 = (1 << 51) - 1

    static func + (a: Self, b: Self) -> Self {
      reduced((0..<5).map { UInt128(a.limbs[$0] + b.limbs[$0]) })
    }

    /// Four times the modulus keeps it above zero.
    static func - (a: Self, b: Self) -> Self {
      reduced(
        (0..<5).map {
          let modulus: UInt64 = $0 == 0 ? (1 << 51) - 19 : (1 << 51) - 1
          return UInt128(a.limbs[$0] + 4 * modulus - b.limbs[$0])
        })
    }

    static func * (a: Self, b: Self) -> Self {
      var sums = [UInt128](repeating: 0, count: 5)
      for i in 0..<5 {
        for j in 0..<5 {
          // 2^255 is 19.
          let product = UInt128(a.limbs[i]) * UInt128(b.limbs[j])
          sums[(i + j) % 5] += i + j < 5 ? product : 19 * product
        }
      }
      return reduced(sums)
    }

    private static func reduced(_ sums: [UInt128]) -> Self {
      var (sums, limbs) = (sums, [UInt64](repeating: 0, count: 5))
      for position in 0..<5 {
        limbs[position] = UInt64(truncatingIfNeeded: sums[position]) & mask
        let carry = sums[position] >> 51
        if position < 4 {
          sums[position + 1] += carry
        } else {
          let first = UInt128(limbs[0]) + 19 * carry
          limbs[0] = UInt64(truncatingIfNeeded: first) & mask
          limbs[1] += UInt64(truncatingIfNeeded: first >> 51)
        }
      }
      return Element(limbs: limbs)
    }

    /// To the power of 2^255 - 21.
    var inverse: Self {
      var result = Element(1)
      for bit in (0..<255).reversed() {
        result = result * result
        if bit != 2, bit != 4 { result = result * self }
      }
      return result
    }

    /// Exchanges two without a branch that a secret bit decides.
    static func swap(_ a: inout Self, _ b: inout Self, if bit: UInt64) {
      for position in 0..<5 {
        let difference = (0 &- bit) & (a.limbs[position] ^ b.limbs[position])
        a.limbs[position] ^= difference
        b.limbs[position] ^= difference
      }
    }

    /// Little-endian, below the modulus.
    var bytes: [UInt8] {
      // Twice, since a carry may leave another one.
      var reduced = Element.reduced(limbs.map { UInt128($0) })
      reduced = Element.reduced(reduced.limbs.map { UInt128($0) })
      // 19 more overflow 255 bits only where the number isn't below the modulus.
      var carry: UInt64 = 19
      for limb in reduced.limbs { carry = (limb + carry) >> 51 }
      var limbs = reduced.limbs
      carry *= 19
      for position in 0..<5 {
        limbs[position] += carry
        carry = limbs[position] >> 51
        limbs[position] &= Element.mask
      }
      return (0..<32).map { byte in
        var value: UInt8 = 0
        for bit in 0..<8 {
          let position = byte * 8 + bit
          guard position < 255 else { continue }
          value |= UInt8(limbs[position / 51] >> UInt64(position % 51) & 1) << UInt8(bit)
        }
        return value
      }
    }
  }

  static func publicKey(_ secret: [UInt8]) -> [UInt8] {
    var scalar = secret
    scalar[0] &= 248
    scalar[31] = scalar[31] & 127 | 64
    let base = Element(9)
    var (x2, z2, x3, z3) = (Element(1), Element(0), base, Element(1))
    var swapped: UInt64 = 0
    for position in (0..<255).reversed() {
      let bit = UInt64(scalar[position / 8] >> UInt8(position % 8) & 1)
      Element.swap(&x2, &x3, if: swapped ^ bit)
      Element.swap(&z2, &z3, if: swapped ^ bit)
      swapped = bit
      let (a, b) = (x2 + z2, x2 - z2)
      let (aa, bb) = (a * a, b * b)
      let e = aa - bb
      let (da, cb) = ((x3 - z3) * a, (x3 + z3) * b)
      let (sum, difference) = (da + cb, da - cb)
      x3 = sum * sum
      z3 = base * (difference * difference)
      x2 = aa * bb
      z2 = e * (aa + Element(121_665) * e)
    }
    Element.swap(&x2, &x3, if: swapped)
    Element.swap(&z2, &z3, if: swapped)
    return (x2 * z2.inverse).bytes
  }
}
