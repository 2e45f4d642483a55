internal import Addressing

extension RuleCompiler {
  /// Compiles a chain of `&`, `|`, `^` with constants to one instruction, and a shift to another.
  mutating func loadBinary(
    _ expression: Nftables.Expression, into register: Register
  ) throws(CompileError) {
    guard let shape = try Shape.of(expression, scope) else {
      throw CompileError("an operation on constants alone has no type here")
    }
    var operations: [(Nftables.Expression.Operator, Nftables.Expression)] = []
    var inner = expression
    while case .binary(let op, let left, let right) = inner, op != .shiftLeft, op != .shiftRight {
      operations.append((op, right))
      inner = left
    }
    if case .binary(let op, let left, let right) = inner {
      try load(left, into: register)
      guard let own = try Shape.of(left, scope) else { throw CompileError("a shift of a constant") }
      if own.needsNetworkToHost {
        code.append(
          .byteorder(
            register, to: register, toNetwork: false, length: UInt32(own.bytes),
            size: UInt32(own.bytes)))
      }
      let amount = try constant.value(right, Shape(.integer, bits: 32, order: .host))
      guard amount < own.bits else { throw CompileError("a shift by \(amount) leaves nothing") }
      code.append(
        .shift(
          register, to: register, length: UInt32(own.bytes), isLeft: op == .shiftLeft,
          UInt32(amount)))
    } else {
      try load(inner, into: register)
    }
    guard !operations.isEmpty else { return }
    // The three operate on each byte alone: nothing carries.
    var mask = [UInt8](repeating: 0xff, count: shape.bytes)
    if shape.bits % 8 != 0 {
      mask = try constant.integer(UInt64.max >> UInt64(64 - min(shape.bits, 64)), shape)
    }
    var xor = [UInt8](repeating: 0, count: shape.bytes)
    for (op, operand) in operations.reversed() {
      guard try Shape.of(operand, scope) == nil else {
        throw CompileError("the right side of \(op.rawValue) has to be a constant")
      }
      let value = try constant.bytes(operand, shape)
      for index in value.indices {
        switch op {
        case .and:
          mask[index] &= value[index]
          xor[index] &= value[index]
        case .or:
          mask[index] &= ~value[index]
          xor[index] = xor[index] & ~value[index] | value[index]
        default:
          xor[index] ^= value[index]
        }
      }
    }
    code.append(.bitwise(register, to: register, mask: mask, xor: xor))
  }

  /// Compiles `key map @name`, or a map with an anonymous set.
  private mutating func load(
    key: Nftables.Expression, as shape: Shape, into register: Register
  ) throws(CompileError) {
    // Whatever the key loads goes after it.
    let space: UInt32 = shape.isConcat ? UInt32(shape.cells) : 0
    guard free + space <= 16 else { throw CompileError("it needs more registers than there are") }
    free += space
    try loadKey(key, as: shape, into: register)
    free -= space
  }

  /// Loads each field in the byte order in which the set compares it.
  mutating func loadKey(
    _ key: Nftables.Expression, as shape: Shape, into register: Register
  ) throws(CompileError) {
    if shape.lift != nil, let field = try BitField(key, known) {
      code += field.instructions(register)
      return
    }
    guard case .concat(let parts) = key else {
      return try load(key, into: register, converted: shape)
    }
    guard parts.count == shape.fields.count else {
      throw CompileError(
        "the set's key has \(max(1, shape.fields.count)) fields, not \(parts.count)")
    }
    var cell = register.cell
    for (part, field) in zip(parts, shape.fields) {
      guard cell + UInt32(field.cells) <= 16 else {
        throw CompileError("it needs more registers than there are")
      }
      try load(part, into: Register(cell), converted: field)
      if field.isCompared, field.bits == 8, !part.isPayload,
        try Shape.of(part, scope)?.order == .host,
        field.type.base != .string
      {
        // nft emits this; it changes nothing.
        code.append(
          .byteorder(Register(cell), to: Register(cell), toNetwork: true, length: 1, size: 2))
      }
      cell += UInt32(field.cells)
    }
  }

  mutating func loadMap(
    _ key: Nftables.Expression, _ data: Nftables.Expression, into register: Register,
    leadingTo expected: SetCompiler.Data?
  ) throws(CompileError) {
    let (set, shape) = try self.set(data, for: key, data: expected)
    try load(key: key, as: shape, into: register)
    code.append(.lookup(set, register, to: register, isInverted: false))
  }

  /// The set that `expression` names or contains, and the shape in which its key is loaded.
  mutating func set(
    _ expression: Nftables.Expression, for key: Nftables.Expression, data: SetCompiler.Data? = nil
  ) throws(CompileError) -> (SetName, Shape) {
    switch expression {
    case .reference(let name):
      guard let type = scope.sets[name] else { throw scope.unknown(set: name) }
      switch data {
      case nil where type.data != nil || type.isVerdictMap || type.object != nil:
        throw CompileError("@\(name) is a map, and a set belongs here")
      case .verdict where !type.isVerdictMap:
        throw CompileError("@\(name) doesn't lead to verdicts")
      case .value where type.data == nil, .interval where type.data == nil:
        throw CompileError("@\(name) doesn't lead to values")
      case .object(let object) where type.object != object:
        throw CompileError("@\(name) leads to something else")
      default: break
      }
      try check(key, against: name, type)
      return (.named(name), type.isInterval ? type.key.comparable : type.key)
    case .set(let elements):
      guard let own = try Shape.of(key, scope) else {
        throw CompileError("a constant is looked up in a set")
      }
      var loaded = try BitField(key, known)?.lifted(own) ?? own
      if data != nil { loaded.maximum = nil }
      let program = try SetCompiler(scope).anonymous(
        elements, of: key, key: loaded, data: data)
      let isInterval = program.flags & SetFlag.interval != 0
      return (.anonymous(program), isInterval ? loaded.comparable : loaded)
    default:
      throw CompileError("a set belongs here: {\"set\": [...]} or \"@name\"")
    }
  }
}

extension Nftables.Expression {
  fileprivate var isPayload: Bool { if case .payload = self { true } else { false } }
}

extension Shape {
  var needsNetworkToHost: Bool { order == .network && bits > 8 && type.base != .string }
}
