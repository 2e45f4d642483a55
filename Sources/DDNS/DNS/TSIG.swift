internal import Crypto

/// Signatures of messages with a key that both sides have (RFC 8945).
struct TSIG: Sendable {
  enum Algorithm: String, Hashable, Sendable, CaseIterable {
    case sha224 = "hmac-sha224"
    case sha256 = "hmac-sha256"
    case sha384 = "hmac-sha384"
    case sha512 = "hmac-sha512"
    /// For keys that exist already.
    case sha1 = "hmac-sha1"
    case md5 = "hmac-md5"

    /// RFC 8945, 6.
    var name: RecordName {
      RecordName(self == .md5 ? "hmac-md5.sig-alg.reg.int" : rawValue)!
    }

    func code(_ message: [UInt8], _ key: Secret) -> [UInt8] {
      let symmetric = SymmetricKey(data: key.bytes)
      return switch self {
      case .sha224: SHA224.authenticationCode(message, key: key.bytes)
      case .sha256: Array(HMAC<SHA256>.authenticationCode(for: message, using: symmetric))
      case .sha384: Array(HMAC<SHA384>.authenticationCode(for: message, using: symmetric))
      case .sha512: Array(HMAC<SHA512>.authenticationCode(for: message, using: symmetric))
      case .sha1: Array(HMAC<Insecure.SHA1>.authenticationCode(for: message, using: symmetric))
      case .md5: Array(HMAC<Insecure.MD5>.authenticationCode(for: message, using: symmetric))
      }
    }
  }

  var keyName: RecordName
  var algorithm: Algorithm
  var key: Secret

  /// How far the clocks may be apart, in seconds.
  static let fudge: UInt16 = 300

  /// A signed message, and its code, which the answer's code covers.
  struct Signed: Sendable {
    var bytes: [UInt8]
    var code: [UInt8]
  }

  /// Adds the signature to a message of at least a header; `time` in seconds since 1970.
  func sign(_ message: [UInt8], at time: UInt64, fudge: UInt16 = fudge) -> Signed {
    let variables = Variables(time: time, fudge: fudge)
    let code = algorithm.code(message + covered(variables), key)
    var data = algorithm.name.wire + variables.time.wire48 + fudge.wire
    data += UInt16(code.count).wire + code + message[..<2]
    data += variables.error.wire + UInt16(0).wire
    var signed = message
    let additional = UInt16(message[10]) << 8 | UInt16(message[11])
    signed.replaceSubrange(10..<12, with: (additional + 1).wire)
    signed += keyName.wire + DNSType.tsig.wire + DNSClass.any.wire + UInt32(0).wire
    signed += UInt16(data.count).wire + data
    return Signed(bytes: signed, code: code)
  }

  /// Checks the answer to a signed request; returns it without its signature. `time` is now.
  func verify(
    _ bytes: [UInt8], answering request: Signed, at time: UInt64
  ) throws(TSIGFault) -> DNSMessage {
    var message: DNSMessage
    do throws(DNSFault) {
      message = try DNSMessage(bytes)
    } catch {
      throw .unreadable(error)
    }
    guard let last = message.additional.last, last.type == DNSType.tsig else {
      throw .unsigned(message.code)
    }
    message.additional.removeLast()
    // RFC 8945, 4.2.
    guard last.family == DNSClass.any, last.ttl == 0, let signature = try? Signature(last.data)
    else { throw .unreadable(.malformed) }
    // A server that doesn't know the key, or gets another code, has nothing to sign with.
    if signature.code.isEmpty {
      switch signature.error {
      case .badKey: throw .unknownKey
      case .badSignature: throw .wrongKey
      case .badTruncation: throw .truncatedCode
      default: throw .unsigned(message.code)
      }
    }
    guard last.name == keyName, signature.algorithm == algorithm.name else {
      throw .otherKey(last.name)
    }
    // What was signed are the answer's own bytes, whose names may be compressed, without the last record,
    // and with the identifier from before anybody forwarded it.
    guard let end = Self.lastRecord(of: bytes), end >= 12 else { throw .unreadable(.malformed) }
    var original = signature.identifier.wire + bytes[2..<end]
    original.replaceSubrange(10..<12, with: UInt16(message.additional.count).wire)
    let signed = UInt16(request.code.count).wire + request.code + original
    let expected = algorithm.code(signed + covered(signature.variables), key)
    guard Self.isSame(expected, signature.code) else { throw .wrongAnswer }
    if signature.error == .badTime { throw .clock(signature.serverTime, time) }
    let theirs = signature.variables.time
    guard max(time, theirs) - min(time, theirs) <= UInt64(signature.variables.fudge) else {
      throw .clock(theirs, time)
    }
    return message
  }

