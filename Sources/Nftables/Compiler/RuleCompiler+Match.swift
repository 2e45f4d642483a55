internal import Addressing

extension RuleCompiler {
  mutating func match(
    _ relation: Nftables.Relation, _ left: Nftables.Expression, _ right: Nftables.Expression
  ) throws(CompileError) {
    try require(left)
    try require(right)
    if case .payload("icmp", "type") = left { known.hasMessageType = true }
    if case .payload("icmpv6", "type") = left { known.hasMessageType = true }
    if case .ct("protocol", _) = left { known.hasConnectionProtocol = true }
    guard var shape = try Shape.of(left, scope) else {
      throw CompileError("a match begins with what a packet holds, not with a constant")
    }
    if !left.asksForExistence { try check(compared: right, shape) }
    if shape.isConcat {
      switch right {
      case .set, .reference: break
      default:
        throw CompileError(
          "a concat is looked up in a set or a map: {\"set\": [{\"concat\": ...}]}")
      }
    }
    switch right {
    case .set, .reference:
      guard relation == .equal || relation == .notEqual || relation == .in else {
        throw CompileError("\(relation.rawValue) doesn't go with a set")
      }
      try check(key: left)
      let (set, key) = try self.set(right, for: left)
      let register = try allocate(shape)
      try loadKey(left, as: key, into: register)
      code.append(.lookup(set, register, to: nil, isInverted: relation == .notEqual))
      if relation != .notEqual, case .set(let elements) = right, shape.bits <= 64 {
        known.learn(
          left, among: elements.compactMap { $0.key.flatMap { try? constant.value($0, shape) } })
      }
      return close(isMatch: true)
    case .range(let low, let high):
      try matchRange(relation, left, shape, low, high)
    case .prefix(let address, let length):
      try matchPrefix(relation, left, shape, address, length)
    case .symbol(let text) where shape.type.base == .string && text.isNamePrefix:
      guard relation == .equal || relation == .notEqual || relation == .in else {
        throw CompileError(
          "\(relation.rawValue) doesn't go with \"\(text)\", which stands for many names")
      }
      let bytes = Array(text.utf8.dropLast())
      try loadForEquality(left)
      try compare(relation, bytes)
    case .boolean(let flag) where left.asksForExistence:
      try matchExistence(relation, left, flag)
    case _ where relation == .none:
      try matchFlags(relation, left, shape, right)
    case .list where relation == .in,
      .binary(.or, _, _) where relation == .in:
      try matchFlags(relation, left, shape, right)
    default:
      if relation == .in, shape.type.base == .bitmask, !left.isOperation {
        try matchFlags(relation, left, shape, right)
        break
      }
      return try matchValue(relation, left, &shape, right)
    }
    close(isMatch: true)
  }

  private mutating func matchValue(
    _ relation: Nftables.Relation, _ left: Nftables.Expression, _ shape: inout Shape,
    _ right: Nftables.Expression
  ) throws(CompileError) {
    guard try Shape.of(right, scope) == nil else {
      throw CompileError("the right side of a match has to be a constant")
    }
    let isOrdered = ![.equal, .notEqual, .in].contains(relation)
    if case .payload(let name, let field) = left {
      let (proto, found) = try packetField(name, field)
      if found.offset % 8 == 0, found.bits % 8 == 0 {
        var network = shape
        network.order = .network
        let value = try constant.bytes(right, network)
        let range = PayloadRange(
          base: proto.layer.rawValue, offset: UInt32(found.offset / 8),
          length: UInt32(found.bits / 8))
        code.append(.payload(range, try allocate()))
        try compare(relation, value)
        let joins = relation == .equal || relation == .in
        close(
          isMatch: true,
          join: joins
            ? Join(range: range, value: value, isProtocol: found.saysProtocol(in: name)) : nil)
        if joins, let value = try? constant.value(right, shape) { known.learn(left, value) }
        return
      }
    }
    if let found = try BitField(left, known) {
      return try matchBits(relation, found, shape, right)
    }
    let register = try allocate(shape)
    if isOrdered, shape.needsSwap {
      shape.order = .network
      try load(left, into: register, converted: shape)
    } else {
      try load(left, into: register)
    }
    try compare(relation, try constant.bytes(right, shape))
    close(isMatch: true)
    if relation == .equal || relation == .in, shape.bits <= 64 {
      known.learn(left, try constant.value(right, shape))
    }
  }

  /// Compares a field where it stands within its bytes; the constant is shifted.
  private mutating func matchBits(
    _ relation: Nftables.Relation, _ found: BitField, _ shape: Shape, _ right: Nftables.Expression
  ) throws(CompileError) {
    let register = try allocate()
    code += found.instructions(register)
    try compare(relation, try constant.bytes(right, found.lifted(shape)))
    close(isMatch: true)
  }

