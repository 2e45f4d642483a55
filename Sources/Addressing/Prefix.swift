/// An address with the length of its network part: a route's destination, a rule's selector, or an
/// interface's address, which has host bits.
public struct Prefix: Hashable, Sendable {
  public let address: IPAddress
  /// 0 to 32, or 0 to 128.
  public let length: UInt8

  /// Nil if the family's addresses are shorter than `length`.
  public init?(_ address: IPAddress, length: UInt8) {
    guard length <= address.family.width else { return nil }
    self.address = address
    self.length = length
  }

  /// The prefix of a single address: /32 or /128.
  public init(_ address: IPAddress) {
    self.address = address
    self.length = address.family.width
  }

  public static func all(_ family: Family) -> Prefix {
    Prefix(unchecked: IPAddress(family: family, high: 0, low: 0), 0)
  }

  private init(unchecked address: IPAddress, _ length: UInt8) {
    self.address = address
    self.length = length
  }

  public var family: Family { address.family }
  /// The prefix without host bits.
  public var network: Prefix { Prefix(unchecked: address.masked(length), length) }
  /// The last address of the network.
  public var last: IPAddress {
    let (high, low) = address.masked(length).v6
    let hosts = family.width - length
    return family == .inet
      ? IPAddress(v4: UInt32(low) | (hosts == 32 ? .max : 1 << UInt32(hosts) - 1))
      : IPAddress(
        v6High: high | (hosts <= 64 ? 0 : hosts == 128 ? .max : 1 << UInt64(hosts - 64) - 1),
        low: low | (hosts >= 64 ? .max : 1 << UInt64(hosts) - 1))
  }
  public var hasHostBits: Bool { address.masked(length) != address }
  public var isHost: Bool { length == family.width }
  public var isDefault: Bool { length == 0 && address.isUnspecified }

  public func contains(_ other: IPAddress) -> Bool {
    other.family == family && other.masked(length) == address.masked(length)
  }
}

extension Prefix: Comparable {
  public static func < (a: Prefix, b: Prefix) -> Bool {
    (a.address, a.length) < (b.address, b.length)
  }
}

extension Prefix: LosslessStringConvertible {
  /// Parses `ADDRESS/LENGTH`; a bare address gets /32 or /128.
  public init?(_ text: String) {
    let bytes = text.utf8.span
    guard let slash = bytes.indices.first(where: { bytes[$0] == UInt8(ascii: "/") }) else {
      guard let address = IPAddress(bytes) else { return nil }
      self.init(address)
      return
    }
    let digits = bytes.extracting((slash + 1)...)
    guard let address = IPAddress(bytes.extracting(..<slash)), (1...3).contains(digits.count),
      digits.count == 1 || digits[0] != UInt8(ascii: "0")
    else { return nil }
    var length = 0
    for position in digits.indices {
      guard digits[position] &- 48 < 10 else { return nil }
      length = length * 10 + Int(digits[position] & 15)
    }
    guard length <= 128 else { return nil }
    self.init(address, length: UInt8(length))
  }

  public var description: String { "\(address)/\(length)" }
}
