import Model

/// What the checksum of an IPv4 advertisement of version 3 covers: RFC 5798 is read in three ways.
public enum Checksum: Hashable, Sendable, CaseIterable {
  /// The message alone: RFC 9568, and Cisco and Juniper before it; keepalived with
  /// `v3_checksum_as_v2`.
  case message
  /// Source, destination, protocol and length too: RFC 5798 as keepalived, FRR and VPP read it.
  case pseudoHeader
  /// The same with 224.0.0.18 as the destination, even to a unicast peer: keepalived up to 1.3.6.
  case groupPseudoHeader
}

/// The Internet checksum's running sum (RFC 1071).
struct Sum {
  private var total: UInt64 = 0

  /// An odd byte at the end is the high byte of its word.
  mutating func add(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    var offset = range.lowerBound
    while offset + 1 < range.upperBound {
      total += UInt64(bytes[offset]) << 8 | UInt64(bytes[offset + 1])
      offset += 2
    }
    if offset < range.upperBound { total += UInt64(bytes[offset]) << 8 }
  }

  mutating func add(_ address: IPAddress) {
    let (high, low) = address.v6  // for an IPv4 address, the low 32 bits
    add(high)
    add(low)
  }

  private mutating func add(_ word: UInt64) {
    total += word >> 48 + word >> 32 & 0xffff + word >> 16 & 0xffff + word & 0xffff
  }

  /// By RFC 9293 section 3.1 for IPv4, and RFC 8200 section 8.1 for IPv6: the sums are alike.
  mutating func addPseudoHeader(
    from source: IPAddress, to destination: IPAddress, length: Int, protocol: UInt8 = 112
  ) {
    add(source)
    add(destination)
    total += UInt64(length) + UInt64(`protocol`)
  }

  var folded: UInt16 {
    var sum = total
    while sum >> 16 != 0 { sum = sum & 0xffff + sum >> 16 }
    return UInt16(sum)
  }

  /// Whether what was summed includes its own, correct checksum.
  var isRight: Bool { folded == 0xffff }
}
