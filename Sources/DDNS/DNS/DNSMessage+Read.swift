extension DNSMessage {
  /// Throws if the bytes aren't a whole message.
  init(_ bytes: [UInt8]) throws(DNSFault) {
    var reader = DNSReader(bytes)
    self.init(identifier: try reader.number())
    flags = try reader.number()
    let counts: [UInt16] = [
      try reader.number(), try reader.number(), try reader.number(), try reader.number(),
    ]
    for _ in 0..<counts[0] {
      questions.append(
        Question(name: try reader.name(), type: try reader.number(), family: try reader.number()))
    }
    for _ in 0..<counts[1] { answers.append(try reader.record()) }
    for _ in 0..<counts[2] { authorities.append(try reader.record()) }
    for _ in 0..<counts[3] { additional.append(try reader.record()) }
  }
}

/// Why bytes aren't a message.
enum DNSFault: Error {
  case truncated
  case malformed

  var sentence: String {
    switch self {
    case .truncated: "the answer is cut off"
    case .malformed: "the answer is malformed"
    }
  }
}

/// Reads a message from its start, and never beyond its end.
struct DNSReader {
  private let message: [UInt8]
  private(set) var position = 0

  init(_ message: [UInt8], at position: Int = 0) {
    self.message = message
    self.position = position
  }

  mutating func take(_ count: Int) throws(DNSFault) -> [UInt8] {
    guard count <= message.count - position else { throw .truncated }
    defer { position += count }
    return Array(message[position..<(position + count)])
  }

  mutating func number<Number: FixedWidthInteger & UnsignedInteger>() throws(DNSFault) -> Number {
    try take(Number.bitWidth / 8).reduce(0) { $0 << 8 | Number($1) }
  }

  /// Follows compression (RFC 1035, 4.1.4): a pointer must point before the name that it continues, so
  /// none leads in a circle. A label that no host name has (a space, a dot) is malformed to us.
  mutating func name() throws(DNSFault) -> RecordName {
    var labels: [String] = []
    var (here, end) = (position, Int?.none)
    var limit = position
    while true {
      guard here < message.count else { throw .truncated }
      let length = Int(message[here])
      switch length {
      case 0:
        position = end ?? here + 1
        guard let name = RecordName(labels.isEmpty ? "." : labels.joined(separator: ".")) else {
          throw .malformed
        }
        return name
      case 1..<64:
        guard here + 1 + length <= message.count else { throw .truncated }
        let label = message[(here + 1)..<(here + 1 + length)]
        guard !label.contains(UInt8(ascii: ".")), labels.count < 128 else { throw .malformed }
        labels.append(String(decoding: label, as: UTF8.self))
        here += 1 + length
      case 0xc0...:
        guard here + 1 < message.count else { throw .truncated }
        let target = (length & 0x3f) << 8 | Int(message[here + 1])
        guard target < limit else { throw .malformed }
        end = end ?? here + 2
        (here, limit) = (target, target)
      default: throw .malformed
      }
    }
  }

  mutating func record() throws(DNSFault) -> DNSMessage.Record {
    let name = try name()
    let type: UInt16 = try number()
    let family: UInt16 = try number()
    let ttl: UInt32 = try number()
    let length: UInt16 = try number()
    let start = position
    var data = try take(Int(length))
    // The one type of ours whose name older servers compress; aliases are read to be shown.
    if type == RecordType.srv.number || type == DNSType.cname {
      let head = type == DNSType.cname ? 0 : 6
      guard data.count > head else { throw .malformed }
      var inner = DNSReader(message, at: start + head)
      let target = try inner.name()
      data = Array(data.prefix(head)) + target.wire
    }
    return DNSMessage.Record(name: name, type: type, family: family, ttl: ttl, data: data)
  }
}
