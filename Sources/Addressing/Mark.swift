/// A firewall mark with its mask, written `0x1900` or `0x1900/0xff00`.
public struct Mark: Hashable, Sendable {
  public let bits: UInt32
  public let mask: UInt32

  public init(_ bits: UInt32, mask: UInt32 = .max) {
    self.bits = bits
    self.mask = mask
  }
}

extension Mark: Comparable {
  public static func < (a: Mark, b: Mark) -> Bool { (a.bits, a.mask) < (b.bits, b.mask) }
}

extension Mark: LosslessStringConvertible {
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    func number(_ part: Substring) -> UInt32? {
      guard part.hasPrefix("0x"), (3...10).contains(part.utf8.count),
        part.utf8.dropFirst(2).allSatisfy({ hexDigit($0) != nil })
      else { return nil }
      return UInt32(part.dropFirst(2), radix: 16)
    }
    guard let value = number(parts[0]) else { return nil }
    switch parts.count {
    case 1: self.init(value)
    case 2:
      guard let mask = number(parts[1]) else { return nil }
      self.init(value, mask: mask)
    default: return nil
    }
  }

  public var description: String {
    let text = "0x" + String(bits, radix: 16)
    return mask == .max ? text : text + "/0x" + String(mask, radix: 16)
  }
}
