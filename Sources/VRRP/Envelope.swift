public import Model

/// What a packet's IP header says.
public struct Envelope: Hashable, Sendable {
  public var source: IPAddress
  public var destination: IPAddress
  /// TTL in IPv4.
  public var hopLimit: UInt8

  public init(source: IPAddress, destination: IPAddress, hopLimit: UInt8 = 255) {
    self.source = source
    self.destination = destination
    self.hopLimit = hopLimit
  }

  public var family: Family { source.family }
}

extension Envelope {
  /// Parses what an IPv4 raw socket yields: the header, which the kernel has checked, and the
  /// payload. An IPv6 raw socket yields only the message, with source and hop limit beside it (RFC
  /// 3542).
  public static func ipv4(
    _ packet: Span<UInt8>
  ) throws(Discard) -> (envelope: Envelope, message: Range<Int>) {
    guard packet.count >= 20 else { throw Discard(.length, found: packet.count, expected: 20) }
    let header = Int(packet[0] & 15) * 4
    guard packet[0] >> 4 == 4, header >= 20 else {
      throw Discard(.header, found: Int(packet[0]), expected: 0x45)
    }
    // A fragment: the kernel passes fragments only to packet sockets; raw sockets get whole
    // datagrams.
    guard packet.u16(at: 6) & 0x3fff == 0 else {
      throw Discard(.header, found: Int(packet.u16(at: 6)), expected: 0)
    }
    let total = Int(packet.u16(at: 2))
    guard total >= header, total <= packet.count else {
      throw Discard(.length, found: packet.count, expected: max(total, header))
    }
    let envelope = Envelope(
      source: packet.address(.inet, at: 12), destination: packet.address(.inet, at: 16),
      hopLimit: packet[8])
    return (envelope, header..<total)  // excludes the padding of a short Ethernet frame
  }

  /// Parses an IPv6 packet as a packet socket yields it, without extension headers.
  public static func ipv6(
    _ packet: Span<UInt8>
  ) throws(Discard) -> (envelope: Envelope, message: Range<Int>) {
    guard packet.count >= 40 else { throw Discard(.length, found: packet.count, expected: 40) }
    let total = 40 + Int(packet.u16(at: 4))
    guard packet[0] >> 4 == 6, packet[6] == 112 else {
      throw Discard(.header, found: Int(packet[0]), expected: 0x60)
    }
    guard total <= packet.count else {
      throw Discard(.length, found: packet.count, expected: total)
    }
    let envelope = Envelope(
      source: packet.address(.inet6, at: 8), destination: packet.address(.inet6, at: 24),
      hopLimit: packet[7])
    return (envelope, 40..<total)
  }
}

extension Span where Element == UInt8 {
  func u16(at offset: Int) -> UInt16 { UInt16(self[offset]) << 8 | UInt16(self[offset + 1]) }

  func u32(at offset: Int) -> UInt32 {
    UInt32(u16(at: offset)) << 16 | UInt32(u16(at: offset + 2))
  }

  func u64(at offset: Int) -> UInt64 {
    UInt64(u32(at: offset)) << 32 | UInt64(u32(at: offset + 4))
  }

  func address(_ family: Family, at offset: Int) -> IPAddress {
    family == .inet
      ? IPAddress(v4: u32(at: offset))
      : IPAddress(v6High: u64(at: offset), low: u64(at: offset + 8))
  }
}
