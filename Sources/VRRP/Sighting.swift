public import Model

/// An advertisement as anybody on the link sees it, right or wrong; for those who watch, not for the
/// election.
public struct Sighting: Hashable, Sendable {
  public var envelope: Envelope
  public var version: UInt8
  /// 1 is an advertisement, the only one that the RFCs know.
  public var type: UInt8
  public var id: UInt8
  /// 0: a master that leaves.
  public var priority: UInt8
  public var addresses: [IPAddress]
  /// In centiseconds.
  public var interval: Int
  public var authentication: Authentication
  public var checksum: ChecksumState

  public enum Authentication: Hashable, Sendable {
    case none
    /// Version 2's type 1.
    case password
    /// Another type of version 2.
    case type(UInt8)
    /// keepalived's trailer, by a key of this number; whether it is right only the key's owners know.
    case hmac(key: UInt8)
  }

  public enum ChecksumState: Hashable, Sendable {
    /// Right, in the only way that there is.
    case good
    /// Right in version 3's IPv4, in this way.
    case covers(Checksum)
    case wrong
  }

  /// Reads a message of any version that it knows. Never keeps the password.
  public init(_ message: Span<UInt8>, in envelope: Envelope) throws(Discard) {
    guard message.count >= Codec.header else {
      throw Discard(.length, found: message.count, expected: Codec.header)
    }
    guard let known = Version(rawValue: message[0] >> 4),
      known == .v3 || envelope.family == .inet
    else { throw Discard(.version, found: Int(message[0] >> 4), expected: 3) }
    let family = envelope.family
    let width = family == .inet ? 4 : 16
    let size =
      Codec.header + Int(message[3]) * width + (known == .v2 ? Codec.password : 0)
    let isSigned = message.count == size + Authenticator.trailer
    guard message.count == size || isSigned else {
      throw Discard(.size, found: message.count, expected: size)
    }
    self.envelope = envelope
    version = known.rawValue
    type = message[0] & 15
    id = message[1]
    priority = message[2]
    addresses = (0..<Int(message[3])).map {
      message.address(family, at: Codec.header + $0 * width)
    }
    interval = known == .v2 ? Int(message[5]) * 100 : Int(message.u16(at: 4) & 0xfff)
    authentication =
      if isSigned {
        .hmac(key: message[size + 1])
      } else if known == .v3 || message[4] == 0 {
        .none
      } else {
        message[4] == 1 ? .password : .type(message[4])
      }
    checksum = Self.checksum(message, size, known, envelope)
  }

  private static func checksum(
    _ message: Span<UInt8>, _ size: Int, _ version: Version, _ envelope: Envelope
  ) -> ChecksumState {
    func isRight(_ range: Range<Int>, _ destination: IPAddress?) -> Bool {
      var sum = Sum()
      sum.add(message, range)
      if let destination {
        sum.addPseudoHeader(from: envelope.source, to: destination, length: range.count)
      }
      return sum.isRight
    }
    if envelope.family == .inet6 {
      return isRight(message.indices, envelope.destination) ? .good : .wrong
    }
    if version == .v2 { return isRight(0..<size, nil) ? .good : .wrong }
    for kind in Checksum.allCases {
      let destination: IPAddress? =
        switch kind {
        case .message: nil
        case .pseudoHeader: envelope.destination
        case .groupPseudoHeader: VirtualRouter.groups.inet
        }
      if isRight(0..<size, destination) { return .covers(kind) }
    }
    return .wrong
  }
}
