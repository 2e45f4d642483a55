internal import Addressing

extension RuleCompiler {
  /// Checks a range of a packet's bits.
  static func checkRaw(offset: Int, length: Int) throws(CompileError) {
    guard (0..<1 << 16).contains(offset), (1...128).contains(length) else {
      throw CompileError("raw payload of 1 to 128 bits, at an offset from 0 to 65535")
    }
  }

  /// Leaves an expression's value in a register, in the expression's own byte order.
  ///
  /// `expected` is the shape of a constant, or of the values of a map.
  mutating func load(
    _ expression: Nftables.Expression, into register: Register, as expected: Shape? = nil
  ) throws(CompileError) {
    switch expression {
    case .number, .symbol, .boolean, .list:
      guard let expected else { throw CompileError("a constant has no type here") }
      code.append(.immediate(register, try constant.bytes(expression, expected)))
    case .payload(let name, let field):
      let (proto, found) = try packetField(name, field)
      try load(found, of: proto.layer.rawValue, into: register)
    case .raw(let base, let offset, let length):
      try Self.checkRaw(offset: offset, length: length)
      try load(PacketField("", offset, length), of: UInt32(base.index), into: register)
    case .meta("nftrace"): throw CompileError("meta nftrace can be set, and not be read")
    case .meta(let key): code.append(.meta(try Shape.metaKey(key).number, register))
    case .ct(let key, let direction):
      code.append(
        .ct(
          try Shape.ctKey(key, scope).number, direction: try Self.direction(direction, of: key),
          register))
    case .option(let kind, let name, let field):
      let table = OptionTable.of(kind)
      let type = try table.header(name).type
      guard let field else { return loadPresence(kind, type, into: register) }
      try load(try table.field(name, field), of: kind, type, into: register)
    case .rawOption(let kind, let offset, let length):
      guard offset > 0 else { return loadPresence(.tcp, kind, into: register) }
      guard (1...128).contains(length) else { throw CompileError("1 to 128 bits of a tcp option") }
      try load(PacketField("", offset, length), of: .tcp, kind, into: register)
    case .ipsec(let key, let direction, let number, _):
      guard let found = MetaKey.ipsec[try Shape.ipsecKey(expression, scope)] else {
        throw CompileError("ipsec \(key) is not known")
      }
      code.append(
        .xfrm(found.number, direction: UInt8(direction.index), number: UInt32(number), register))
    case .fib(let result, let flags):
      code.append(.fib(result: result.number, flags: flags.bits, register))
    case .rt(let key, let family):
      code.append(.rt(try Shape.rtKey(key, family, scope).number, register))
    case .socket(let key):
      guard let found = MetaKey.socket[key] else {
        throw CompileError("socket \(key) is not known")
      }
      code.append(.socket(found.number, level: nil, register))
    case .osf(let key, let ttl):
      code.append(.osf(ttl: ttl?.number ?? 0, flags: key == "version" ? 1 : 0, register))
    case .numgen(let mode, let modulus, let offset):
      try Self.check(modulus: modulus)
      code.append(
        .numgen(isRandom: mode == .random, modulus: modulus, offset: offset, register))
    case .jhash(let inner, let modulus, let seed, let offset):
      try Self.check(modulus: modulus)
      guard let shape = try Shape.of(inner, scope) else {
        throw CompileError("jhash of a constant")
      }
      let source = try allocate(shape)
      try load(inner, into: source)
      release(shape)
      code.append(
        .hash(
          Hash(
            source: source, length: UInt32(shape.bytes), modulus: modulus, seed: seed,
            offset: offset), register))
    case .symhash(let modulus, let offset):
      try Self.check(modulus: modulus)
      code.append(.hash(Hash(modulus: modulus, offset: offset), register))
    case .concat(let parts):
      var cell = register.cell
      for (position, part) in parts.enumerated() {
        let expected = expected.flatMap {
          $0.fields.indices.contains(position) ? $0.fields[position] : nil
        }
        guard let shape = try Shape.of(part, scope) ?? expected else {
          throw CompileError("a constant in a concat has no type here")
        }
        guard cell + UInt32(shape.cells) <= 16 else {
          throw CompileError("it needs more registers than there are")
        }
        try load(part, into: Register(cell), as: shape)
        cell += UInt32(shape.cells)
      }
    case .binary where expression.isConstant:
      guard let expected else { throw CompileError("an operation on constants has no type here") }
      code.append(.immediate(register, try constant.bytes(expression, expected)))
    case .binary: try loadBinary(expression, into: register)
    case .map(let key, let data):
      try loadMap(key, data, into: register, leadingTo: expected.map { .value($0) })
    case .prefix, .range, .set, .reference, .verdict:
      throw CompileError("a set, range, prefix or verdict doesn't belong here")
    }
  }

