import Model

/// A binding request, and the address in its answer (RFC 8489).
struct STUNQuery {
  /// 96 random bits, by which the answer is known.
  let transaction: [UInt8]

  private static let magic: [UInt8] = [0x21, 0x12, 0xa4, 0x42]

  init(transaction: [UInt8] = (0..<12).map { _ in .random(in: 0...255) }) {
    self.transaction = transaction
  }

  /// A message type, a length, and no attributes.
  var bytes: [UInt8] { [0, 1, 0, 0] + Self.magic + transaction }

  enum Answer: Hashable {
    case address(IPAddress)
    case refused(String)
  }

  /// Nil if the message doesn't answer this request.
  func read(_ message: [UInt8]) -> Answer? {
    guard message.count >= 20, Array(message[4..<8]) == Self.magic,
      Array(message[8..<20]) == transaction
    else { return nil }
    let length = Int(message[2]) << 8 | Int(message[3])
    guard length == message.count - 20 else { return .refused("a malformed answer") }
    switch (message[0], message[1]) {
    case (1, 1):
      return address(in: message).map(Answer.address) ?? .refused("an answer without an address")
    case (1, 0x11): return .refused(error(in: message))
    default: return nil
    }
  }

  private func attribute(_ type: Int, in message: [UInt8]) -> ArraySlice<UInt8>? {
    var place = 20
    while place + 4 <= message.count {
      let (found, length) = (
        Int(message[place]) << 8 | Int(message[place + 1]),
        Int(message[place + 2]) << 8 | Int(message[place + 3])
      )
      guard place + 4 + length <= message.count else { return nil }
      if found == type { return message[(place + 4)..<(place + 4 + length)] }
      // Attributes are padded to four bytes.
      place += 4 + (length + 3) / 4 * 4
    }
    return nil
  }

  /// XOR-MAPPED-ADDRESS (14.2). MAPPED-ADDRESS isn't read: NATs rewrite what looks like an address.
  private func address(in message: [UInt8]) -> IPAddress? {
    guard let value = attribute(0x20, in: message).map(Array.init),
      value.count == 8 && value[1] == 1
        || value.count == 20 && value[1] == 2
    else { return nil }
    return IPAddress(bytes: zip(value[4...], Self.magic + transaction).map { $0 ^ $1 })
  }

  /// ERROR-CODE (14.8).
  private func error(in message: [UInt8]) -> String {
    guard let value = attribute(9, in: message).map(Array.init), value.count >= 4 else {
      return "an error"
    }
    let reason = String(decoding: value[4...], as: UTF8.self)
    return "error \(Int(value[2]) * 100 + Int(value[3]))"
      + (reason.isEmpty ? "" : " \(quoted(reason))")
  }
}