  /// In a time that doesn't tell where they differ.
  private static func isSame(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.count == b.count && zip(a, b).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }

  /// Where the last record begins; nil if the bytes aren't a message.
  private static func lastRecord(of bytes: [UInt8]) -> Int? {
    var reader = DNSReader(bytes)
    do throws(DNSFault) {
      _ = try reader.take(4)
      let counts: [UInt16] = [
        try reader.number(), try reader.number(), try reader.number(), try reader.number(),
      ]
      for _ in 0..<counts[0] {
        _ = try reader.name()
        _ = try reader.take(4)
      }
      for _ in 1..<max(1, counts[1...].reduce(0) { $0 + Int($1) }) { _ = try reader.record() }
      return reader.position
    } catch {
      return nil
    }
  }

  /// The bytes that an authentication code covers besides the message (RFC 8945, 4.3.3).
  private func covered(_ variables: Variables) -> [UInt8] {
    keyName.wire + DNSClass.any.wire + UInt32(0).wire + algorithm.name.wire
      + variables.time.wire48 + variables.fudge.wire + variables.error.wire
      + UInt16(variables.other.count).wire + variables.other
  }
}

extension TSIG {
  fileprivate struct Variables {
    var time: UInt64
    var fudge: UInt16
    var error: UInt16 = 0
    var other: [UInt8] = []
  }

  /// RFC 8945, 4.2.
  fileprivate struct Signature {
    var algorithm: RecordName
    var variables: Variables
    var code: [UInt8]
    var identifier: UInt16

    var error: DNSCode { DNSCode(variables.error) }
    /// With `BADTIME`, the server's time.
    var serverTime: UInt64 {
      variables.other.count == 6
        ? variables.other.reduce(0) { $0 << 8 | UInt64($1) } : variables.time
    }

    init(_ data: [UInt8]) throws(DNSFault) {
      var reader = DNSReader(data)
      algorithm = try reader.name()
      let time = try reader.take(6).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      variables = Variables(time: time, fudge: try reader.number())
      let length: UInt16 = try reader.number()
      code = try reader.take(Int(length))
      identifier = try reader.number()
      variables.error = try reader.number()
      let others: UInt16 = try reader.number()
      variables.other = try reader.take(Int(others))
    }
  }
}

/// Why an answer's signature isn't accepted.
enum TSIGFault: Error {
  case unreadable(DNSFault)
  /// It has none; the code is what the answer says besides.
  case unsigned(DNSCode)
  case unknownKey
  case wrongKey
  case truncatedCode
  case otherKey(RecordName)
  /// It isn't made with our key.
  case wrongAnswer
  /// The server's time, and ours.
  case clock(UInt64, UInt64)

  func sentence(_ key: TSIG, _ server: String) -> String {
    let name = key.keyName
    switch self {
    case .unreadable(let fault): return "\(server): \(fault.sentence)"
    case .unsigned(let code):
      return "\(server) answers \(code) without a signature: does it know the key \(name)?"
    case .unknownKey:
      return "\(server) doesn't know the key \(name) with \(key.algorithm.rawValue) (BADKEY)"
    case .wrongKey: return "\(server) has another secret for the key \(name) (BADSIG)"
    case .truncatedCode: return "\(server) wants longer codes than it got (BADTRUNC)"
    case .otherKey(let other): return "\(server) signs with the key \(other), not \(name)"
    case .wrongAnswer: return "\(server)'s answer isn't signed with the key \(name)"
    case .clock(let theirs, let ours):
      let difference = max(ours, theirs) - min(ours, theirs)
      return
        "this machine's clock is \(difference) s \(ours > theirs ? "ahead of" : "behind") that of "
        + "\(server) (BADTIME): signatures allow \(TSIG.fudge) s"
    }
  }
}

extension UInt64 {
  /// 48 bits in network byte order.
  fileprivate var wire48: [UInt8] { Array(wire.dropFirst(2)) }
}
