/// Address families by iproute2's names.
public enum Family: String, Hashable, Sendable, Comparable, CaseIterable {
  case inet, inet6

  /// Bits in an address: 32 or 128.
  public var width: UInt8 { self == .inet ? 32 : 128 }

  public static func < (a: Family, b: Family) -> Bool { a == .inet && b == .inet6 }
}

/// An IPv4 or IPv6 address.
public struct IPAddress: Sendable {
  public let family: Family
  // An IPv4 address is the low 32 bits of `low`.
  let high: UInt64
  let low: UInt64

  init(family: Family, high: UInt64, low: UInt64) {
    self.family = family
    self.high = high
    self.low = low
  }

  public init(v4 value: UInt32) {
    self.init(family: .inet, high: 0, low: UInt64(value))
  }

  public init(v6High high: UInt64, low: UInt64) {
    self.init(family: .inet6, high: high, low: low)
  }

  /// From network byte order: 4 bytes or 16, else nil.
  public init?(bytes: some Collection<UInt8>) {
    switch bytes.count {
    case 4:
      self.init(family: .inet, high: 0, low: bytes.reduce(0) { $0 << 8 | UInt64($1) })
    case 16:
      self.init(
        family: .inet6, high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
        low: bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
    default:
      return nil
    }
  }

  /// The 32 bits of an IPv4 address, in host order.
  public var v4: UInt32 { UInt32(truncatingIfNeeded: low) }
  /// The 128 bits of an IPv6 address.
  public var v6: (high: UInt64, low: UInt64) { (high, low) }

  public var isUnspecified: Bool { high == 0 && low == 0 }
  public var isMulticast: Bool { family == .inet ? low >> 28 == 0xe : high >> 56 == 0xff }
  /// 127.0.0.0/8 or ::1.
  public var isLoopback: Bool { family == .inet ? low >> 24 == 127 : high == 0 && low == 1 }
  /// 169.254.0.0/16 or fe80::/10.
  public var isLinkLocal: Bool { family == .inet ? low >> 16 == 0xa9fe : high >> 54 == 0x3fa }

  /// The address with all bits after the first `length` cleared.
  public func masked(_ length: UInt8) -> IPAddress {
    switch family {
    case .inet:
      let mask: UInt64 = length == 0 ? 0 : (0xffff_ffff << UInt64(32 - min(length, 32)))
      return IPAddress(family: .inet, high: 0, low: low & mask & 0xffff_ffff)
    case .inet6:
      let highMask: UInt64 = length == 0 ? 0 : UInt64.max << UInt64(64 - min(length, 64))
      let lowMask: UInt64 = length <= 64 ? 0 : UInt64.max << UInt64(128 - min(length, 128))
      return IPAddress(family: .inet6, high: high & highMask, low: low & lowMask)
    }
  }
}

extension IPAddress: Hashable {
  // The synthesised hash takes in the family's name, which is slow.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(family == .inet6)
    if family == .inet6 { hasher.combine(high) }
    hasher.combine(low)
  }
}

extension IPAddress: Comparable {
  public static func < (a: IPAddress, b: IPAddress) -> Bool {
    if a.family != b.family { return a.family < b.family }
    return a.high != b.high ? a.high < b.high : a.low < b.low
  }
}

extension IPAddress: LosslessStringConvertible {
  /// Parses a dotted quad without leading zeros, or RFC 4291's text; no zone.
  public init?(_ text: String) {
    self.init(text.utf8.span)
  }

  init?(_ bytes: Span<UInt8>) {
    if let v4 = Self.dottedQuad(bytes, from: 0) {
      self.init(v4: v4)
    } else if let v6 = Self.hexGroups(bytes) {
      self.init(family: .inet6, high: v6.high, low: v6.low)
    } else {
      return nil
    }
  }

