public import Model

/// The packet that tells a link which machine has an address now, without the link's header: gratuitous ARP
/// (RFC 5227, section 3) or an unsolicited neighbor advertisement (RFC 4861, section 7.2.6).
public enum Announcement {
  /// The longest.
  public static let capacity = 72
  private static let allNodes = IPAddress(v6High: 0xff02 << 48, low: 1)

  /// Writes the packet and returns its length; `mac` has 6 bytes.
  public static func write(
    _ address: IPAddress, at mac: Span<UInt8>, into buffer: inout MutableSpan<UInt8>
  ) -> Int {
    precondition(mac.count == 6 && buffer.count >= capacity)
    for i in 0..<capacity { buffer[i] = 0 }
    return address.family == .inet
      ? arp(address, mac, &buffer) : advertisement(address, mac, &buffer)
  }

  /// A request for the address from itself: more switches and hosts learn from it than from a reply.
  private static func arp(
    _ address: IPAddress, _ mac: Span<UInt8>, _ buffer: inout MutableSpan<UInt8>
  ) -> Int {
    buffer.put(UInt16(1), at: 0)  // Ethernet
    buffer.put(UInt16(0x0800), at: 2)
    buffer[4] = 6
    buffer[5] = 4
    buffer.put(UInt16(1), at: 6)  // request
    for i in 0..<6 { buffer[8 + i] = mac[i] }
    buffer.put(address, at: 14)
    buffer.put(address, at: 24)
    return 28
  }

  private static func advertisement(
    _ address: IPAddress, _ mac: Span<UInt8>, _ buffer: inout MutableSpan<UInt8>
  ) -> Int {
    buffer[0] = 0x60
    buffer.put(UInt16(32), at: 4)
    buffer[6] = 58  // ICMPv6
    buffer[7] = 255
    buffer.put(address, at: 8)
    buffer.put(allNodes, at: 24)
    buffer[40] = 136
    buffer[44] = 0xa0  // router, override
    buffer.put(address, at: 48)
    buffer[64] = 2  // target link-layer address, in units of 8 bytes
    buffer[65] = 1
    for i in 0..<6 { buffer[66 + i] = mac[i] }
    var sum = Sum()
    sum.add(buffer.span, 40..<72)
    sum.addPseudoHeader(from: address, to: allNodes, length: 32, protocol: 58)
    buffer.put(~sum.folded, at: 42)
    return 72
  }
}
