/// An Ethernet address, written `02:00:5e:10:00:01`.
public struct MACAddress: Hashable, Sendable {
  /// The 48 bits, first octet highest.
  public let bits: UInt64

  /// Six bytes, else nil.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 6 else { return nil }
    bits = bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The address `count` further on, or back; nil outside of the 48 bits.
  public func offset(by count: Int) -> MACAddress? {
    let (sum, overflow) = Int(bits).addingReportingOverflow(count)
    return overflow || sum < 0 || sum >> 48 != 0 ? nil : MACAddress(bits: UInt64(sum))
  }

  private init(bits: UInt64) { self.bits = bits }

  public var bytes: [UInt8] { (0..<6).map { UInt8(truncatingIfNeeded: bits >> (40 - 8 * $0)) } }
  public var isMulticast: Bool { bits >> 40 & 1 == 1 }
  public var isZero: Bool { bits == 0 }
}

extension MACAddress: Comparable {
  public static func < (a: MACAddress, b: MACAddress) -> Bool { a.bits < b.bits }
}

extension MACAddress: LosslessStringConvertible {
  /// Six pairs of hex digits between colons.
  public init?(_ text: String) {
    let characters = Array(text.utf8)
    guard characters.count == 17 else { return nil }
    var value: UInt64 = 0
    for i in 0..<6 {
      guard let high = hexDigit(characters[3 * i]), let low = hexDigit(characters[3 * i + 1]),
        i == 5 || characters[3 * i + 2] == UInt8(ascii: ":")
      else { return nil }
      value = value << 8 | UInt64(high << 4 | low)
    }
    bits = value
  }

  public var description: String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
  }
}
