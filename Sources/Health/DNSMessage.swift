import Model

/// A question to a name server, and what counts as its answer (RFC 1035, 4.1).
struct DNSQuery {
  let identifier: UInt16
  let dns: Probe.DNS
  /// 1: IN, 3: CH.
  var recordClass: UInt16 = 1

  /// Empty for the root; a name may end with a dot.
  private var labels: [Substring] { dns.name.lowercased().split(separator: ".") }

  var bytes: [UInt8] {
    // RD is set; there is one question.
    var bytes = identifier.bigEndianBytes + [1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    for label in labels {
      bytes.append(UInt8(truncatingIfNeeded: label.utf8.count))
      bytes += label.utf8
    }
    return bytes + [0] + dns.type.bigEndianBytes + recordClass.bigEndianBytes
  }

  /// The records that an answer has, of the type that was asked for.
  struct Answer {
    let rcode: UInt8
    let isTruncated: Bool
    let records: [ArraySlice<UInt8>]
  }

  /// A message that can't be read.
  struct Malformed: Error {}

  /// Nil if the message doesn't answer this question.
  func read(_ message: [UInt8]) throws(Malformed) -> Answer? {
    var reader = DNSReader(message)
    guard let identifier = reader.number(), let flags = reader.number(),
      identifier == self.identifier, flags >> 15 == 1, flags >> 11 & 15 == 0
    else { return nil }
    let rcode = UInt8(flags & 15)
    guard let questions = reader.number(), let answers = reader.number(),
      reader.skip(4)
    else { throw Malformed() }
    // A server that couldn't or wouldn't read the question needn't repeat it.
    if questions != 0 || rcode == 0 {
      guard questions == 1, let name = reader.plainName(),
        let type = reader.number(), let recordClass = reader.number()
      else { throw Malformed() }
      guard name == labels.joined(separator: "."), type == dns.type,
        recordClass == self.recordClass
      else { return nil }
    }
    var records: [ArraySlice<UInt8>] = []
    for _ in 0..<answers {
      guard let record = reader.record(of: recordClass) else { break }
      if record.type == dns.type { records.append(record.data) }
    }
    return Answer(rcode: rcode, isTruncated: flags >> 9 & 1 == 1, records: records)
  }

  /// Nil if the message doesn't answer this question.
  func judge(_ message: [UInt8]) -> Outcome? {
    let answer: Answer
    do throws(Malformed) {
      guard let read = try read(message) else { return nil }
      answer = read
    } catch {
      return .bad("a malformed answer")
    }
    guard answer.rcode == dns.rcode else {
      return .bad("rcode \(Self.name(of: answer.rcode)), not \(Self.name(of: dns.rcode))")
    }
    guard let wanted = dns.answer else { return .good(Finding()) }
    let addresses = answer.records.compactMap { IPAddress(bytes: $0) }
    if addresses.contains(wanted) { return .good(Finding()) }
    let got = addresses.prefix(4).map(\.description).joined(separator: ", ")
    return .bad(
      "\(wanted) is not among the answers"
        + (answer.isTruncated
          ? ", which are truncated: ask by TCP" : got.isEmpty ? "" : ": \(got)"))
  }

  /// RFC 1035, 4.1.1.
  static func name(of rcode: UInt8) -> String {
    let names = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"]
    return Int(rcode) < names.count ? names[Int(rcode)] : "\(rcode)"
  }
}

/// Reads a message from its start, and never beyond its end.
private struct DNSReader {
  private var rest: ArraySlice<UInt8>

  init(_ message: [UInt8]) { rest = message[...] }

  mutating func skip(_ count: Int) -> Bool { take(count) != nil }

  mutating func number() -> UInt16? { take(2).map { $0.reduce(0) { $0 << 8 | UInt16($1) } } }

  private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard rest.count >= count else { return nil }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  /// A name without pointers, as the first name of a message is; in lower case.
  mutating func plainName() -> String? {
    var labels: [String] = []
    while let length = take(1)?.first, length < 64 {
      if length == 0 { return labels.joined(separator: ".") }
      guard let label = take(Int(length)) else { return nil }
      labels.append(String(decoding: label, as: UTF8.self).lowercased())
    }
    return nil
  }

  /// Skips a name; a pointer ends it and isn't followed, so none can lead in a circle.
  private mutating func skipName() -> Bool {
    while let length = take(1)?.first {
      switch length {
      case 0: return true
      case 1..<64: guard skip(Int(length)) else { return false }
      case 0xc0...: return skip(1)
      default: return false
      }
    }
    return false
  }

  mutating func record(of wanted: UInt16) -> (type: UInt16, data: ArraySlice<UInt8>)? {
    guard skipName(), let type = number(), let family = number(), family == wanted, skip(4),
      let length = number(), let data = take(Int(length))
    else { return nil }
    return (type, data)
  }
}

extension UInt16 {
  fileprivate var bigEndianBytes: [UInt8] { [UInt8(self >> 8), UInt8(truncatingIfNeeded: self)] }
}

extension ProbeAttempt {
  func ask(_ dns: Probe.DNS) throws(ProbeFailure) {
    let query = DNSQuery(identifier: .random(in: 0...UInt16.max), dns: dns)
    let endpoint = Endpoint(dns.address, dns.port)
    switch dns.transport {
    case .udp:
      try Datagrams(endpoint: endpoint, send: query.bytes, judge: query.judge).exchange(in: self)
    case .tcp:
      // RFC 1035, 4.2.2: over TCP, a message follows its length.
      let bytes = query.bytes
      var answer: [UInt8] = []
      var conversation = Conversation(
        endpoint: endpoint, send: UInt16(bytes.count).bigEndianBytes + bytes,
        closed: "no whole answer")
      conversation.judge = { bytes in
        answer += bytes
        guard answer.count >= 2 else { return nil }
        let length = Int(answer[0]) << 8 | Int(answer[1])
        guard answer.count >= 2 + length else { return nil }
        return query.judge(Array(answer[2..<(2 + length)])) ?? .bad("an answer to something else")
      }
      try conversation.hold(in: self)
    }
  }
}
