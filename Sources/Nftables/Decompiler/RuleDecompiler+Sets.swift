internal import Addressing

extension RuleDecompiler {
  /// Reads a map expression: its key and the map.
  func map(
    _ set: SetName, _ register: Register
  ) -> (Nftables.Expression, Nftables.Expression)? {
    switch set {
    case .named(let name):
      guard let type = scope.sets[name], let (key, _) = key(register, bytes: type.key.bytes) else {
        return nil
      }
      return (key, .reference(name))
    case .anonymous(let program):
      guard let (key, shape) = key(register, bytes: Int(program.keyLength)),
        let elements = elements(program, shape)
      else { return nil }
      return (key, .set(elements))
    }
  }

  /// The shape of a map's values.
  func shape(_ data: Nftables.Expression, _ set: SetName) -> Shape? {
    switch (data, set) {
    case (.reference(let name), _): scope.sets[name]?.data
    case (_, .anonymous(let program)): program.dataShape
    default: nil
    }
  }

  func elements(
    _ program: SetProgram, _ key: Shape, data: Shape? = nil
  ) -> [Nftables.Element]? {
    let isInterval = program.flags & SetFlag.interval != 0
    var found: [Nftables.Element] = []
    var keys: [[UInt8]?] = []
    var rest = program.elements[...]
    while let element = rest.popFirst() {
      if element.flags & ElementFlag.intervalEnd != 0 { continue }
      var expression: Nftables.Expression?
      if element.flags & ElementFlag.catchAll == 0 {
        if isInterval, !key.isConcat {
          // Up to where the next interval begins, or to the greatest key.
          let high =
            rest.first?.key.predecessor
            ?? ElementBytes(repeatElement(0xff, count: element.key.count))
          expression = interval(Array(element.key), Array(high), key)
        } else if isInterval {
          expression = concat(Array(element.key), Array(element.keyEnd ?? element.key), key)
        } else {
          expression = constant.expression(Array(element.key), key)
        }
        if expression == nil { return nil }
      }
      var read = Nftables.Element(expression?.joiningFlags, timeout: element.timeout)
      read.comment = UserData.comment(in: element.userData)
      for instruction in element.statements {
        guard let statement = statement(instruction) else { return nil }
        read.statements.append(statement)
      }
      switch element.data {
      case nil: break
      case .verdict(let verdict)?: read.data = .verdict(verdict)
      case .object(let name)?: read.data = .symbol(name)
      case .value(let bytes)?:
        guard let shape = data ?? program.dataShape else { return nil }
        let value =
          program.leadsToIntervals
          ? values(Array(bytes), shape) : constant.expression(Array(bytes), shape)
        guard let value else { return nil }
        read.data = value.joiningFlags
      }
      found.append(read)
      keys.append(
        element.flags & ElementFlag.catchAll == 0 ? key.magnitude(Array(element.key)) : nil)
    }
    // In nft's order: by value, with the catch-all last.
    if isInterval { return found }
    return found.indices.sorted { a, b in
      guard let left = keys[a], let right = keys[b] else { return keys[a] != nil && keys[b] == nil }
      return left.lexicographicallyPrecedes(right)
    }.map { found[$0] }
  }

  private func concat(_ low: [UInt8], _ high: [UInt8], _ key: Shape) -> Nftables.Expression? {
    var parts: [Nftables.Expression] = []
    var offset = 0
    for field in key.fields {
      let end = offset + field.bytes
      guard end <= low.count, end <= high.count,
        let part = interval(Array(low[offset..<end]), Array(high[offset..<end]), field)
      else { return nil }
      parts.append(part)
      offset += field.cells * 4
    }
    return .concat(parts)
  }

  /// An interval among a map's values: the lower bound, then the upper one.
  private func values(_ bytes: [UInt8], _ shape: Shape) -> Nftables.Expression? {
    let (low, high) = (Array(bytes.prefix(bytes.count / 2)), Array(bytes.suffix(bytes.count / 2)))
    guard !shape.isConcat else { return concat(low, high, shape) }
    guard low == high else { return interval(low, high, shape) }
    return constant.expression(low, shape).map { .prefix($0, length: shape.bits) }
  }

  /// A value, a prefix or a range.
  func interval(_ low: [UInt8], _ high: [UInt8], _ shape: Shape) -> Nftables.Expression? {
    var shape = shape
    if shape.type.base != .string { shape.order = .network }
    guard low.count == shape.bytes, high.count == low.count else { return nil }
    if low == high { return constant.expression(low, shape) }
    if shape.type.base == .string {
      let name = low.prefix { $0 != 0 }
      guard high.dropFirst(name.count).allSatisfy({ $0 == 0xff }) else { return nil }
      return .symbol(String(decoding: name, as: UTF8.self) + "*")
    }
    guard let from = constant.expression(low, shape), let to = constant.expression(high, shape)
    else { return nil }
    if shape.type.base == .ipv4 || shape.type.base == .ipv6 {
      for length in 0..<shape.bits {
        let mask = RuleCompiler.prefixMask(length, bytes: shape.bytes)
        if zip(low, mask).allSatisfy({ $0 & ~$1 == 0 }),
          zip(low, mask).map({ $0 | ~$1 }) == high
        {
          return .prefix(from, length: length)
        }
      }
    }
    return .range(from, to)
  }
}

extension SetProgram {
  fileprivate var dataShape: Shape? {
    guard case .value(let type, let length)? = data else { return nil }
    return Shape(
      typeNumber: type, bytes: leadsToIntervals ? length / 2 : length, order(data: true))
  }

  fileprivate var leadsToIntervals: Bool {
    UserData.items(userData).contains {
      $0.type == UserData.Set.dataInterval && $0.value.first == 1
    }
  }
}

extension Shape {
  /// A key's bytes, most significant first, as nft compares them.
  fileprivate func magnitude(_ bytes: [UInt8]) -> [UInt8] {
    guard isConcat else { return order == .host ? bytes.reversed() : bytes }
    // The last field is the most significant.
    var whole: [UInt8] = []
    var offset = 0
    for field in fields {
      let end = min(offset + field.bytes, bytes.count)
      guard offset < end else { break }
      whole =
        [UInt8](repeating: 0, count: field.cells * 4 - field.bytes)
        + field.magnitude(Array(bytes[offset..<end])) + whole
      offset += field.cells * 4
    }
    return whole
  }
}

extension Nftables.Expression {
  /// Joins adjacent flags by `|`: within a set, an array means a key and its value.
  fileprivate var joiningFlags: Nftables.Expression {
    switch self {
    case .list(let flags) where !flags.isEmpty:
      flags.dropFirst().reduce(flags[0]) { .binary(.or, $0, $1) }
    case .concat(let parts): .concat(parts.map(\.joiningFlags))
    default: self
    }
  }
}
