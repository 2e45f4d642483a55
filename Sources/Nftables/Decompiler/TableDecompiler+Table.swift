import Addressing

extension TableDecompiler {
  /// The table as a state file states it, and its parts that can't be stated, each with where it
  /// is.
  public func table(_ program: TableProgram) -> (table: Nftables.Table, unreadable: [String]) {
    var unreadable: [String] = []
    var table = Nftables.Table(
      family: program.family, name: program.name,
      flags: Nftables.TableFlag.flags(in: program.flags),
      comment: UserData.comment(in: program.userData))
    var missing = References()
    for set in program.sets {
      if let read = self.set(set) {
        table.sets.append(read)
      } else {
        missing.sets.insert(set.name)
        unreadable.append("set \(set.name)")
      }
    }
    table.objects = program.objects.map {
      Nftables.NamedObject(
        name: $0.name, content: $0.content, comment: UserData.comment(in: $0.userData))
    }
    table.flowtables = program.flowtables
    for chain in program.chains {
      var read = Nftables.Chain(
        name: chain.name, base: chain.base, comment: UserData.comment(in: chain.userData))
      for (position, rule) in chain.rules.enumerated() {
        // nft would refuse a rule that refers to something that isn't shown.
        if !rule.refers(to: missing), let rule = self.rule(rule) {
          read.rules.append(rule)
        } else {
          let text = anyText(chain.rules[position])
          unreadable.append("\(RulePosition(chain: chain.name, position: position)): \(text)")
        }
      }
      table.chains.append(read)
    }
    return (table, unreadable)
  }

  /// Nil for a set that we can't read; otherwise the result compiles to exactly that set.
  public func set(_ program: SetProgram) -> Nftables.NamedSet? {
    guard let type = scope.sets[program.name],
      let key = typeOf(program.userData, type.key, data: false)
    else { return nil }
    var set = Nftables.NamedSet(name: program.name, key: key)
    switch program.data {
    case nil: break
    case .verdict?: set.data = .verdict
    case .object(let number)?:
      guard let kind = Nftables.ObjectKind(number: number) else { return nil }
      set.data = .object(kind)
    case .value?:
      guard let shape = type.data, let data = typeOf(program.userData, shape, data: true) else {
        return nil
      }
      set.data = .value(data)
    }
    set.flags = Set(Nftables.NamedSet.Flag.allCases.filter { program.flags & $0.bit != 0 })
    set.timeout = program.timeout
    set.gcInterval = program.gcInterval.map { UInt64($0) }
    set.size = program.size
    set.policy = program.policy == 1 ? .memory : nil
    let items = UserData.items(program.userData)
    set.autoMerge = items.contains {
      $0.type == UserData.Set.mergeElements && $0.value.contains { $0 != 0 }
    }
    set.comment = UserData.comment(in: program.userData, type: UserData.Set.comment)
    // Only what a file can state.
    let times = [set.timeout, set.gcInterval] + program.elements.map(\.timeout)
    guard times.allSatisfy({ ($0 ?? 0) % 100 == 0 }) else { return nil }
    let decompiler = RuleDecompiler(scope)
    for statement in program.statements {
      guard let read = decompiler.statement(statement) else { return nil }
      set.statements.append(read)
    }
    guard let elements = decompiler.elements(program, type.key, data: type.data) else { return nil }
    set.elements = elements
    var checked = scope
    checked.sets[set.name] = type
    guard let again = try? SetCompiler(checked).named(set), again.normalized == program.normalized
    else {
      return nil
    }
    return set
  }

  private func typeOf(_ userData: [UInt8], _ shape: Shape, data: Bool) -> Nftables.TypeOf? {
    if let expressions = TypeofUserData.expressions(userData, data: data) {
      return .expressions(expressions)
    }
    let shapes = shape.isConcat ? shape.fields : [shape]
    let names = shapes.map(\.type.name)
    return names.allSatisfy { DataType(named: $0) != nil } ? .types(names) : nil
  }
}
