internal import Addressing
internal import JSON

/// A string with references to parameters: `192.168.26.128+${INDEX}/22`.
struct Interpolation {
  private enum Base {
    case address(IPAddress)
    case prefix(Prefix)
    case mac(MACAddress)
  }

  private let parameters: Parameters
  private let bytes: [UInt8]
  private var position = 0

  init(_ text: String, _ parameters: Parameters) {
    bytes = Array(text.utf8)
    self.parameters = parameters
  }

  // MARK: - References

  static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  /// What refers to parameters in a string: their names, without repetition, and what is no reference
  /// though it begins like one.
  static func references(in text: String) -> (names: [String], malformed: [String]) {
    var interpolation = Interpolation(text, Parameters())
    var found: (names: [String], malformed: [String]) = ([], [])
    while interpolation.position < interpolation.bytes.count {
      if interpolation.skip("$${") { continue }
      if let (name, end) = interpolation.reference(at: interpolation.position) {
        if !found.names.contains(name) { found.names.append(name) }
        interpolation.position = end
      } else if interpolation.skip("${") {
        let rest = interpolation.bytes[interpolation.position...]
        let end = rest.firstIndex(of: UInt8(ascii: "}")).map { $0 + 1 } ?? rest.endIndex
        found.malformed.append("${" + String(decoding: rest[..<end], as: UTF8.self))
      } else {
        interpolation.position += 1
      }
    }
    return found
  }

  /// The name in `${NAME}`, and the position after it.
  private func reference(at start: Int) -> (name: String, end: Int)? {
    guard bytes[start...].starts(with: "${".utf8) else { return nil }
    let letters = bytes[(start + 2)...].prefix(while: Self.isNameByte)
    let end = start + 2 + letters.count
    guard end < bytes.count, bytes[end] == UInt8(ascii: "}") else { return nil }
    let name = String(decoding: letters, as: UTF8.self)
    return ParameterSection.isName(name) ? (name, end + 1) : nil
  }

  private mutating func skip(_ text: String) -> Bool {
    guard bytes[position...].starts(with: text.utf8) else { return false }
    position += text.utf8.count
    return true
  }

  // MARK: - Values

  /// The string with the parameters' values, all of which must be known; a number if it is a sum of
  /// integers, or a single one.
  mutating func evaluate() throws(Mismatch) -> Tree {
    if let number = try wholeNumber() { return .integer(number) }
    var output: [UInt8] = []
    position = 0
    while position < bytes.count {
      if skip("$${") {
        output += "${".utf8
      } else if let sum = try addressSum() {
        output += sum.utf8
      } else if let (name, end) = reference(at: position) {
        output += parameters[name]!.value!.text.utf8
        position = end
      } else {
        output.append(bytes[position])
        position += 1
      }
    }
    return .string(String(decoding: output, as: UTF8.self))
  }

  /// The sum if the whole string is one: `${INDEX}+51820`; nil for any other string.
  private func wholeNumber() throws(Mismatch) -> Int? {
    guard let first = integer(at: 0) else { return nil }
    var (sum, end) = first
    while end < bytes.count {
      guard bytes[end] == UInt8(ascii: "+"), let next = integer(at: end + 1) else { return nil }
      sum = try add(sum, next.number)
      end = next.end
    }
    return sum
  }

  /// An integer, or a reference to one.
  private func integer(at start: Int) -> (number: Int, end: Int)? {
    guard start < bytes.count else { return nil }
    if let (name, end) = reference(at: start) {
      guard case .integer(let number)? = parameters[name]?.value else { return nil }
      return (number, end)
    }
    let digits = bytes[start...].prefix { (48...57).contains($0) }
    let text = String(decoding: digits, as: UTF8.self)
    guard let number = Int(text), "\(number)" == text else { return nil }
    return (number, digits.endIndex)
  }

