internal import Model

/// Reads rules back: the registers are followed, and what they hold is named.
///
/// What it returns compiles to the very same instructions, or it returns nothing.
struct RuleDecompiler {
  /// What a register holds.
  struct Held {
    enum Source {
      case expression(Nftables.Expression)
      case constant([UInt8])
      /// Bytes that are no field as a whole.
      case payload(PayloadRange)
      case option(OptionRange)
    }

    var source: Source
    /// Of an expression; as it lies in the register.
    var shape: Shape?
    var mask: [UInt8]?
    var xor: [UInt8]?
  }

  let scope: TableScope
  let constant: Constant
  var held: [UInt32: Held] = [:]
  var statements: [Nftables.Statement] = []
  var known: KnownProtocols

  init(_ scope: TableScope) {
    self.scope = scope
    constant = Constant(scope: scope)
    known = KnownProtocols(scope.family)
  }

  /// Nil for a rule that we can't read.
  static func decompile(
    _ instructions: [Instruction], _ scope: TableScope
  ) -> [Nftables.Statement]? {
    let wanted = instructions.map(\.settled)
    func isRight(_ statements: [Nftables.Statement]) -> Bool {
      guard let compiled = try? RuleCompiler.compile(statements, scope) else { return false }
      return compiled.map(\.settled) == wanted
    }
    var decompiler = RuleDecompiler(scope)
    guard decompiler.read(instructions) else { return nil }
    var statements = decompiler.statements
    // What a later statement implies needn't be said.
    guard isRight(statements) else { return nil }
    var wasShortened = true
    while wasShortened {
      // One may be implied only when another is.
      wasShortened = false
      for index in statements.indices.reversed() where statements[index].mayBeImplied {
        if scope.family == .inet, index + 1 < statements.count, statements[index + 1].isTCPReset {
          continue
        }
        var fewer = statements
        fewer.remove(at: index)
        guard isRight(fewer) else { continue }
        statements = fewer
        wasShortened = true
      }
    }
    return statements
  }

  private mutating func read(_ instructions: [Instruction]) -> Bool {
    var rest = instructions[...]
    while let instruction = rest.popFirst() {
      // Two comparisons are one range.
      if case .cmp(let register, .greaterOrEqual, let low) = instruction,
        case .cmp(register, .lessOrEqual, let high)? = rest.first
      {
        rest.removeFirst()
        guard match(range: register, low, high, .equal) else { return false }
        continue
      }
      guard load(instruction) || test(instruction) || act(instruction) else { return false }
    }
    return true
  }

  // MARK: - Registers

  func expression(_ register: Register?, as shape: Shape) -> Nftables.Expression? {
    guard let register, let held = held[register.cell] else { return nil }
    if case .constant(let bytes) = held.source { return constant.expression(bytes, shape) }
    return expression(held)?.0
  }

  /// With masks as operators.
  func expression(_ held: Held) -> (Nftables.Expression, Shape)? {
    if case .payload(let range) = held.source, held.mask == nil, range.base < 3 {
      let base = ["ll", "nh", "th"][Int(range.base)]
      let bits = Int(range.length) * 8
      return (
        .raw(base: base, offset: Int(range.offset) * 8, length: bits),
        Shape(.integer, bits: bits, order: .network)
      )
    }
    guard var shape = held.shape, case .expression(var expression) = held.source else { return nil }
    guard let mask = held.mask, let xor = held.xor else { return (expression, shape) }
    guard mask.count == shape.bytes else { return nil }
    if shape.type.base == .ipv4 || shape.type.base == .ipv6 || shape.type.base == .bitmask {
      shape.lift = nil
    }
    let full = [UInt8](repeating: 0xff, count: mask.count)
    func value(_ bytes: [UInt8]) -> Nftables.Expression? { constant.expression(bytes, shape) }
    if mask == full {
      guard let operand = value(xor) else { return nil }
      return (.binary(.xor, expression, operand), shape)
    }
    if mask != xor.map({ ~$0 }) {
      // What is set anyway is shown as kept, as nft does.
      guard let operand = value(zip(mask, xor).map { $0 | $1 }) else { return nil }
      expression = .binary(.and, expression, operand)
    }
    if xor.contains(where: { $0 != 0 }) {
      guard let operand = value(xor) else { return nil }
      expression = .binary(.or, expression, operand)
    }
    return (expression, shape)
  }

  /// As many registers in a row as a key of that length has.
  func key(_ register: Register, bytes: Int) -> (Nftables.Expression, Shape)? {
    var parts: [Nftables.Expression] = []
    var shapes: [Shape] = []
    var cell = register.cell
    var length = 0
    while length < bytes {
      guard let held = held[cell], let (part, shape) = expression(held) else { return nil }
      parts.append(part)
      shapes.append(shape)
      // The last isn't padded.
      if length + shape.bytes == bytes { break }
      length += shape.cells * 4
      cell += UInt32(shape.cells)
    }
    guard !parts.isEmpty else { return nil }
    return (parts.count == 1 ? parts[0] : .concat(parts), Shape(fields: shapes))
  }
}

extension Nftables.Statement {
  /// nft keeps the protocol before it in sight.
  fileprivate var isTCPReset: Bool {
    if case .reject(let reject) = self { reject.type == "tcp reset" } else { false }
  }

  /// Whether it is what nft puts before others by itself.
  fileprivate var mayBeImplied: Bool {
    guard case .match(let relation, let left, let right) = self,
      relation == .equal || relation == .in
    else { return false }
    switch (left, right) {
    case (.meta("l4proto"), .symbol), (.meta("nfproto"), .symbol), (.meta("protocol"), .symbol),
      (.meta("iiftype"), .symbol), (.payload("ether", "type"), .symbol),
      (.meta("l4proto"), .number), (.payload("icmp", "type"), .symbol),
      (.payload("icmpv6", "type"), .symbol):
      return true
    default: return false
    }
  }
}
