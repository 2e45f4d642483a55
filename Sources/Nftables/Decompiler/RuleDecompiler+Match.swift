internal import Addressing

extension RuleDecompiler {
  private mutating func append(
    _ relation: Nftables.Relation, _ left: Nftables.Expression, _ right: Nftables.Expression,
    _ shape: Shape
  ) -> Bool {
    statements.append(.match(relation, left, right))
    if relation == .equal || relation == .in, let value = try? constant.value(right, shape) {
      known.learn(left, value)
    }
    return true
  }

  mutating func test(_ instruction: Instruction) -> Bool {
    switch instruction {
    case .cmp(let register, let comparison, let data): return compare(register, comparison, data)
    case .range(let register, true, let low, let high):
      return match(range: register, low, high, .notEqual)
    case .lookup(let set, let register, nil, let isInverted):
      guard let (key, data) = map(set, register) else { return false }
      statements.append(.match(isInverted ? .notEqual : .equal, key, data))
      if key == .payload(protocol: "icmp", field: "type")
        || key == .payload(protocol: "icmpv6", field: "type"), case .anonymous(let program) = set
      {
        known.messages = program.elements.compactMap(\.key.first)
      }
      return true
    case .verdictLookup(let set, let register):
      guard let (key, data) = map(set, register) else { return false }
      statements.append(.vmap(key: key, data: data))
      return true
    default: return false
    }
  }

  private mutating func compare(
    _ register: Register, _ comparison: Comparison, _ data: [UInt8]
  ) -> Bool {
    guard let value = held[register.cell] else { return false }
    let relation: Nftables.Relation =
      switch comparison {
      case .equal: .equal
      case .notEqual: .notEqual
      case .less: .less
      case .lessOrEqual: .lessOrEqual
      case .greater: .greater
      case .greaterOrEqual: .greaterOrEqual
      }
    if case .payload(let range) = value.source, value.mask == nil {
      return compare(range, relation, data)
    }
    if case .payload = value.source, value.mask != nil {
      guard let (left, shape) = expression(value), let right = constant.expression(data, shape)
      else { return false }
      return append(relation, left, right, shape)
    }
    guard case .expression(let left) = value.source, var shape = value.shape else {
      return raw(value, relation, data)
    }
    if let mask = value.mask, let xor = value.xor {
      if let prefix = prefix(value, data, mask, xor) {
        return append(relation, left, prefix, shape)
      }
      if shape.type.base == .bitmask, data.allSatisfy({ $0 == 0 }), xor.allSatisfy({ $0 == 0 }),
        let flags = constant.expression(mask, shape)
      {
        return append(relation == .notEqual ? .in : .none, left, flags, shape)
      }
      guard let (masked, own) = expression(value), let right = constant.expression(data, own)
      else { return false }
      statements.append(.match(relation, masked, right))
      return true
    }
    // A prefix of a string or of an address.
    if data.count < shape.bytes {
      if shape.type.base == .string {
        return append(
          relation, left, .symbol(String(decoding: data, as: UTF8.self) + "*"), shape)
      }
      let low = data + [UInt8](repeating: 0, count: shape.bytes - data.count)
      guard let address = constant.expression(low, shape) else { return false }
      return append(relation, left, .prefix(address, length: data.count * 8), shape)
    }
    if shape.type == .boolean, data.count <= 4 { shape.bits = data.count * 8 }
    if case .fib = left, shape.type == .boolean {
      return append(relation, left, .boolean(data[0] == 1), Shape(.boolean))
    }
    guard let right = constant.expression(data, shape) else { return false }
    return append(relation, left, right, shape)
  }

