internal import Addressing

/// Reads rules back: follows the registers and names what they hold.
///
/// Either the result compiles to exactly the same instructions, or it is nil.
struct RuleDecompiler {
  /// What a register holds.
  struct Held {
    enum Source {
      case expression(Nftables.Expression)
      case constant([UInt8])
      /// Bytes that aren't one whole field.
      case payload(PayloadRange)
      case option(OptionRange)
    }

    var source: Source
    /// The expression's shape, in the register's byte order.
    var shape: Shape?
    var mask: [UInt8]?
    var xor: [UInt8]?
  }

  private(set) var scope: TableScope
  let constant: Constant
  var held: [UInt32: Held] = [:]
  var statements: [Nftables.Statement] = []
  var known: KnownProtocols { didSet { scope.network = known.network } }

  init(_ scope: TableScope) {
    self.scope = scope
    constant = Constant(scope: scope)
    known = KnownProtocols(scope.family)
    self.scope.network = known.network
  }

  /// Nil for a rule that we can't read.
  static func decompile(
    _ instructions: [Instruction], _ scope: TableScope
  ) -> [Nftables.Statement]? {
    let wanted = instructions.map(\.normalized)
    func isRight(_ statements: [Nftables.Statement]) -> Bool {
      guard let compiled = try? RuleCompiler.compile(statements, scope) else { return false }
      return compiled.map(\.normalized) == wanted
    }
    var decompiler = RuleDecompiler(scope)
    guard decompiler.read(instructions) else { return nil }
    var statements = decompiler.statements
    // Leave out what a later statement implies.
    guard isRight(statements) else { return nil }
    var wasShortened = true
    while wasShortened {
      // Removing one statement may make another one implied.
      wasShortened = false
      for index in statements.indices.reversed() where statements[index].mayBeImplied {
        if index + 1 < statements.count, statements[index + 1].isVLANType { continue }
        var fewer = statements
        fewer.remove(at: index)
        guard isRight(fewer), !staysInSight(statements, index, scope) else { continue }
        statements = fewer
        wasShortened = true
      }
    }
    return statements
  }

  /// Whether nft prints the match at `index` even though a later statement implies it. After a
  /// statement with side effects a reader wouldn't expect an implied match, and for a TCP reset nft
  /// shows the protocol in tables of several families.
  private static func staysInSight(
    _ statements: [Nftables.Statement], _ index: Int, _ scope: TableScope
  ) -> Bool {
    func compiled(_ statements: [Nftables.Statement]) -> [Instruction]? {
      (try? RuleCompiler.compile(statements, scope))?.map(\.normalized)
    }
    let isIP = scope.family == .ip || scope.family == .ip6
    for (end, statement) in statements.enumerated().dropFirst(index + 1) {
      var fewer = Array(statements[...end])
      let whole = compiled(fewer)
      fewer.remove(at: index)
      if whole == compiled(fewer) { return statement.isTCPReset && !isIP }
      if case .match = statement { continue }
      return true
    }
    return false
  }

