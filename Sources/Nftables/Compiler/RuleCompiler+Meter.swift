internal import Addressing

extension RuleCompiler {
  /// A set that belongs to the rule, and the statement that adds packets to it.
  mutating func meter(_ meter: Nftables.Meter) throws(CompileError) {
    let element = meter.element
    guard (1..<256).contains(meter.name.utf8.count), !meter.name.utf8.contains(UInt8(ascii: "%"))
    else {
      // The kernel would replace % with a number.
      throw CompileError("a meter's name has 1 to 255 bytes, and no % among them")
    }
    guard let key = element.key, let shape = try Shape.of(key, scope) else {
      throw CompileError("a meter's key is what a packet holds, not a constant")
    }
    guard shape.bytes <= 64 else { throw CompileError("a meter's key is longer than 64 bytes") }
    try check(key: key)
    try shape.checkInSet()
    try require(key)
    let register = try allocate(shape)
    try loadKey(key, as: shape, into: register)
    var statements: [Instruction] = []
    let timeout = element.timeout ?? 0
    for statement in element.statements {
      statements.append(try Self.stateful(statement, hasTimeouts: timeout != 0))
    }
    code.append(
      .dynset(
        Dynset(
          set: .anonymous(SetCompiler.meter(meter, key: shape)), operation: timeout == 0 ? 0 : 1,
          key: register, timeout: timeout, statements: statements)))
  }
}

extension SetCompiler {
  static func meter(_ meter: Nftables.Meter, key: Shape) -> SetProgram {
    var flags = SetFlag.anonymous | SetFlag.dynamic
    if meter.element.timeout ?? 0 != 0 { flags |= SetFlag.timeout }
    return SetProgram(
      name: meter.name, keyType: key.typeNumber, keyLength: UInt32(key.bytes), flags: flags,
      size: meter.size, policy: 0, fields: [], userData: userData(key: key, data: nil),
      statements: [], elements: [])
  }
}
