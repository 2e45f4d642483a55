/// A message of DNS (RFC 1035, 4.1), as the wire has it but with whole names.
struct DNSMessage: Hashable, Sendable {
  struct Question: Hashable, Sendable {
    var name: RecordName
    var type: UInt16
    var family: UInt16 = DNSClass.internet
  }

  struct Record: Hashable, Sendable {
    var name: RecordName
    var type: UInt16
    var family: UInt16 = DNSClass.internet
    var ttl: UInt32 = 0
    /// Without compressed names, as far as the type is one of ours.
    var data: [UInt8] = []
  }

  var identifier: UInt16
  /// The second two bytes of the header.
  var flags: UInt16 = 0
  var questions: [Question] = []
  var answers: [Record] = []
  var authorities: [Record] = []
  var additional: [Record] = []

  init(identifier: UInt16) { self.identifier = identifier }

  var isAnswer: Bool { flags >> 15 == 1 }
  var opcode: UInt8 { UInt8(flags >> 11 & 15) }
  var isAuthoritative: Bool { flags >> 10 & 1 == 1 }
  var isTruncated: Bool { flags >> 9 & 1 == 1 }
  var code: DNSCode { DNSCode(flags & 15) }

  var bytes: [UInt8] {
    let sections = [answers, authorities, additional]
    var bytes = identifier.wire + flags.wire
    bytes += UInt16(questions.count).wire
    for section in sections { bytes += UInt16(section.count).wire }
    for question in questions {
      bytes += question.name.wire + question.type.wire + question.family.wire
    }
    for record in sections.joined() {
      bytes += record.name.wire + record.type.wire + record.family.wire + record.ttl.wire
      bytes += UInt16(record.data.count).wire + record.data
    }
    return bytes
  }
}

/// Classes (RFC 1035, 3.2.4; RFC 2136, 1.3).
enum DNSClass {
  static let internet: UInt16 = 1
  static let none: UInt16 = 254
  static let any: UInt16 = 255
}

enum DNSType {
  static let cname: UInt16 = 5
  static let soa: UInt16 = 6
  static let tsig: UInt16 = 250
}

/// RCODEs (RFC 1035, 4.1.1; RFC 2136, 2.2) and TSIG's errors (RFC 8945, 3).
struct DNSCode: Hashable, Sendable, CustomStringConvertible {
  let number: UInt16

  init(_ number: UInt16) { self.number = number }

  static let success = DNSCode(0)
  static let unknownName = DNSCode(3)
  static let refused = DNSCode(5)
  static let nameExists = DNSCode(6)
  static let setExists = DNSCode(7)
  static let setMissing = DNSCode(8)
  static let notAuthorized = DNSCode(9)
  static let notInZone = DNSCode(10)
  static let badSignature = DNSCode(16)
  static let badKey = DNSCode(17)
  static let badTime = DNSCode(18)
  static let badTruncation = DNSCode(22)

  var description: String {
    let names: [UInt16: String] = [
      0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED",
      6: "YXDOMAIN", 7: "YXRRSET", 8: "NXRRSET", 9: "NOTAUTH", 10: "NOTZONE", 16: "BADSIG",
      17: "BADKEY", 18: "BADTIME", 22: "BADTRUNC",
    ]
    return names[number] ?? "rcode \(number)"
  }
}

extension FixedWidthInteger {
  /// In network byte order.
  var wire: [UInt8] {
    stride(from: Self.bitWidth - 8, through: 0, by: -8).map {
      UInt8(truncatingIfNeeded: self >> Self($0))
    }
  }
}

extension RecordName {
  /// Uncompressed.
  var wire: [UInt8] {
    labels.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
  }
}