  private static func dottedQuad(_ bytes: Span<UInt8>, from start: Int) -> UInt32? {
    var value: UInt32 = 0
    var octet: UInt32 = 0
    var digits = 0
    var dots = 0
    for i in start..<bytes.count {
      let byte = bytes[i]
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        if digits > 0 && octet == 0 { return nil }  // 010 is octal to some, decimal to others
        octet = octet * 10 + UInt32(byte & 15)
        digits += 1
        if octet > 255 { return nil }
      case UInt8(ascii: "."):
        if digits == 0 || dots == 3 { return nil }
        value = value << 8 | octet
        (octet, digits, dots) = (0, 0, dots + 1)
      default:
        return nil
      }
    }
    return dots == 3 && digits > 0 ? value << 8 | octet : nil
  }

  private static func hexGroups(_ bytes: Span<UInt8>) -> (high: UInt64, low: UInt64)? {
    guard bytes.count >= 2, bytes.count <= 45 else { return nil }
    var groups: [UInt16] = []
    var gap: Int?
    var i = 0
    if bytes[0] == UInt8(ascii: ":") {
      guard bytes[1] == UInt8(ascii: ":") else { return nil }
      gap = 0
      i = 2
    }
    while i < bytes.count {
      guard groups.count < 8 else { return nil }
      let start = i
      var group: UInt32 = 0
      while i < bytes.count, let digit = hexDigit(bytes[i]) {
        group = group << 4 | UInt32(digit)
        i += 1
        if i - start > 4 { return nil }
      }
      if i < bytes.count, bytes[i] == UInt8(ascii: ".") {
        guard groups.count <= 6, let v4 = dottedQuad(bytes, from: start) else { return nil }
        groups += [UInt16(v4 >> 16), UInt16(v4 & 0xffff)]
        i = bytes.count
        break
      }
      guard i > start else { return nil }
      groups.append(UInt16(group))
      if i == bytes.count { break }
      guard bytes[i] == UInt8(ascii: ":") else { return nil }
      i += 1
      guard i < bytes.count else { return nil }
      if bytes[i] == UInt8(ascii: ":") {
        guard gap == nil else { return nil }
        gap = groups.count
        i += 1
      }
    }
    if let gap {
      guard groups.count < 8 else { return nil }
      groups.insert(contentsOf: repeatElement(0, count: 8 - groups.count), at: gap)
    }
    guard groups.count == 8 else { return nil }
    func half(_ groups: ArraySlice<UInt16>) -> UInt64 {
      groups.reduce(0) { $0 << 16 | UInt64($1) }
    }
    return (half(groups[..<4]), half(groups[4...]))
  }

  /// Dotted quad, or RFC 5952's canonical text.
  public var description: String {
    switch family {
    case .inet:
      return "\(low >> 24).\(low >> 16 & 255).\(low >> 8 & 255).\(low & 255)"
    case .inet6:
      if high == 0, low >> 32 == 0xffff {  // RFC 5952 section 5: ::ffff:192.0.2.1
        return "::ffff:\(IPAddress(v4: UInt32(truncatingIfNeeded: low)))"
      }
      let groups = [high, low].flatMap { half in
        [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: half >> UInt64($0)) }
      }
      var gap = 0..<0
      var i = 0
      while i < 8 {
        var end = i
        while end < 8, groups[end] == 0 { end += 1 }
        if end - i > max(gap.count, 1) { gap = i..<end }
        i = max(end, i + 1)
      }
      func hex(_ range: Range<Int>) -> String {
        range.map { String(groups[$0], radix: 16) }.joined(separator: ":")
      }
      if gap.isEmpty { return hex(0..<8) }
      return hex(0..<gap.lowerBound) + "::" + hex(gap.upperBound..<8)
    }
  }
}

func hexDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}

extension IPAddress {
  /// The address `count` further on, modulo the family's width.
  public func advanced(_ count: Int) -> IPAddress {
    let (sum, overflow) = low.addingReportingOverflow(UInt64(count))
    return IPAddress(
      family: family, high: overflow ? high &+ 1 : high,
      low: family == .inet ? sum & 0xffff_ffff : sum)
  }

  /// The address `count` further on, or back; nil outside of the family.
  public func offset(by count: Int) -> IPAddress? {
    let value = UInt128(high) << 64 | UInt128(low)
    let (sum, overflow) =
      count < 0
      ? value.subtractingReportingOverflow(UInt128(count.magnitude))
      : value.addingReportingOverflow(UInt128(count.magnitude))
    guard !overflow, family == .inet6 || sum >> 32 == 0 else { return nil }
    return IPAddress(
      family: family, high: UInt64(truncatingIfNeeded: sum >> 64),
      low: UInt64(truncatingIfNeeded: sum))
  }

  /// The address before; the family's first wraps to its last.
  public var previous: IPAddress {
    family == .inet
      ? IPAddress(v4: v4 &- 1)
      : IPAddress(v6High: low == 0 ? high &- 1 : high, low: low &- 1)
  }

  /// How many addresses it is to a later one; nil if that overflows.
  public func distance(to later: IPAddress) -> Int? {
    let (difference, borrows) = later.low.subtractingReportingOverflow(low)
    guard later.family == family, later.high &- high == (borrows ? 1 : 0) else { return nil }
    return Int(exactly: difference).flatMap { $0 < .max ? $0 : nil }
  }
}
