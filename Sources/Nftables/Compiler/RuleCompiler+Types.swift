internal import Addressing

/// nft's type checks (`evaluate.c`): two types agree if their numbers do.
extension RuleCompiler {
  /// Checks that what is looked up has the type of the set's key.
  func check(
    _ key: Nftables.Expression, against set: String, _ type: TableScope.SetType
  ) throws(CompileError) {
    guard let own = try Shape.of(key, scope) else {
      throw CompileError("a constant is looked up in @\(set)")
    }
    guard own.isSameType(as: type.key) else {
      throw CompileError(
        "datatype mismatch: the keys of @\(set) are \(type.key.typeName), "
          + "and what is looked up is \(own.typeName)")
    }
  }

  /// A key can't itself be looked up in a map: nft has no syntax for that and can't list it.
  func check(key: Nftables.Expression) throws(CompileError) {
    switch key {
    case .map:
      throw CompileError("a map has no place in a key: put what it yields into a mark before")
    case .concat(let parts): for part in parts { try check(key: part) }
    default: break
    }
  }

  /// Only a boolean may be compared with true or false.
  func check(compared value: Nftables.Expression?, _ expected: Shape) throws(CompileError) {
    switch value {
    case .boolean? where expected.type != .boolean:
      throw CompileError("true and false are no \(expected.typeName)")
    case .set(let elements)?:
      for element in elements { try check(compared: element.key, expected) }
    default: break
    }
  }

  /// Checks a statement's argument: it has the expected type, or is an integer
  /// (`__stmt_evaluate_arg`).
  func check(argument: Nftables.Expression, _ expected: Shape) throws(CompileError) {
    switch argument {
    case .set, .reference:
      throw CompileError("a set doesn't say which of its elements to take: use a map")
    case .verdict: throw CompileError("a verdict is not a \(expected.typeName)")
    case .boolean:
      throw CompileError("true and false are for matches, not for a \(expected.typeName)")
    default: break
    }
    guard let own = try Shape.of(argument, scope) else { return }
    let mismatch = CompileError(
      "datatype mismatch: \(expected.typeName) of \(expected.bits) bits belongs here, "
        + "not \(own.typeName) of \(own.bits)")
    guard own.type == .integer, !own.isConcat else {
      if own.isSameType(as: expected) { return }
      throw mismatch
    }
    // The kernel reads as many registers as the expected type takes.
    guard own.cells >= expected.cells else { throw mismatch }
    // Integers that are whole fields of a packet have a width; computed ones adapt.
    switch argument {
    case .payload, .raw:
      if try BitField(argument, known) != nil { return }
      let isNumber =
        ![.string, .bitmask].contains(expected.type.base) && !expected.isConcat
      if !isNumber || own.bits != expected.bits { throw mismatch }
    default: break
    }
  }

  /// The same, for a value that is written into a packet, its metadata or its connection.
  func check(written value: Nftables.Expression, _ expected: Shape) throws(CompileError) {
    switch value {
    case .fib, .option, .rawOption:
      throw CompileError("fib and header options are for matches, and for keys of sets and maps")
    default: try check(argument: value, expected)
    }
  }
}

extension Shape {
  func isSameType(as other: Shape) -> Bool { typeNumber == other.typeNumber }

  /// As in a set's definition: `ipv4_addr . inet_service`.
  var typeName: String {
    isConcat ? fields.map(\.typeName).joined(separator: " . ") : type.description
  }
}

extension DataType {
  /// The type's name; two types are called `time`.
  var description: String {
    self == .date ? "time (a date)" : self == .time ? "time (a duration)" : name
  }
}
