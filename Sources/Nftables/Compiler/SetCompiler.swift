internal import Addressing

/// Compiles sets, maps and their elements.
struct SetCompiler {
  /// What a map leads to.
  enum Data: Hashable {
    case verdict
    case value(Shape)
    /// From one value to another.
    case interval(Shape)
    case object(UInt32)
  }

  let scope: TableScope
  let constant: Constant

  init(_ scope: TableScope) {
    self.scope = scope
    constant = Constant(scope: scope)
  }

  func anonymous(
    _ elements: [Nftables.Element], of expression: Nftables.Expression, key: Shape, data: Data?
  ) throws(CompileError) -> SetProgram {
    guard !elements.isEmpty else {
      throw CompileError("an anonymous set holds at least one element")
    }
    try key.checkInSet()
    try data?.shape?.checkInSet()
    let isInterval = elements.contains { $0.key?.isInterval == true }
    var flags = SetFlag.anonymous | SetFlag.constant
    if isInterval { flags |= SetFlag.interval }
    if isInterval, key.isConcat { flags |= SetFlag.concat }
    var program = SetProgram(
      name: "", keyType: key.typeNumber, keyLength: UInt32(key.bytes),
      data: data?.program, flags: flags | (data?.flag ?? 0), timeout: nil, gcInterval: nil,
      size: nil, policy: 0, fields: isInterval && key.isConcat ? key.fieldLengths : [],
      userData: [], statements: [], elements: [])
    program.userData =
      Self.userData(key: key, data: data)
      + TypeofUserData.item(ofAnonymous: expression, isVerdictMap: data == .verdict, scope)
      + (data?.intervalItem ?? [])
    program.elements = try self.elements(
      elements, key: key, data: data, isInterval: isInterval, isAnonymous: true, merges: true)
    program.size = UInt32(program.elements.count)
    return program
  }

  func named(_ set: Nftables.NamedSet) throws(CompileError) -> SetProgram {
    guard let type = scope.sets[set.name] else { throw scope.unknown(set: set.name) }
    try type.key.checkInSet()
    try type.data?.checkInSet()
    let data: Data? =
      if let object = type.object { .object(object) } else if type.isVerdictMap { .verdict } else {
        type.data.map { .value($0) }
      }
    let isInterval = type.isInterval
    var flags = data?.flag ?? 0
    for flag in set.flags { flags |= flag.bit }
    if set.timeout != nil { flags |= SetFlag.timeout }
    guard flags & SetFlag.constant == 0 || flags & SetFlag.timeout == 0 else {
      throw CompileError("a constant set has no timeouts")
    }
    // The kernel takes several statements only as a list.
    if set.statements.count > 1 { flags |= SetFlag.expression }
    if isInterval, type.key.isConcat { flags |= SetFlag.concat }
    var userData = Self.userData(key: type.key, data: data)
    if set.autoMerge { userData += UserData.item(UserData.Set.mergeElements, 1) }
    userData += try TypeofUserData.items(set, scope)
    userData += data?.intervalItem ?? []
    userData += try UserData.comment(
      set.comment, type: UserData.Set.comment, others: userData.count)
    var statements: [Instruction] = []
    for statement in set.statements {
      statements.append(
        try RuleCompiler.stateful(statement, hasTimeouts: flags & SetFlag.timeout != 0))
    }
    let policy = UInt32((set.policy ?? .performance).index)
    var gcInterval: UInt32?
    if let interval = set.gcInterval, interval != 0 {
      guard flags & SetFlag.timeout != 0 else {
        throw CompileError("gc-interval is for sets with timeouts")
      }
      guard let exact = UInt32(exactly: interval) else {
        throw CompileError("gc-interval: at most \(UInt32.max / 1000) seconds")
      }
      gcInterval = exact
    }
    var program = SetProgram(
      name: set.name, keyType: type.key.typeNumber, keyLength: UInt32(type.key.bytes),
      data: data?.program, flags: flags, timeout: set.timeout == 0 ? nil : set.timeout,
      gcInterval: gcInterval, size: set.size, policy: policy,
      fields: isInterval && type.key.isConcat ? type.key.fieldLengths : [], userData: userData,
      statements: statements,
      elements: try elements(
        set.elements, key: type.key, data: data, isInterval: isInterval, merges: set.autoMerge,
        timeout: set.timeout, hasTimeouts: flags & SetFlag.timeout != 0, carrying: statements))
    // nft gives a constant set the size of its initial content.
    if set.flags.contains(.constant), set.size == nil, !program.elements.isEmpty {
      program.size = UInt32(program.elements.count)
    }
    return program
  }

