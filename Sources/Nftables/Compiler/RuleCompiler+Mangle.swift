internal import Addressing

extension RuleCompiler {
  mutating func mangle(
    _ key: Nftables.Expression, _ value: Nftables.Expression
  ) throws(CompileError) {
    switch key {
    case .meta(let name):
      let found = try Shape.metaKey(name)
      let settable = ["mark", "priority", "pkttype", "nftrace", "protocol", "secmark"]
      guard settable.contains(name) else { throw CompileError("meta \(name) can't be set") }
      try require(value)
      let register = try load(value: value, Shape(found))
      code.append(.metaSet(found.number, register))
    case .ct(let name, let direction):
      let found = try Shape.ctKey(name, scope)
      guard ["mark", "event", "label", "zone", "secmark"].contains(name) else {
        throw CompileError("ct \(name) can't be set")
      }
      if name == "secmark", try Shape.of(value, scope) == nil {
        throw CompileError("ct secmark is set to meta secmark, not to a constant")
      }
      try require(value)
      let register = try load(value: value, Shape(found))
      code.append(.ctSet(found.number, direction: Self.number(direction), register))
    case .payload(let name, let field): try mangle(name, field, value)
    case .option(.tcp, let name, let field?):
      let type = try OptionTable.of(.tcp).header(name).type
      let found = try OptionTable.of(.tcp).field(name, field)
      guard found.offset % 8 == 0, found.bits % 8 == 0 else {
        throw CompileError("tcp option \(name) \(field) can't be set")
      }
      let shape = Shape(found.type, bits: found.bits, order: .network)
      let register = try load(value: value, shape)
      code.append(
        .exthdrWrite(
          OptionRange(
            operation: 1, type: type, offset: UInt32(found.offset / 8),
            length: UInt32(found.bits / 8)), register))
    case .raw(let base, let offset, let length):
      guard offset >= 0, offset % 8 == 0, length % 8 == 0, (8...128).contains(length) else {
        throw CompileError("what is set has 1 to 16 whole bytes")
      }
      try require(value)
      let register = try load(value: value, Shape(.integer, bits: length, order: .network))
      let range = PayloadRange(
        base: UInt32(base.index), offset: UInt32(offset / 8), length: UInt32(length / 8))
      code.append(.payloadWrite(range, register, Checksum()))
    default: throw CompileError("only meta, ct, payload and tcp option can be set")
    }
  }

  private mutating func mangle(
    _ name: String, _ fieldName: String, _ value: Nftables.Expression
  ) throws(CompileError) {
    try require(protocol: name)
    let (proto, field) = try packetField(name, fieldName)
    try check(written: value, Shape(field.type, bits: field.bits, order: .network))
    try require(value)
    var checksum = Checksum()
    if let offset = proto.checksum { checksum = Checksum(type: 1, offset: offset) }
    if proto.sums(field) { checksum.flags = 1 }
    let needsSum = proto.checksum != nil
    var first = field.offset / 8
    var length = (field.offset % 8 + field.bits + 7) / 8
    var shift = length * 8 - field.offset % 8 - field.bits
    let isWhole = field.offset % 8 == 0 && field.bits % 8 == 0
    // The checksum covers 16-bit words, so whole words must be written.
    if needsSum, length % 2 == 1 {
      length += 1
      if first % 2 == 1 { first -= 1 } else { shift += 8 }
    }
    let range = PayloadRange(
      base: proto.layer.rawValue, offset: UInt32(first), length: UInt32(length))
    let register = try allocate()
    if isWhole, length == field.bits / 8 {
      try load(
        value, into: register, converted: Shape(field.type, bits: field.bits, order: .network))
    } else {
      guard try Shape.of(value, scope) == nil else {
        throw CompileError("\(name) \(fieldName) can be set to a constant only")
      }
      let bits = try constant.value(value, Shape(field.type, bits: field.bits))
      let word = Shape(.integer, bits: length * 8, order: .network)
      code.append(.payload(range, register))
      code.append(
        .bitwise(
          register, to: register, mask: field.mask(length: length, shift: shift).map { ~$0 },
          xor: try constant.integer(bits << UInt64(shift), word)))
    }
    code.append(.payloadWrite(range, register, checksum))
  }

  /// Loads whether there is such an option or header.
  mutating func loadPresence(
    _ kind: Nftables.OptionKind, _ type: UInt8, into register: Register
  ) {
    let range = OptionRange(operation: kind.number, type: type, offset: 0, length: 1)
    code.append(.exthdr(range, flags: 1, register))
  }

  mutating func load(
    _ field: PacketField, of kind: Nftables.OptionKind, _ type: UInt8, into register: Register
  ) throws(CompileError) {
    let first = field.offset / 8
    let last = (field.offset + field.bits + 7) / 8
    let range = OptionRange(
      operation: kind.number, type: type, offset: UInt32(first), length: UInt32(last - first))
    code.append(.exthdr(range, flags: 0, register))
    try cutOut(field, in: register, length: last - first)
  }
}
