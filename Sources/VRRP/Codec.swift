public import Model

/// Reads and writes the advertisements of one virtual router. It allocates only when it is made.
///
///     version 3, RFC 9568 section 5.1             version 2, RFC 3768 section 5.1
///     version, type | id | priority | count       the same
///     0, interval (12 bits, cs)     | checksum    authentication type | interval (s) | checksum
///     addresses                                   addresses, 8 bytes of authentication data
public struct Codec: Sendable {
  /// The longest message: 255 IPv6 addresses and an HMAC.
  public static let capacity = header + 255 * 16 + password + Authenticator.trailer
  static let header = 8
  static let password = 8

  public let router: VirtualRouter
  /// What the next IPv4 checksum of version 3 covers. It covers the pseudo-header until a peer is
  /// heard, since keepalived and FRR refuse anything else by default. A peer that follows RFC 9568
  /// is answered in the same way.
  public private(set) var checksum: Checksum
  let lists: PerFamily<[IPAddress]>
  private let sorted: PerFamily<[IPAddress]>
  var authenticator: Authenticator?

  /// `hmac` is only needed with a keyring. The router must be free of problems, which are reported
  /// where it is read.
  public init(_ router: VirtualRouter, hmac: HMAC? = nil) {
    precondition(router.problems.isEmpty, "\(router.problems)")
    self.router = router
    checksum = router.checksum ?? .pseudoHeader
    lists = PerFamily(inet: router.addresses(.inet), inet6: router.addresses(.inet6))
    sorted = PerFamily(inet: lists.inet.sorted(), inet6: lists.inet6.sorted())
    if case .hmac(let keyring) = router.authentication {
      guard let hmac else { preconditionFailure("keys, but nothing that makes an HMAC") }
      authenticator = Authenticator(keyring, peers: router.peers, hmac: hmac)
    }
  }

  /// Checks a message completely and returns what it means; `own` is our primary address in its
  /// family.
  ///
  /// The id is checked first: a message that isn't for us may be anything, of any version.
  public mutating func read(
    _ message: Span<UInt8>, in envelope: Envelope, own: IPAddress?, utc: UTC
  ) throws(Discard) -> Advertisement {
    guard message.count >= Self.header else {
      throw Discard(.length, found: message.count, expected: Self.header)
    }
    guard message[1] == router.id else {
      throw Discard(.foreign, found: Int(message[1]), expected: Int(router.id))
    }
    let family = envelope.family
    try check(envelope, own)
    guard message[0] >> 4 == router.version.rawValue else {
      throw Discard(
        .version, found: Int(message[0] >> 4), expected: Int(router.version.rawValue))
    }
    guard message[0] & 15 == 1 else { throw Discard(.type, found: Int(message[0] & 15)) }
    guard message[3] > 0 || lists[family].isEmpty else { throw Discard(.addressCount) }
    let size = size(family, addresses: Int(message[3]))
    let isSigned = message.count == size + Authenticator.trailer
    guard message.count == size || isSigned else {
      throw Discard(.size, found: message.count, expected: size)
    }
    let covered = try coverage(message, envelope, size)
    try authenticate(message, size, envelope.source, utc, isSigned: isSigned)
    let interval = try interval(message)
    let matches = lists[family].isEmpty || listsOurs(message, family)
    guard matches || !router.strictAddresses else { throw Discard(.addresses) }
    if let covered, router.checksum == nil { checksum = covered }
    var advertisement = Advertisement(priority: message[2], interval: interval)
    advertisement.matches = matches
    return advertisement
  }

  private func check(_ envelope: Envelope, _ own: IPAddress?) throws(Discard) {
    guard envelope.hopLimit >= router.hopLimit else {
      throw Discard(
        .hopLimit, found: Int(envelope.hopLimit), expected: Int(router.hopLimit))
    }
    guard router.families[envelope.family] else { throw Discard(.family) }
    let isUnicast = !router.peers.isEmpty
    let group = VirtualRouter.groups[envelope.family]
    guard isUnicast ? !envelope.destination.isMulticast : envelope.destination == group else {
      throw Discard(.destination, expected: isUnicast ? 1 : 0)
    }
    guard envelope.source != own else { throw Discard(.own) }
    guard !isUnicast || router.peers.contains(envelope.source) else { throw Discard(.source) }
  }

