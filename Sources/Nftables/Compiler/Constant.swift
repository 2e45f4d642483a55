internal import Addressing

/// Converts constants to bytes.
struct Constant {
  let scope: TableScope

  /// In the shape's byte order, padded to whole bytes; each field of a concatenation to four bytes.
  func bytes(
    _ expression: Nftables.Expression, _ shape: Shape
  ) throws(CompileError) -> [UInt8] {
    if let lift = shape.lift {
      var own = shape
      own.lift = nil
      let whole = own
      own.bits = lift.bits
      return try integer(try wide(expression, own) << UInt128(lift.shift), whole)
    }
    if shape.isConcat {
      guard case .concat(let parts) = expression, parts.count == shape.fields.count else {
        throw CompileError("\(shape.fields.count) fields belong here, joined as a concat")
      }
      var bytes: [UInt8] = []
      for (part, field) in zip(parts, shape.fields) { bytes += padded(try self.bytes(part, field)) }
      return bytes
    }
    if shape.type == .ctLabel { return try label(expression, shape) }
    switch expression {
    case .number(let number):
      if shape.type.base == .ipv6 { throw CompileError("\(number) is not an IPv6 address") }
      if shape.type.base == .ether { return try lastByte(number, shape) }
      guard let unit = shape.type.perSecond else { return try integer(UInt128(number), shape) }
      return try integer(UInt128(number) * unit, shape)
    case .boolean(let flag):
      guard shape.bits <= 8 || shape.type == .boolean else {
        throw CompileError("true and false don't fit a \(shape.type.name)")
      }
      return try integer(flag ? 1 : 0, shape)
    case .symbol(let text): return try symbol(text, shape)
    case .list(let members):
      guard shape.type.base == .bitmask else {
        throw CompileError(
          "a list belongs to flags, not to \(shape.type.name); {\"set\": [...]} is any one of several values"
        )
      }
      var value: UInt128 = 0
      for member in members { value |= try wide(member, shape) }
      return try integer(value, shape)
    case .binary(let op, let left, let right):
      return try integer(try folded(op, left, right, shape), shape)
    default:
      throw CompileError("a constant belongs here")
    }
  }

  /// nft reads a number as the hexadecimal digits of the address's last byte.
  private func lastByte(_ number: UInt64, _ shape: Shape) throws(CompileError) -> [UInt8] {
    guard let byte = UInt8(String(number), radix: 16) else {
      throw CompileError("\(number) is not a MAC address")
    }
    return try integer(byte, shape)
  }