  /// Loads an expression and converts it to the shape's byte order.
  mutating func load(
    _ expression: Nftables.Expression, into register: Register, converted shape: Shape
  ) throws(CompileError) {
    try load(expression, into: register, as: shape)
    guard let own = try Shape.of(expression, scope), !own.isConcat else { return }
    if own.order != shape.order, own.bits > 8, own.type.base != .string {
      let toNetwork = own.order == .host
      let size = UInt32(own.bytes)
      code.append(
        .byteorder(register, to: register, toNetwork: toNetwork, length: size, size: size))
    }
  }

  private mutating func load(
    _ field: PacketField, of base: UInt32, into register: Register
  ) throws(CompileError) {
    let first = field.offset / 8
    let last = (field.offset + field.bits + 7) / 8
    let range = PayloadRange(
      base: base, offset: UInt32(first), length: UInt32(last - first))
    code.append(.payload(range, register))
    try cutOut(field, in: register, length: last - first)
  }

  /// Masks and shifts out the bits of a field that doesn't fill its bytes.
  mutating func cutOut(
    _ field: PacketField, in register: Register, length: Int
  ) throws(CompileError) {
    guard field.offset % 8 != 0 || field.bits % 8 != 0 else { return }
    let shift = length * 8 - field.offset % 8 - field.bits
    code.append(Self.mask(register, field.mask(length: length, shift: shift), length: length))
    if shift > 0 {
      if length > 1 {
        code.append(
          .byteorder(
            register, to: register, toNetwork: false, length: UInt32(length), size: UInt32(length)))
      }
      code.append(
        .shift(register, to: register, length: UInt32(length), isLeft: false, UInt32(shift)))
    }
  }

  static func mask(_ register: Register, _ mask: [UInt8], length: Int) -> Instruction {
    .bitwise(register, to: register, mask: mask, xor: [UInt8](repeating: 0, count: length))
  }

  /// The direction of a `ct` key; nil if the key has the same value in both.
  static func direction(
    _ direction: Nftables.Direction?, of key: String
  ) throws(CompileError) -> UInt8? {
    let both: Set = ["packets", "bytes", "avgpkt", "zone"]
    let either: Set = [
      "saddr", "daddr", "ip saddr", "ip daddr", "ip6 saddr", "ip6 daddr", "proto-src", "proto-dst",
    ]
    let same: Set = ["l3proto", "protocol"]
    if either.contains(key), direction == nil {
      throw CompileError("ct \(key): a direction is missing, \"dir\": \"original\" or \"reply\"")
    }
    guard direction == nil || both.contains(key) || either.contains(key) || same.contains(key)
    else {
      throw CompileError("ct \(key) has no direction")
    }
    return same.contains(key) ? nil : number(direction)
  }

  static func number(_ direction: Nftables.Direction?) -> UInt8? {
    (direction?.index).map { UInt8($0) }
  }
}

extension PacketField {
  /// A mask of the field's bits within the bytes that hold it.
  func mask(length: Int, shift: Int) -> [UInt8] {
    (0..<length).map { index in
      (0..<8).reduce(0) { byte, bit in
        let position = (length - 1 - index) * 8 + bit  // from the lowest bit
        return position >= shift && position < shift + bits ? byte | 1 << bit : byte
      }
    }
  }
}

extension RuleCompiler {
  fileprivate static func check(modulus: UInt32) throws(CompileError) {
    guard modulus > 0 else {
      throw CompileError("a modulus of 0: nothing is left of a division by it")
    }
  }
}
