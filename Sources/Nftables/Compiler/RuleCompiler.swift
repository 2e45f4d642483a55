internal import Addressing

/// Compiles one rule with the registers and the implicit dependencies that nft 1.0.6 gives it
/// (`netlink_linearize.c`, `evaluate.c`, `payload.c`), so that each tool can read the other's
/// rules.
struct RuleCompiler {
  /// The instructions of one match or statement.
  struct Segment {
    var instructions: [Instruction]
    /// Set for a payload field that is compared with a constant: adjacent ones can be joined.
    var join: Join?
    /// Matches may be joined across other matches, but not across statements.
    var isMatch: Bool
  }

  struct Join {
    var range: PayloadRange
    var value: [UInt8]
    /// The field tells which protocol follows.
    var isProtocol: Bool

    /// Two comparisons of up to four bytes each are faster than one of more.
    func joins(_ next: Join) -> Bool {
      let total = range.length + next.range.length
      return total <= 4 || total <= 16 && (range.length > 4 || next.range.length > 4)
    }
  }

  private(set) var scope: TableScope
  let constant: Constant
  var segments: [Segment] = []
  /// The instructions of the current statement.
  var code: [Instruction] = []
  /// The next free 32-bit register.
  var free: UInt32 = 0
  var known: KnownProtocols { didSet { scope.network = known.network } }

  init(_ scope: TableScope) {
    self.scope = scope
    constant = Constant(scope: scope)
    known = KnownProtocols(scope.family)
    self.scope.network = known.network
  }

  static func compile(
    _ statements: [Nftables.Statement], _ scope: TableScope
  ) throws(CompileError) -> [Instruction] {
    var compiler = RuleCompiler(scope)
    for statement in statements { try compiler.compile(statement) }
    compiler.joinAdjacent()
    return compiler.segments.flatMap(\.instructions)
  }

  // MARK: - Registers

  mutating func allocate(_ shape: Shape? = nil) throws(CompileError) -> Register {
    let cells: UInt32 = if let shape, shape.isConcat { UInt32(shape.cells) } else { 4 }
    guard free + cells <= 16 else { throw CompileError("it needs more registers than there are") }
    defer { free += cells }
    return Register(free)
  }

  mutating func release(_ shape: Shape? = nil) {
    let cells: UInt32 = if let shape, shape.isConcat { UInt32(shape.cells) } else { 4 }
    free -= cells
  }

  // MARK: - Segments

  /// Ends the current statement.
  mutating func close(isMatch: Bool = false, join: Join? = nil) {
    segments.append(Segment(instructions: code, join: join, isMatch: isMatch))
    code = []
    free = 0
  }

  /// Loads and compares two adjacent fields at once, as nft's `stmt_reduce` does.
  private mutating func joinAdjacent() {
    var run: [Int] = []
    var removed: Set<Int> = []
    for index in segments.indices {
      if !segments[index].isMatch {
        join(run, &removed)
        run = []
      } else if segments[index].join != nil {
        run.append(index)
      }
    }
    join(run, &removed)
    segments = segments.indices.filter { !removed.contains($0) }.map { segments[$0] }
  }

  private mutating func join(_ run: [Int], _ removed: inout Set<Int>) {
    guard run.count > 1 else { return }
    let sorted = run.sorted { (a, b) in
      let (a, b) = (segments[a].join!.range, segments[b].join!.range)
      return (a.base, a.offset) < (b.base, b.offset)
    }
    var last = sorted[0]
    for this in sorted.dropFirst() {
      let (left, right) = (segments[last].join!, segments[this].join!)
      guard left.range.base == right.range.base,
        left.range.offset + left.range.length == right.range.offset,
        left.joins(right)
      else {
        last = this
        continue
      }
      var joined = left
      joined.range.length += right.range.length
      joined.value += right.value
      joined.isProtocol = left.isProtocol || right.isProtocol
      // The match of a protocol must precede whatever depends on it.
      let kept = right.isProtocol ? this : last
      removed.insert(kept == this ? last : this)
      segments[kept].join = joined
      segments[kept].instructions = [
        .payload(joined.range, Register(0)), .cmp(Register(0), .equal, joined.value),
      ]
      last = kept
    }
  }
}
