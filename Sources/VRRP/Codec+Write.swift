public import Model

extension Codec {
  /// Writes an advertisement and returns its length; the buffer must hold `capacity` bytes.
  ///
  /// If the family has no addresses, the source is listed: RFC 9568 section 5.2.5 refuses an empty
  /// list. IPv6's checksum is written too, though the kernel writes it again (RFC 3542,
  /// IPV6_CHECKSUM).
  public mutating func write(
    priority: UInt8, from source: IPAddress, to destination: IPAddress, utc: UTC,
    into buffer: inout MutableSpan<UInt8>
  ) -> Int {
    precondition(buffer.count >= Self.capacity)
    let family = source.family
    let count = max(lists[family].count, 1)
    let size = size(family, addresses: count)
    buffer[0] = router.version.rawValue << 4 | 1
    buffer[1] = router.id
    buffer[2] = priority
    buffer[3] = UInt8(count)
    writeInterval(&buffer)
    buffer.put(UInt16(0), at: 6)
    for i in 0..<count {
      let address = lists[family].isEmpty ? source : lists[family][i]
      buffer.put(address, at: Self.header + i * (family == .inet ? 4 : 16))
    }
    if router.version == .v2 { writePassword(&buffer, at: size - Self.password) }

    var length = size
    if authenticator != nil, authenticator!.keyring.mode != .receiveOnly {
      authenticator!.sign(&buffer, count: size, source: source, utc: utc)
      length += Authenticator.trailer
    }
    var sum = Sum()
    let envelope = Envelope(source: source, destination: destination)
    if family == .inet6 {
      sum.add(buffer.span, 0..<length)
      sum.addPseudoHeader(from: source, to: destination, length: length)
    } else {
      sum.add(buffer.span, 0..<size)
      if router.version == .v3, let destination = self.destination(of: checksum, envelope) {
        sum.addPseudoHeader(from: source, to: destination, length: size)
      }
    }
    buffer.put(~sum.folded, at: 6)
    return length
  }

  private func writeInterval(_ buffer: inout MutableSpan<UInt8>) {
    switch router.version {
    case .v3: buffer.put(router.interval.centiseconds, at: 4)
    case .v2:
      if case .password = router.authentication { buffer[4] = 1 } else { buffer[4] = 0 }
      buffer[5] = router.interval.seconds ?? 1
    }
  }

  private func writePassword(_ buffer: inout MutableSpan<UInt8>, at offset: Int) {
    for i in 0..<Self.password { buffer[offset + i] = 0 }
    guard case .password(let password) = router.authentication else { return }
    for i in password.indices { buffer[offset + i] = password[i] }
  }
}

extension MutableSpan where Element == UInt8 {
  mutating func put(_ value: UInt16, at offset: Int) {
    self[offset] = UInt8(value >> 8)
    self[offset + 1] = UInt8(value & 255)
  }

  mutating func put(_ address: IPAddress, at offset: Int) {
    let (high, low) = address.v6
    if address.family == .inet {
      for i in 0..<4 { self[offset + i] = UInt8(low >> UInt64(24 - 8 * i) & 255) }
    } else {
      for i in 0..<8 {
        self[offset + i] = UInt8(high >> UInt64(56 - 8 * i) & 255)
        self[offset + 8 + i] = UInt8(low >> UInt64(56 - 8 * i) & 255)
      }
    }
  }
}