  /// Reads a comparison of adjacent fields, of the first bytes of an address, or of raw bytes.
  private mutating func compare(
    _ range: PayloadRange, _ relation: Nftables.Relation, _ data: [UInt8]
  ) -> Bool {
    guard data.count == Int(range.length) else { return false }
    if relation == .equal, let fields = fields(range), fields.count > 1 {
      var offset = 0
      for (name, field) in fields {
        let bytes = Array(data[offset..<offset + field.bits / 8])
        offset += field.bits / 8
        let shape = Shape(field.type, bits: field.bits, order: .network)
        guard let right = constant.expression(bytes, shape),
          append(.equal, .payload(protocol: name, field: field.name), right, shape)
        else { return false }
      }
      return true
    }
    if let (name, field) = field(beginning: range) {
      let shape = Shape(field.type)
      let low = data + [UInt8](repeating: 0, count: shape.bytes - data.count)
      guard let address = constant.expression(low, shape) else { return false }
      return append(
        relation, .payload(protocol: name, field: field.name),
        .prefix(address, length: data.count * 8), shape)
    }
    return raw(Held(source: .payload(range)), relation, data)
  }

  private mutating func raw(
    _ value: Held, _ relation: Nftables.Relation, _ data: [UInt8]
  ) -> Bool {
    guard case .payload(let range) = value.source, value.mask == nil,
      range.base < Self.bases.count
    else { return false }
    let base = Self.bases[Int(range.base)]
    let shape = Shape(.integer, bits: Int(range.length) * 8, order: .network)
    guard let right = constant.expression(data, shape) else { return false }
    statements.append(
      .match(
        relation, .raw(base: base, offset: Int(range.offset) * 8, length: shape.bits), right))
    return true
  }

  private func prefix(
    _ value: Held, _ data: [UInt8], _ mask: [UInt8], _ xor: [UInt8]
  ) -> Nftables.Expression? {
    guard let shape = value.shape, case .expression(let expression) = value.source,
      shape.type.base == .ipv4 || shape.type.base == .ipv6 || expression.isMark,
      xor.allSatisfy({ $0 == 0 }), mask.count == shape.bytes,
      let length = ((expression.isMark ? 1 : 0)...shape.bits).first(where: {
        RuleCompiler.prefixMask($0, bytes: shape.bytes)
          == (shape.needsSwap ? mask.reversed() : mask)
      }), let address = constant.expression(data, shape),
      // Whole bytes of an address need no mask: this mask was written explicitly.
      shape.needsSwap || length == 0 || length % 8 != 0
    else { return nil }
    return .prefix(address, length: length)
  }

  mutating func match(
    range register: Register, _ low: [UInt8], _ high: [UInt8], _ relation: Nftables.Relation
  ) -> Bool {
    guard let value = held[register.cell], value.mask == nil,
      case .expression(let left) = value.source, let shape = value.shape,
      let from = constant.expression(low, shape), let to = constant.expression(high, shape)
    else { return false }
    statements.append(.match(relation, left, .range(from, to)))
    return true
  }
}

extension Nftables.Expression {
  /// Whether nft prints a mask of its highest bits as a prefix.
  fileprivate var isMark: Bool { self == .meta("mark") || self == .ct(key: "mark", direction: nil) }
}

extension KnownProtocols {
  /// Notes that `left` was found to be `value`.
  mutating func learn(_ left: Nftables.Expression, _ value: UInt64) {
    func name(_ layer: PacketProtocol.Layer) -> String? {
      PacketProtocol.all.first { $0.layer == layer && $0.number == value }?.name
    }
    learn(left, among: [value])
    switch left {
    case .meta("l4proto"), .payload("ip", "protocol"), .payload("ip6", "nexthdr"):
      if transport == nil { transport = name(.transport) }
    case .meta("nfproto"):
      if network == nil { network = value == 2 ? "ip" : value == 10 ? "ip6" : nil }
    case .meta("protocol") where !protocolSaysNetwork: break
    case .meta("protocol"), .payload("ether", "type"), .payload("vlan", "type"):
      if network == nil { network = name(.network) }
      if left != .meta("protocol"), value == 0x8100 || value == 0x88a8 { vlans += 1 }
    case .meta("iiftype"):
      if value == 1 { isEther = true }
    case .payload("icmp", "type"), .payload("icmpv6", "type"):
      hasMessageType = true
      messages = [UInt8(truncatingIfNeeded: value)]
    default: break
    }
  }
}
