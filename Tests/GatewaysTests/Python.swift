/// Python source that the tests' scripts share.
enum Python {
  /// `checksum(bytes)`: the checksum of IP and ICMP (RFC 1071).
  static let checksum = """
    import struct
    def checksum(data):
        total = sum(struct.unpack(f"!{len(data) // 2}H", data))
        while total > 0xffff: total = (total & 0xffff) + (total >> 16)
        return ~total & 0xffff

    """
}