  private func add(_ left: Int, _ right: Int) throws(Mismatch) -> Int {
    let (sum, overflow) = left.addingReportingOverflow(right)
    if overflow { throw Mismatch("\(left) + \(right) is too large") }
    return sum
  }

  /// The address that many further on, after ADDRESS, ADDRESS/LENGTH, a MAC address or a reference to one
  /// of them, if sums begin there: `+${INDEX}`.
  private mutating func addressSum() throws(Mismatch) -> String? {
    guard isAtBoundary, let (base, start) = base(), start < bytes.count else { return nil }
    var end = start
    var count = 0
    var refers = bytes[position] == UInt8(ascii: "$")
    while end < bytes.count, bytes[end] == UInt8(ascii: "+"), let next = integer(at: end + 1) {
      refers = refers || bytes[end + 1] == UInt8(ascii: "$")
      count = try add(count, next.number)
      end = next.end
    }
    guard end > start, refers else { return nil }
    var length: UInt8?
    if case .address = base, end < bytes.count, bytes[end] == UInt8(ascii: "/"),
      let stated = integer(at: end + 1)
    {
      length = UInt8(exactly: stated.number)
      // What is no length stays for whoever reads the prefix.
      if length != nil { end = stated.end }
    }
    position = end
    return try sum(base, count, length)
  }

  private func sum(_ base: Base, _ count: Int, _ length: UInt8?) throws(Mismatch) -> String {
    switch base {
    case .mac(let mac):
      guard let sum = mac.offset(by: count) else {
        throw Mismatch("\(mac) + \(count) is no MAC address")
      }
      return "\(sum)"
    case .address(let address):
      let sum = try sum(address, count)
      guard let length else { return "\(sum)" }
      // A /32 or a /128 is no subnet that could be left: it is the length that the address has.
      if let prefix = Prefix(address, length: length), !prefix.isHost, !prefix.contains(sum) {
        throw Mismatch("\(address) + \(count) is \(sum), outside of \(prefix.network)")
      }
      return "\(sum)/\(length)"
    case .prefix(let prefix):
      let sum = try sum(prefix.address, count)
      guard prefix.isHost || prefix.contains(sum) else {
        throw Mismatch("\(prefix.address) + \(count) is \(sum), outside of \(prefix.network)")
      }
      return "\(sum)/\(prefix.length)"
    }
  }

  private func sum(_ address: IPAddress, _ count: Int) throws(Mismatch) -> IPAddress {
    if let sum = address.offset(by: count) { return sum }
    throw Mismatch(
      "\(address) + \(count) is no \(address.family == .inet ? "IPv4" : "IPv6") address")
  }

  /// Whether an address may begin here: not within a word, a number or another address.
  private var isAtBoundary: Bool {
    guard position > 0 else { return true }
    let previous = bytes[position - 1]
    return !Self.isNameByte(previous) && !"}.:+$".utf8.contains(previous)
  }

  /// What is to be advanced, and the position after it.
  private func base() -> (Base, end: Int)? {
    if let (name, end) = reference(at: position) {
      switch parameters[name]?.value {
      case .address(let address): return (.address(address), end)
      case .prefix(let prefix): return (.prefix(prefix), end)
      default: return nil
      }
    }
    let run = bytes[position...].prefix { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: ":"), UInt8(ascii: "."),
        UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
        true
      default: false
      }
    }
    if run.isEmpty { return nil }
    let text = String(decoding: run, as: UTF8.self)
    if let mac = MACAddress(text) { return (.mac(mac), run.endIndex) }
    guard let address = IPAddress(text) else { return nil }
    let rest = bytes[run.endIndex...]
    guard rest.first == UInt8(ascii: "/") else { return (.address(address), run.endIndex) }
    let digits = rest.dropFirst().prefix { (48...57).contains($0) }
    let prefix = Prefix(text + "/" + String(decoding: digits, as: UTF8.self))
    return prefix.map { (.prefix($0), digits.endIndex) }
  }
}