  /// The size of a message without the HMAC.
  func size(_ family: Family, addresses: Int) -> Int {
    Self.header + addresses * (family == .inet ? 4 : 16)
      + (router.version == .v2 ? Self.password : 0)
  }

  /// Which checksum is right; nil if there is only one kind.
  private func coverage(
    _ message: Span<UInt8>, _ envelope: Envelope, _ size: Int
  ) throws(Discard) -> Checksum? {
    func isRight(_ range: Range<Int>, _ destination: IPAddress?) -> Bool {
      var sum = Sum()
      sum.add(message, range)
      if let destination {
        sum.addPseudoHeader(from: envelope.source, to: destination, length: range.count)
      }
      return sum.isRight
    }
    if envelope.family == .inet6 {
      // The sender's kernel computes it, over the HMAC too.
      guard isRight(message.indices, envelope.destination) else { throw Discard(.checksum) }
      return nil
    }
    if router.version == .v2 {
      guard isRight(0..<size, nil) else { throw Discard(.checksum) }
      return nil
    }
    // As configured, or as the last time; otherwise try the others.
    if isRight(0..<size, destination(of: checksum, envelope)) { return checksum }
    if router.checksum == nil {
      for other in Checksum.allCases where other != checksum {
        if isRight(0..<size, destination(of: other, envelope)) { return other }
      }
    }
    throw Discard(.checksum)
  }

  /// The destination in the pseudo-header; nil if there is no pseudo-header.
  func destination(of checksum: Checksum, _ envelope: Envelope) -> IPAddress? {
    switch checksum {
    case .message: nil
    case .pseudoHeader: envelope.destination
    case .groupPseudoHeader: VirtualRouter.groups.inet
    }
  }

  private mutating func authenticate(
    _ message: Span<UInt8>, _ size: Int, _ source: IPAddress, _ utc: UTC, isSigned: Bool
  ) throws(Discard) {
    if isSigned {
      guard authenticator != nil else { throw Discard(.trailerUnexpected) }
      try authenticator!.verify(message, count: size, source: source, utc: utc)
    } else if authenticator?.keyring.mode == .enforce {
      throw Discard(.trailerMissing)
    }
    guard router.version == .v2 else { return }
    guard case .password(let password) = router.authentication else {
      guard message[4] == 0 else {
        throw Discard(.authenticationType, found: Int(message[4]))
      }
      return
    }
    guard message[4] == 1 else {
      throw Discard(.authenticationType, found: Int(message[4]), expected: 1)
    }
    var difference: UInt8 = 0
    for i in 0..<Self.password {
      let byte = i < password.count ? password[i] : 0
      difference |= byte ^ message[size - Self.password + i]
    }
    guard difference == 0 else { throw Discard(.password) }
  }

  private func interval(_ message: Span<UInt8>) throws(Discard) -> Interval {
    switch router.version {
    case .v3:
      guard let interval = Interval(centiseconds: message.u16(at: 4) & 0xfff) else {
        throw Discard(.interval)
      }
      return interval
    case .v2:
      guard message[5] == router.interval.seconds else {
        throw Discard(
          .interval, found: Int(message[5]), expected: Int(router.interval.seconds ?? 0))
      }
      return router.interval
    }
  }

  /// Whether it lists all of our addresses and no others, in any order.
  private func listsOurs(_ message: Span<UInt8>, _ family: Family) -> Bool {
    guard Int(message[3]) == sorted[family].count else { return false }
    var seen = InlineArray<4, UInt64>(repeating: 0)
    for i in 0..<Int(message[3]) {
      let address = message.address(family, at: Self.header + i * (family == .inet ? 4 : 16))
      var (low, high) = (0, sorted[family].count)
      while low < high {
        let middle = (low + high) / 2
        if sorted[family][middle] < address { low = middle + 1 } else { high = middle }
      }
      guard low < sorted[family].count, sorted[family][low] == address,
        seen[low / 64] & 1 << UInt64(low % 64) == 0
      else { return false }
      seen[low / 64] |= 1 << UInt64(low % 64)
    }
    return true
  }
}
