/// Bob Jenkins's lookup3 as in `include/linux/jhash.h`, for little-endian machines: written from
/// its description, so that something other than nft predicts where a flow goes.
enum JenkinsHash {
  static func hash(_ bytes: [UInt8], seed: UInt32) -> UInt32 {
    var (a, b, c) = (UInt32(0), UInt32(0), UInt32(0))
    a = 0xdead_beef &+ UInt32(bytes.count) &+ seed
    (b, c) = (a, a)
    var rest = bytes[...]
    func word(_ index: Int) -> UInt32 {
      rest.dropFirst(index * 4).prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
    while rest.count > 12 {
      (a, b, c) = (a &+ word(0), b &+ word(1), c &+ word(2))
      for (shiftA, shiftB, shiftC) in [(4, 6, 8), (16, 19, 4)] {
        a = (a &- c) ^ rotated(c, shiftA)
        c = c &+ b
        b = (b &- a) ^ rotated(a, shiftB)
        a = a &+ c
        c = (c &- b) ^ rotated(b, shiftC)
        b = b &+ a
      }
      rest = rest.dropFirst(12)
    }
    (a, b, c) = (a &+ word(0), b &+ word(1), c &+ word(2))
    c = (c ^ b) &- rotated(b, 14)
    a = (a ^ c) &- rotated(c, 11)
    b = (b ^ a) &- rotated(a, 25)
    c = (c ^ b) &- rotated(b, 16)
    a = (a ^ c) &- rotated(c, 4)
    b = (b ^ a) &- rotated(a, 14)
    c = (c ^ b) &- rotated(b, 24)
    return c
  }

  /// `reciprocal_scale`: nft's `mod`.
  static func bucket(_ bytes: [UInt8], of count: UInt32, seed: UInt32) -> Int {
    Int((UInt64(hash(bytes, seed: seed)) * UInt64(count)) >> 32)
  }

  private static func rotated(_ value: UInt32, _ bits: Int) -> UInt32 {
    value << UInt32(bits) | value >> UInt32(32 - bits)
  }
}
