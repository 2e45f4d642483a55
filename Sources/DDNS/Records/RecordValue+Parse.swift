internal import Addressing

extension RecordValue {
  /// From the text of a zone file, as most providers return it; nil if it isn't a value of this type.
  /// Names may lack the final dot, and a TXT's text may lack its quotes.
  public init?(_ text: String, type: RecordType) {
    switch type {
    case .a, .aaaa:
      guard let address = IPAddress(text), (address.family == .inet) == (type == .a) else {
        return nil
      }
      self = .address(address)
    case .txt: self = .text(Self.joined(text) ?? text)
    case .srv:
      let words = text.split(separator: " ")
      guard words.count == 4, let priority = UInt16(words[0]), let weight = UInt16(words[1]),
        let port = UInt16(words[2]), let target = RecordName(String(words[3]))
      else { return nil }
      self = .service(
        Service(priority: priority, weight: weight, port: port, target: target))
    case .https:
      guard let binding = Binding(text) else { return nil }
      self = .binding(binding)
    }
  }

  /// The strings between quotes, joined; nil if there is anything else.
  private static func joined(_ text: String) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while true {
      rest = rest.drop { $0 == UInt8(ascii: " ") }
      guard let first = rest.popFirst() else { break }
      guard first == UInt8(ascii: "\"") else { return nil }
      while true {
        guard let byte = rest.popFirst() else { return nil }
        if byte == UInt8(ascii: "\"") { break }
        guard byte == UInt8(ascii: "\\") else {
          bytes.append(byte)
          continue
        }
        let digits = rest.prefix { (0x30...0x39).contains($0) }.prefix(3)
        if digits.count == 3, let number = UInt8(String(decoding: digits, as: UTF8.self)) {
          bytes.append(number)
          rest = rest.dropFirst(3)
        } else if let escaped = rest.popFirst() {
          bytes.append(escaped)
        } else {
          return nil
        }
      }
    }
    return text.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }
}

extension RecordValue.Binding {
  /// `1 . alpn="h2,h3" port=443 ipv4hint=192.0.2.1`.
  init?(_ text: String) {
    let words = text.split(separator: " ")
    guard words.count >= 2, let priority = UInt16(words[0]) else { return nil }
    let target = RecordName(String(words[1]))
    guard let target else { return nil }
    self.init(priority: priority, target: target.text.isEmpty ? nil : target)
    for word in words.dropFirst(2) {
      let parts = word.split(separator: "=", maxSplits: 1)
      let value = (parts.count == 2 ? parts[1] : "").filter { $0 != "\"" }
      let list = value.split(separator: ",").map(String.init)
      switch parts[0] {
      case "alpn": protocols = list
      case "port":
        guard let number = UInt16(value) else { return nil }
        port = number
      case "ipv4hint", "ipv6hint":
        let addresses = list.compactMap { IPAddress($0) }
        guard addresses.count == list.count else { return nil }
        hints += addresses
      default:
        guard parts[0].hasPrefix("key"), let number = UInt16(parts[0].dropFirst(3)) else {
          return nil
        }
        others[number] = Array(value.utf8)
      }
    }
  }
}