  static func userData(key: Shape, data: Data?) -> [UInt8] {
    func number(_ shape: Shape) -> UInt32 {
      shape.isConcat ? 0 : shape.order == .host ? 1 : 2
    }
    var bytes = UserData.item(UserData.Set.keyOrder, number(key))
    if let shape = data?.shape {
      bytes += UserData.item(
        UserData.Set.dataOrder, shape.isConcat ? 0 : shape.order == .host ? 1 : 2)
    } else if case .verdict? = data {
      bytes += UserData.item(UserData.Set.dataOrder, UInt32(0))
    }
    return bytes
  }

  // MARK: - Elements

  private func elements(
    _ elements: [Nftables.Element], key: Shape, data: Data?, isInterval: Bool,
    isAnonymous: Bool = false, merges: Bool = false, timeout: UInt64? = nil,
    hasTimeouts: Bool = false, carrying statements: [Instruction] = []
  ) throws(CompileError) -> [ElementProgram] {
    var programs: [ElementProgram] = []
    programs.reserveCapacity(elements.count)
    for element in elements {
      var program = ElementProgram(key: [])
      if !isAnonymous, case .boolean? = element.data, data?.shape?.type != .boolean {
        throw CompileError("true and false are no values of this map")
      }
      program.data = try value(element.data, data)
      // The kernel doesn't store a timeout that equals the set's default.
      program.timeout = element.timeout == timeout || element.timeout == 0 ? nil : element.timeout
      guard program.timeout == nil || hasTimeouts else {
        throw CompileError("an element has a timeout: the set needs the flag timeout")
      }
      // An interval that is open at its end stores that too.
      program.userData = try UserData.comment(element.comment, others: isInterval ? 6 : 0)
      // The kernel gives each element the set's statements.
      program.statements = statements
      if !element.statements.isEmpty {
        program.statements = []
        for statement in element.statements {
          program.statements.append(
            try RuleCompiler.stateful(statement, hasTimeouts: hasTimeouts))
        }
      }
      if let expression = element.key {
        let shape = isInterval ? key.comparable : key
        if isInterval {
          let (low, high) = try bounds(expression, shape)
          program.key = ElementBytes(low)
          program.keyEnd = ElementBytes(high)
        } else {
          program.key = ElementBytes(try constant.bytes(expression, shape))
        }
      } else {
        program.flags = ElementFlag.catchAll
      }
      programs.append(program)
    }
    programs = programs.sortedByKey()
    if isInterval, !key.isConcat {
      return try Intervals.halves(
        merges && data == nil ? Intervals.merged(programs) : programs, sharesEnds: isAnonymous)
    }
    for (one, next) in zip(programs, programs.dropFirst())
    where one.key == next.key && one.keyEnd == next.keyEnd {
      throw CompileError("an element is stated twice")
    }
    return programs
  }