  private mutating func matchRange(
    _ relation: Nftables.Relation, _ left: Nftables.Expression, _ shape: Shape,
    _ low: Nftables.Expression, _ high: Nftables.Expression
  ) throws(CompileError) {
    guard shape.type.base != .string else { throw CompileError("names have no ranges") }
    let field = try BitField(left, known)
    let ordered = field?.lifted(shape) ?? shape.comparable
    let (from, to) = (try constant.bytes(low, ordered), try constant.bytes(high, ordered))
    guard !to.lexicographicallyPrecedes(from) else {
      throw CompileError("the range ends before it begins")
    }
    let register = try allocate(shape)
    if let field {
      code += field.instructions(register)
    } else {
      try load(left, into: register, converted: ordered)
    }
    switch relation {
    case .equal, .in:
      code += [.cmp(register, .greaterOrEqual, from), .cmp(register, .lessOrEqual, to)]
    case .notEqual: code.append(.range(register, isInverted: true, from, to))
    default: throw CompileError("\(relation.rawValue) doesn't go with a range")
    }
  }

  private mutating func matchPrefix(
    _ relation: Nftables.Relation, _ left: Nftables.Expression, _ shape: Shape,
    _ address: Nftables.Expression, _ length: Int
  ) throws(CompileError) {
    guard relation == .equal || relation == .notEqual || relation == .in else {
      throw CompileError("\(relation.rawValue) doesn't go with a prefix")
    }
    guard (0...shape.bits).contains(length), shape.bits % 8 == 0 else {
      throw CompileError("a prefix of \(length) of \(shape.bits) bits")
    }
    let register = try allocate(shape)
    var mask = Self.prefixMask(length, bytes: shape.bytes)
    if shape.needsSwap { mask.reverse() }
    let value = zip(try constant.bytes(address, shape), mask).map { $0 & $1 }
    if length % 8 == 0, length > 0, shape.order == .network {
      // Whole bytes need no mask.
      guard case .payload(let name, let field) = left else {
        try load(left, into: register)
        return try compare(relation, Array(value.prefix(length / 8)))
      }
      let (proto, found) = try packetField(name, field)
      code.append(
        .payload(
          PayloadRange(
            base: proto.layer.rawValue, offset: UInt32(found.offset / 8),
            length: UInt32(length / 8)), register))
      return try compare(relation, Array(value.prefix(length / 8)))
    }
    try load(left, into: register)
    code.append(Self.mask(register, mask, length: shape.bytes))
    try compare(relation, value)
  }

  static func prefixMask(_ length: Int, bytes: Int) -> [UInt8] {
    (0..<bytes).map { index in
      let bits = min(8, max(0, length - index * 8))
      return bits == 0 ? 0 : UInt8(truncatingIfNeeded: 0xff << (8 - bits))
    }
  }

  /// Matches any of these flags, or with `!=` none of them.
  private mutating func matchFlags(
    _ relation: Nftables.Relation, _ left: Nftables.Expression, _ shape: Shape,
    _ flags: Nftables.Expression
  ) throws(CompileError) {
    guard shape.type.base == .bitmask else {
      throw CompileError("a list belongs to flags; {\"set\": [...]} is any one of several values")
    }
    let value = try constant.bytes(flags, shape)
    let zero = [UInt8](repeating: 0, count: shape.bytes)
    let register = try allocate(shape)
    try load(left, into: register)
    if left.isOperation, relation != .none {
      return try compare(relation, value)
    }
    code.append(.bitwise(register, to: register, mask: value, xor: zero))
    try compare(relation == .in ? .notEqual : .equal, zero)
  }

  private mutating func matchExistence(
    _ relation: Nftables.Relation, _ left: Nftables.Expression, _ flag: Bool
  ) throws(CompileError) {
    if case .fib(.oifname, _) = left {
      throw CompileError("fib oifname is a name: ask oif whether there is a route")
    }
    try loadForEquality(left)
    if case .fib(let result, let flags, let register)? = code.last {
      code[code.count - 1] = .fib(result: result, flags: flags | 1 << 5, register)
    }
    var value: [UInt8] = [flag ? 1 : 0]
    if case .fib = left { value += [0, 0, 0] }
    try compare(relation, value)
  }

  private mutating func loadForEquality(_ left: Nftables.Expression) throws(CompileError) {
    try load(left, into: try allocate())
  }

  private mutating func compare(
    _ relation: Nftables.Relation, _ bytes: [UInt8]
  ) throws(CompileError) {
    let comparison: Comparison =
      switch relation {
      case .equal, .in, .none: .equal
      case .notEqual: .notEqual
      case .less: .less
      case .lessOrEqual: .lessOrEqual
      case .greater: .greater
      case .greaterOrEqual: .greaterOrEqual
      }
    code.append(.cmp(Register(0), comparison, bytes))
  }
}

extension PacketField {
  /// Whether the field tells which protocol the next header belongs to.
  func saysProtocol(in name: String) -> Bool {
    switch (name, self.name) {
    case ("ether", "type"), ("vlan", "type"), ("ip", "protocol"), ("ip6", "nexthdr"): true
    default: false
    }
  }
}

extension Nftables.Expression {
  /// A single constant, or an operation on constants alone.
  var isConstant: Bool {
    switch self {
    case .number, .symbol, .boolean: true
    case .binary(_, let left, let right): left.isConstant && right.isConstant
    default: false
    }
  }

  var isOperation: Bool { if case .binary = self { true } else { false } }

  /// Whether `exists` and `missing` ask for the header itself, or for a route.
  var asksForExistence: Bool {
    switch self {
    case .option(_, _, nil), .rawOption(_, 0, _): true
    case .fib(let result, _): result != .type
    default: false
    }
  }
}