  /// A bit mask from the numbers of bits.
  private func label(
    _ expression: Nftables.Expression, _ shape: Shape
  ) throws(CompileError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: shape.bytes)
    switch expression {
    case .list(let members), .concat(let members):
      for member in members {
        bytes = zip(bytes, try label(member, shape)).map { $0 | $1 }
      }
    case .binary(.or, let left, let right):
      bytes = zip(try label(left, shape), try label(right, shape)).map { $0 | $1 }
    case .number(let bit) where bit < shape.bits:
      bytes[Int(bit) / 8] |= 1 << (bit % 8)
    default: throw CompileError("ct label: a bit's number, 0 to \(shape.bits - 1)")
    }
    return shape.order == .host ? bytes : bytes.reversed()
  }

  /// The result of an operation on constants, which is as wide as they are, as in nft.
  private func folded(
    _ op: Nftables.Expression.Operator, _ left: Nftables.Expression,
    _ right: Nftables.Expression, _ shape: Shape
  ) throws(CompileError) -> UInt128 {
    guard shape.type.base != .string, shape.bits <= 128 else {
      throw CompileError("\(op.rawValue) of a \(shape.type.name)")
    }
    let first = try wide(left, shape)
    switch op {
    case .and: return first & (try wide(right, shape))
    case .or: return first | (try wide(right, shape))
    case .xor: return first ^ (try wide(right, shape))
    case .shiftLeft, .shiftRight:
      let amount = try value(right, Shape(.integer, bits: 32, order: .host))
      guard amount < shape.bits else { throw CompileError("a shift by \(amount) leaves nothing") }
      let all = UInt128.max >> UInt128(128 - shape.bits)
      return op == .shiftRight ? first >> UInt128(amount) : first << UInt128(amount) & all
    }
  }

  /// A value of at most 64 bits.
  func value(_ expression: Nftables.Expression, _ shape: Shape) throws(CompileError) -> UInt64 {
    guard shape.bits <= 64 else { throw CompileError("a \(shape.type.name) is too wide here") }
    return UInt64(truncatingIfNeeded: try wide(expression, shape))
  }

  /// A value of at most 128 bits.
  private func wide(
    _ expression: Nftables.Expression, _ shape: Shape
  ) throws(CompileError) -> UInt128 {
    guard shape.bits <= 128 else { throw CompileError("a \(shape.type.name) is too wide here") }
    var network = shape
    network.order = .network
    return try bytes(expression, network).reduce(0) { $0 << 8 | UInt128($1) }
  }

  func integer(_ value: some FixedWidthInteger, _ shape: Shape) throws(CompileError) -> [UInt8] {
    let value = UInt128(truncatingIfNeeded: value)
    if shape.bits < 128, value >> UInt128(shape.bits) != 0 {
      throw CompileError("\(value) doesn't fit the \(shape.bits) bits of a \(shape.type.name)")
    }
    if let maximum = shape.maximum, value > maximum {
      throw CompileError("\(value) is more than there can be here: 0 to \(maximum)")
    }
    let bytes = (0..<shape.bytes).reversed().map { index in
      index < 16 ? UInt8(truncatingIfNeeded: value >> UInt128(index * 8)) : 0
    }
    return shape.order == .host ? bytes.reversed() : bytes
  }

  private func symbol(_ text: String, _ shape: Shape) throws(CompileError) -> [UInt8] {
    switch shape.type.base {
    case .ipv4, .ipv6:
      let family: Family = shape.type.base == .ipv4 ? .inet : .inet6
      // nft accepts this as an operand that masks an address.
      if text.hasPrefix("0x"), family == .inet, let value = UInt128(text.dropFirst(2), radix: 16) {
        return try integer(value, shape)
      }
      guard let address = IPAddress(text), address.family == family else {
        throw CompileError("\"\(text)\" is not an \(family == .inet ? "IPv4" : "IPv6") address")
      }
      return address.networkBytes
    case .ether:
      guard let mac = MACAddress(text) else {
        throw CompileError("\"\(text)\" is not a MAC address")
      }
      return mac.bytes
    case .string:
      if text.isEmpty { throw CompileError("an empty text is not a \(shape.type.name)") }
      if text.isNamePrefix {
        throw CompileError(
          "\"\(text)\" stands for many names: of sets, it belongs to those with the flag interval")
      }
      var bytes = Array(text.utf8)
      if text.hasSuffix("\\*") { bytes.remove(at: bytes.count - 2) }
      guard
        bytes.count < shape.bytes || (bytes.last == UInt8(ascii: "*") && bytes.count <= shape.bytes)
      else { throw CompileError("\"\(text)\" is longer than \(shape.bytes - 1) bytes") }
      return bytes + [UInt8](repeating: 0, count: shape.bytes - bytes.count)
    case .integer, .bitmask:
      guard let value = try number(text, shape) else {
        throw CompileError("\"\(text)\" is not a \(shape.type.name)")
      }
      return try integer(value, shape)
    }
  }

  private func number(_ text: String, _ shape: Shape) throws(CompileError) -> UInt128? {
    if let value = shape.type.value(of: text) { return UInt128(value) }
    if text.hasPrefix("0x"), shape.type.takesHexadecimal {
      return UInt128(text.dropFirst(2), radix: 16)
    }
    if let value = UInt128(text), value >> 64 == 0 || shape.bits > 64 {
      return value * (shape.type.perSecond ?? 1)
    }
    return try name(text, shape).map { UInt128($0) }
  }

  /// The value of a name that only this type, or this machine, defines.
  private func name(_ text: String, _ shape: Shape) throws(CompileError) -> UInt64? {
    switch shape.type {
    case .ifindex:
      guard let index = scope.link(text) else {
        throw CompileError("no link is called \"\(text)\"")
      }
      return UInt64(index)
    case .classID: return ClassID.value(text)
    case .hour:
      guard
        let seconds = TimeText.secondsOfDay(text)
          ?? Nftables.Duration.milliseconds(text)
          .map({ $0 / 1000 }), seconds < 86400
      else { return nil }
      let universal = Int(seconds) - scope.names.utcOffset(nil)
      return UInt64((universal % 86400 + 86400) % 86400)
    case .date:
      guard let local = TimeText.nanoseconds(text) else { return nil }
      let offset = scope.names.utcOffset(Int(local / 1_000_000_000))
      return UInt64(exactly: Int(local) - offset * 1_000_000_000)
    case .time: return Nftables.Duration.milliseconds(text)
    case .inetService: return scope.names.service(text).map { UInt64($0) }
    case .uid: return scope.names.user(text).map { UInt64($0) }
    case .gid: return scope.names.group(text).map { UInt64($0) }
    default:
      guard let table = shape.type.table else { return nil }
      // If several numbers have the name, the lowest.
      return scope.names.tables[table]?.filter { $0.value == text }.keys.min().map { UInt64($0) }
    }
  }

  func padded(_ bytes: [UInt8]) -> [UInt8] {
    bytes + [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
  }
}

extension DataType {
  /// How many of the kernel's units make a second, for types that are written in seconds.
  var perSecond: UInt128? {
    switch self {
    case .time: 1000
    case .date: 1_000_000_000
    default: nil
    }
  }

  /// False for types that have a notation of their own.
  fileprivate var takesHexadecimal: Bool {
    ![.time, .hour, .date, .uid, .ifindex].contains(self)
  }

  /// Where the machine defines names for the type.
  var table: MachineNames.Table? {
    switch self {
    case .realm: .realms
    case .mark: .marks
    case .deviceGroup: .groups
    default: nil
    }
  }
}

extension IPAddress {
  /// The 4 or 16 bytes of the address.
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