  private mutating func read(_ instructions: [Instruction]) -> Bool {
    var rest = instructions[...]
    while let instruction = rest.popFirst() {
      // Two comparisons make one range.
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

  /// The register's expression; masks become operators.
  func expression(_ held: Held) -> (Nftables.Expression, Shape)? {
    if case .payload(let range) = held.source, held.mask == nil, range.base < Self.bases.count {
      let base = Self.bases[Int(range.base)]
      let bits = Int(range.length) * 8
      return (
        .raw(base: base, offset: Int(range.offset) * 8, length: bits),
        Shape(.integer, bits: bits, order: .network)
      )
    }
    var held = held
    if case .payload(let range) = held.source, range.base < Self.bases.count {
      // Some bits of raw bytes.
      let bits = Int(range.length) * 8
      held.source = .expression(
        .raw(base: Self.bases[Int(range.base)], offset: Int(range.offset) * 8, length: bits))
      held.shape = Shape(.integer, bits: bits, order: .network)
    }
    guard var shape = held.shape, case .expression(var expression) = held.source else { return nil }
    guard let mask = held.mask, let xor = held.xor else { return (expression, shape) }
    guard mask.count == shape.bytes else { return nil }
    if shape.type.base == .ipv4 || shape.type.base == .ipv6 || shape.type.base == .bitmask {
      shape.lift = nil
    }
    let full = [UInt8](repeating: 0xff, count: mask.count)
    func value(_ bytes: [UInt8]) -> Nftables.Expression? { constant.expression(bytes, shape) }
    // Some bits are kept and flipped, and some are set either way. nft shows the latter as kept,
    // too.
    let flipped = zip(mask, xor).map { $0 & $1 }
    let set = zip(mask, xor).map { ~$0 & $1 }
    let kept = zip(mask, set).map { $0 | $1 }
    func apply(_ op: Nftables.Expression.Operator, _ bytes: [UInt8]) -> Bool {
      guard let operand = value(bytes) else { return false }
      expression = .binary(op, expression, operand)
      return true
    }
    let isPlain = kept == full && xor.allSatisfy { $0 == 0 }
    guard kept == full && !isPlain || apply(.and, kept),
      flipped.allSatisfy({ $0 == 0 }) || apply(.xor, flipped),
      set.allSatisfy({ $0 == 0 }) || apply(.or, set)
    else { return nil }
    return (expression, shape)
  }

  /// Reads as many registers in a row as a key of that length has.
  ///
  /// `stated` gives the shape of a constant among them.
  func key(
    _ register: Register, bytes: Int, as stated: Shape? = nil
  ) -> (Nftables.Expression, Shape)? {
    var parts: [Nftables.Expression] = []
    var shapes: [Shape] = []
    var cell = register.cell
    var length = 0
    while length < bytes {
      guard let held = held[cell] else { return nil }
      let known = stated.flatMap { key -> Shape? in
        let fields = key.isConcat ? key.fields : [key]
        return parts.count < fields.count ? fields[parts.count] : nil
      }
      let found: (Nftables.Expression, Shape)? =
        if case .constant(let bytes) = held.source {
          known.flatMap { shape in constant.expression(bytes, shape).map { ($0, shape) } }
        } else { expression(held) }
      // A shape without a width would make the loop endless.
      guard let (part, shape) = found, shape.cells > 0 else { return nil }
      parts.append(part)
      shapes.append(shape)
      // The last field isn't padded.
      if length + shape.bytes == bytes { break }
      length += shape.cells * 4
      cell += UInt32(shape.cells)
    }
    guard !parts.isEmpty else { return nil }
    return (parts.count == 1 ? parts[0] : .concat(parts), Shape(fields: shapes))
  }
}

extension Nftables.Statement {
  /// For a TCP reset nft shows the match of the protocol.
  fileprivate var isTCPReset: Bool {
    if case .reject(let reject) = self { reject.type == .tcpReset } else { false }
  }

  fileprivate var isVLANType: Bool {
    if case .match(_, .payload("vlan", "type"), _) = self { true } else { false }
  }

  /// Whether nft adds such a match to others by itself.
  fileprivate var mayBeImplied: Bool {
    guard case .match(let relation, let left, let right) = self,
      relation == .equal || relation == .in
    else { return false }
    switch (left, right) {
    case (.meta("l4proto"), .symbol), (.meta("nfproto"), .symbol), (.meta("protocol"), .symbol),
      (.meta("iiftype"), .symbol), (.payload("ether", "type"), .symbol),
      (.payload("vlan", "type"), .symbol),
      (.meta("l4proto"), .number), (.payload("icmp", "type"), .symbol),
      (.payload("icmpv6", "type"), .symbol):
      return true
    default: return false
    }
  }
}