  /// The least and the greatest key that the element covers.
  private func bounds(
    _ expression: Nftables.Expression, _ shape: Shape
  ) throws(CompileError) -> ([UInt8], [UInt8]) {
    switch expression {
    case .concat(let parts):
      guard parts.count == shape.fields.count else {
        throw CompileError("\(max(1, shape.fields.count)) fields belong here")
      }
      var (low, high): ([UInt8], [UInt8]) = ([], [])
      for (part, field) in zip(parts, shape.fields) {
        let (from, to) = try bounds(part, field)
        low += constant.padded(from)
        high += constant.padded(to)
      }
      return (low, high)
    case _ where shape.isConcat: throw CompileError("\(shape.fields.count) fields belong here")
    case .range(let from, let to):
      guard shape.type.base != .string else { throw CompileError("names have no ranges") }
      let (low, high) = (try constant.bytes(from, shape), try constant.bytes(to, shape))
      guard !high.lexicographicallyPrecedes(low) else {
        throw CompileError("a range ends before it begins")
      }
      return (low, high)
    case .prefix(let address, let length):
      let width = shape.lift?.bits ?? shape.bits
      guard (0...width).contains(length), shape.bits % 8 == 0 else {
        throw CompileError("a prefix of \(length) of \(width) bits")
      }
      let bytes = try constant.bytes(address, shape)
      var rest = RuleCompiler.prefixMask(length, bytes: shape.bytes).map { ~$0 }
      if let lift = shape.lift {
        // The field's own lowest bits, at their position within its bytes.
        let lowest = (UInt64.max >> UInt64(64 - lift.bits)) >> UInt64(length)
        rest = try constant.integer(lowest << UInt64(lift.shift), Shape(.integer, bits: shape.bits))
      }
      return (zip(bytes, rest).map { $0 & ~$1 }, zip(bytes, rest).map { $0 | $1 })
    default:
      if case .symbol(let text) = expression, shape.type.base == .string, text.isNamePrefix {
        let name = Array(text.utf8.dropLast())
        let rest = max(0, shape.bytes - name.count)
        return (
          name + [UInt8](repeating: 0, count: rest), name + [UInt8](repeating: 0xff, count: rest)
        )
      }
      let bytes = try constant.bytes(expression, shape)
      return (bytes, bytes)
    }
  }

  private func value(
    _ expression: Nftables.Expression?, _ data: Data?
  ) throws(CompileError) -> ElementProgram.Data? {
    switch (expression, data) {
    case (nil, nil): return nil
    case (.verdict(let verdict)?, .verdict?):
      if let target = verdict.target, !scope.chains.contains(target) {
        throw CompileError("no chain is called \"\(target)\"")
      }
      return .verdict(verdict)
    case (.symbol(let name)?, .object?): return .object(name)
    case (let expression?, .value(let shape)?):
      return .value(ElementBytes(try constant.bytes(expression, shape)))
    case (let expression?, .interval(let shape)?):
      guard expression.isInterval else {
        throw CompileError("either all values of a map are intervals, or none is")
      }
      let (low, high) = try bounds(expression, shape)
      let pad = constant.padded(low).count - low.count
      return .value(ElementBytes(low + [UInt8](repeating: 0, count: pad) + high))
    case (nil, _): throw CompileError("an element of a map needs a value")
    case (_, nil): throw CompileError("an element of a set has no value")
    default: throw CompileError("an element leads to something else than the map says")
    }
  }
}

extension SetCompiler.Data {
  var program: SetProgram.Data {
    switch self {
    case .verdict: .verdict
    case .value(let shape): .value(type: shape.typeNumber, length: UInt32(shape.bytes))
    case .interval(let shape): .value(type: shape.typeNumber, length: UInt32(shape.bytes) * 2)
    case .object(let type): .object(type)
    }
  }

  /// nft's item that says whether the values are intervals.
  var intervalItem: [UInt8] {
    let isInterval = if case .interval = self { true } else { false }
    return UserData.item(UserData.Set.dataInterval, UInt32(isInterval ? 1 : 0))
  }

  /// The shape of a single value, or of a bound.
  var shape: Shape? {
    switch self {
    case .value(let shape), .interval(let shape): shape
    case .verdict, .object: nil
    }
  }

  var flag: UInt32 { if case .object = self { SetFlag.object } else { SetFlag.map } }
}

extension Shape {
  var fieldLengths: [UInt32] { fields.map { UInt32($0.bytes) } }
}

extension Nftables.NamedSet.Flag {
  var bit: UInt32 {
    switch self {
    case .constant: SetFlag.constant
    case .interval: SetFlag.interval
    case .timeout: SetFlag.timeout
    case .dynamic: SetFlag.dynamic
    }
  }
}

extension Nftables.Expression {
  var isInterval: Bool {
    switch self {
    case .range, .prefix: true
    case .symbol(let text): text.isNamePrefix
    case .concat(let parts): parts.contains(where: \.isInterval)
    default: false
    }
  }
}

extension String {
  /// Whether it covers all names with that prefix; `\\*` is a literal asterisk.
  var isNamePrefix: Bool { hasSuffix("*") && !hasSuffix("\\*") }
}
