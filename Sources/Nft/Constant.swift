internal import Model

/// Constants as bytes.
struct Constant {
  let scope: TableScope

  /// In the shape's byte order, padded to whole bytes; a concatenation's fields to four.
  func bytes(
    _ expression: Nftables.Expression, _ shape: Shape
  ) throws(Refusal) -> [UInt8] {
    if let lift = shape.lift {
      var own = shape
      own.lift = nil
      let whole = own
      own.bits = lift.bits
      return try integer(try value(expression, own) << UInt64(lift.shift), whole)
    }
    if shape.isConcat {
      guard case .concat(let parts) = expression, parts.count == shape.fields.count else {
        throw Refusal("\(shape.fields.count) fields belong here, joined as a concat")
      }
      var bytes: [UInt8] = []
      for (part, field) in zip(parts, shape.fields) { bytes += padded(try self.bytes(part, field)) }
      return bytes
    }
    switch expression {
    case .number(let number):
      guard shape.type == .time else { return try integer(number, shape) }
      // Written in seconds, kept in milliseconds.
      let (value, overflow) = number.multipliedReportingOverflow(by: 1000)
      if overflow { throw Refusal("\(number) seconds are too many") }
      return try integer(value, shape)
    case .boolean(let flag):
      guard shape.bits <= 8 || shape.type == .boolean else {
        throw Refusal("true and false don't fit a \(shape.type.name)")
      }
      return try integer(flag ? 1 : 0, shape)
    case .symbol(let text): return try symbol(text, shape)
    case .list(let members):
      // Flags.
      guard shape.bits <= 64 else { throw Refusal("a list doesn't fit a \(shape.type.name)") }
      var value: UInt64 = 0
      for member in members { value |= try self.value(member, shape) }
      return try integer(value, shape)
    case .binary(let op, let left, let right):
      return try integer(
        op.applied(try value(left, shape), try value(right, shape)), shape)
    default:
      throw Refusal("a constant belongs here")
    }
  }

  /// Of at most 64 bits.
  func value(_ expression: Nftables.Expression, _ shape: Shape) throws(Refusal) -> UInt64 {
    guard shape.bits <= 64 else { throw Refusal("a \(shape.type.name) is too wide here") }
    var network = shape
    network.order = .network
    return try bytes(expression, network).reduce(0) { $0 << 8 | UInt64($1) }
  }

  func integer(_ value: UInt64, _ shape: Shape) throws(Refusal) -> [UInt8] {
    if shape.bits < 64, value >> UInt64(shape.bits) != 0 {
      throw Refusal("\(value) doesn't fit the \(shape.bits) bits of a \(shape.type.name)")
    }
    let bytes = (0..<shape.bytes).reversed().map { index in
      index < 8 ? UInt8(truncatingIfNeeded: value >> UInt64(index * 8)) : 0
    }
    return shape.order == .host ? bytes.reversed() : bytes
  }

  private func symbol(_ text: String, _ shape: Shape) throws(Refusal) -> [UInt8] {
    switch shape.type.base {
    case .ipv4, .ipv6:
      let family: Family = shape.type.base == .ipv4 ? .inet : .inet6
      guard let address = IPAddress(text), address.family == family else {
        throw Refusal("\"\(text)\" is not an \(family == .inet ? "IPv4" : "IPv6") address")
      }
      return address.networkBytes
    case .ether:
      guard let mac = MACAddress(text) else { throw Refusal("\"\(text)\" is not a MAC address") }
      return mac.bytes
    case .string:
      let bytes = Array(text.utf8)
      guard
        bytes.count < shape.bytes || (bytes.last == UInt8(ascii: "*") && bytes.count <= shape.bytes)
      else { throw Refusal("\"\(text)\" is longer than \(shape.bytes - 1) bytes") }
      return bytes + [UInt8](repeating: 0, count: shape.bytes - bytes.count)
    case .integer, .bitmask:
      guard let value = try number(text, shape) else {
        throw Refusal("\"\(text)\" is not a \(shape.type.name)")
      }
      return try integer(value, shape)
    }
  }

  private func number(_ text: String, _ shape: Shape) throws(Refusal) -> UInt64? {
    if let value = shape.type.value(of: text) { return value }
    if text.hasPrefix("0x") { return UInt64(text.dropFirst(2), radix: 16) }
    if let value = UInt64(text) { return value }
    switch shape.type {
    case .ifindex:
      guard let index = scope.link(text) else { throw Refusal("no link is called \"\(text)\"") }
      return UInt64(index)
    case .classID: return ClassID.value(text)
    case .hour: return TimeText.secondsOfDay(text)
    case .date: return TimeText.nanoseconds(text)
    default: return nil
    }
  }

  func padded(_ bytes: [UInt8]) -> [UInt8] {
    bytes + [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
  }
}

extension Nftables.Expression.Operator {
  func applied(_ left: UInt64, _ right: UInt64) -> UInt64 {
    switch self {
    case .and: left & right
    case .or: left | right
    case .xor: left ^ right
    case .shiftLeft: left << right
    case .shiftRight: left >> right
    }
  }
}

extension IPAddress {
  /// 4 bytes or 16.
  var networkBytes: [UInt8] {
    switch family {
    case .inet: v4.bigEndianBytes
    case .inet6: v6.high.bigEndianBytes + v6.low.bigEndianBytes
    }
  }
}

extension FixedWidthInteger {
  var bigEndianBytes: [UInt8] {
    (0..<bitWidth / 8).reversed().map { UInt8(truncatingIfNeeded: self >> Self($0 * 8)) }
  }
}
