internal import Addressing

extension Constant {
  /// Converts bytes back to a constant; nil if they have no expression.
  func expression(_ bytes: [UInt8], _ shape: Shape) -> Nftables.Expression? {
    if shape.isConcat {
      var parts: [Nftables.Expression] = []
      var offset = 0
      for field in shape.fields {
        guard offset + field.bytes <= bytes.count,
          let part = expression(Array(bytes[offset..<offset + field.bytes]), field)
        else { return nil }
        parts.append(part)
        offset += field.cells * 4
      }
      return .concat(parts)
    }
    guard bytes.count == shape.bytes else { return nil }
    switch shape.type.base {
    case .ipv4, .ipv6: return IPAddress(bytes: bytes).map { .symbol($0.description) }
    case .ether: return MACAddress(bytes: bytes).map { .symbol($0.description) }
    case .string:
      var text = Array(bytes.prefix { $0 != 0 })
      if text.last == UInt8(ascii: "*") { text.insert(UInt8(ascii: "\\"), at: text.count - 1) }
      return .symbol(String(decoding: text, as: UTF8.self))
    case .integer, .bitmask: break
    }
    if shape.type == .ctLabel {
      let bits = (0..<shape.bits).filter { bytes[$0 / 8] & 1 << ($0 % 8) != 0 }
      let numbers = bits.map { Nftables.Expression.number(UInt64($0)) }
      return numbers.count == 1 ? numbers[0] : .list(numbers)
    }
    let ordered = shape.order == .host ? bytes.reversed() : bytes
    guard bytes.count <= 8 || ordered.dropLast(8).allSatisfy({ $0 == 0 }) else {
      // nft writes numbers that exceed JSON's as text.
      guard bytes.count <= 16, shape.lift == nil else { return nil }
      let value = ordered.reduce(0 as UInt128) { $0 << 8 | UInt128($1) }
      return .symbol("0x" + String(value, radix: 16))
    }
    var value = ordered.suffix(8).reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    if let lift = shape.lift {
      guard value & (1 << UInt64(lift.shift) - 1) == 0 else { return nil }
      value >>= UInt64(lift.shift)
    }
    return expression(value, shape.type)
  }

  func expression(_ value: UInt64, _ type: DataType) -> Nftables.Expression? {
    switch type {
    case .boolean: return value <= 1 ? .boolean(value == 1) : nil
    case .time:
      return value % 1000 == 0
        ? .number(value / 1000) : .symbol(Nftables.Duration.text(milliseconds: value))
    case .classID: return .symbol(ClassID.text(value))
    case .hour:
      guard value < 86400 else { return .number(value) }
      let local = (Int(value) + scope.names.utcOffset(nil) + 86400) % 86400
      return TimeText.hour(UInt64(local)).map { .symbol($0) } ?? .number(value)
    case .date:
      // The offset in force at that local time, the same as when it was written.
      let universal = Int(value / 1_000_000_000)
      let offset = scope.names.utcOffset(universal)
      // Fractions of a second can't be written.
      guard value % 1_000_000_000 == 0 else { return nil }
      guard scope.names.utcOffset(universal + offset) == offset, universal + offset >= 0
      else { return .number(UInt64(universal)) }
      return TimeText.date(UInt64(universal + offset) * 1_000_000_000).map { .symbol($0) }
        ?? .number(UInt64(universal))
    case .ifindex:
      return linkName(UInt32(truncatingIfNeeded: value)).map { .symbol($0) } ?? .number(value)
    default: break
    }
    if let table = type.table, let number = UInt32(exactly: value),
      let name = scope.names.tables[table]?[number], type.symbol(of: value) == nil
    {
      return .symbol(name)
    }
    guard type.base == .bitmask, value != 0 else {
      return type.symbol(of: value).map { .symbol($0) } ?? .number(value)
    }
    var rest = value
    var names: [Nftables.Expression] = []
    for (name, bit) in type.symbols where rest & bit == bit && bit != 0 {
      names.append(.symbol(name))
      rest &= ~bit
    }
    if rest != 0 { return .number(value) }
    return names.count == 1 ? names[0] : .list(names)
  }

  private func linkName(_ index: UInt32) -> String? { scope.linkName(index) }
}

extension TimeText {
  static func hour(_ seconds: UInt64) -> String? {
    guard seconds < 86400 else { return nil }
    func two(_ number: UInt64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let text = "\(two(seconds / 3600)):\(two(seconds / 60 % 60))"
    return seconds % 60 == 0 ? text : text + ":\(two(seconds % 60))"
  }

  /// `2022-01-31 12:00:00`; nil if there is a fraction of a second.
  static func date(_ nanoseconds: UInt64) -> String? {
    guard nanoseconds % 1_000_000_000 == 0 else { return nil }
    let seconds = nanoseconds / 1_000_000_000
    // Hinnant's civil_from_days.
    let z = Int(seconds / 86400) + 719468
    let era = z / 146097
    let dayOfEra = z - era * 146097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shifted + 2) / 5 + 1
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    guard year <= 2500 else { return nil }
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let time = hour(seconds % 86400) ?? ""
    return "\(year)-\(two(month))-\(two(day)) \(time.utf8.count == 5 ? time + ":00" : time)"
  }
}
