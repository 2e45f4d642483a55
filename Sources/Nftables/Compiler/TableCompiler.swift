import Addressing

/// Compiles a table to what the kernel takes. Pure and deterministic.
public enum TableCompiler {
  /// `link` maps a link's name to its index, for `iif` and `oif`.
  ///
  /// Reports all faults of the table together.
  public static func compile(
    _ table: Nftables.Table, names: MachineNames = MachineNames(),
    link: @escaping (String) -> UInt32?
  ) -> Result<TableProgram, Faults> {
    var compiler = Compiler(table: table, scope: TableScope(family: table.family, link: link))
    compiler.scope.names = names
    let program = compiler.compile()
    return compiler.faults.isEmpty ? .success(program) : .failure(Faults(compiler.faults))
  }

  public struct Faults: Error, Hashable, Sendable, CustomStringConvertible {
    public let list: [NftablesFault]

    init(_ list: [NftablesFault]) { self.list = list }

    public var description: String { list.map(\.description).joined(separator: "\n") }
  }

  private struct Compiler {
    let table: Nftables.Table
    var scope: TableScope
    var faults: [NftablesFault] = []
    /// The names of the meters so far: they share a namespace with sets.
    var meters: Set<String> = []

    mutating func attempt<T>(
      _ part: NftablesFault.Part, _ body: (TableScope) throws(CompileError) -> T
    ) -> T? {
      do throws(CompileError) {
        return try body(scope)
      } catch {
        faults.append(
          NftablesFault(
            family: table.family, table: table.name, part: part, message: error.message))
        return nil
      }
    }

    mutating func compile() -> TableProgram {
      let table = table
      var program = TableProgram(
        family: table.family, name: table.name, flags: 0, userData: [], sets: [], objects: [],
        chains: [])
      _ = attempt(.table) { (_) throws(CompileError) in
        program.flags = table.flags.bits
        program.userData = try UserData.comment(table.comment, others: 32)  // vpngw's own mark
        try Self.checkName(table.name)
      }
      for chain in table.chains where !scope.chains.insert(chain.name).inserted {
        _ = attempt(.chain(chain.name)) { (_) throws(CompileError) in
          throw CompileError("it is stated twice")
        }
      }
      for set in table.sets { declare(set) }
      scope.flowtables = Set(table.flowtables.map(\.name))
      scope.objects = Set(
        table.objects.map { References.Object(type: $0.content.type, name: $0.name) })
      // The kernel must choose a set type that packets can change; nft adds the flag too.
      let changed = Set(
        table.chains.flatMap(\.rules).flatMap(\.statements).compactMap(\.changedSet))
      for set in table.sets {
        var set = set
        if changed.contains(set.name) || set.countsConnections { set.flags.insert(.dynamic) }
        let compiled = attempt(.set(set.name)) { (scope) throws(CompileError) in
          try SetCompiler(scope).named(set)
        }
        if let compiled { program.sets.append(compiled) }
      }
      for object in table.objects {
        let userData = attempt(.object(object.name)) { (_) throws(CompileError) in
          try Self.checkName(object.name)
          try ObjectCheck.check(object.content)
          return try UserData.comment(object.comment)
        }
        program.objects.append(
          ObjectProgram(name: object.name, content: object.content, userData: userData ?? []))
      }
      for flowtable in table.flowtables {
        _ = attempt(.flowtable(flowtable.name)) { (_) throws(CompileError) in
          try Self.checkName(flowtable.name)
          try HookTable.check(flowtable, table.family)
        }
      }
      program.flowtables = table.flowtables
      for chain in table.chains { program.chains.append(compile(chain)) }
      return program
    }

    private static func checkName(_ name: String) throws(CompileError) {
      guard !name.isEmpty, name.utf8.count < 256 else {
        throw CompileError("a name has 1 to 255 bytes")
      }
    }

    private mutating func declare(_ set: Nftables.NamedSet) {
      let type = attempt(.set(set.name)) { (scope) throws(CompileError) in
        try Self.checkName(set.name)
        guard scope.sets[set.name] == nil else { throw CompileError("it is stated twice") }
        var type = TableScope.SetType(
          key: try Shape.of(set.key, scope), isInterval: set.flags.contains(.interval))
        type.hasTimeouts = set.timeout != nil || set.flags.contains(.timeout)
        guard type.key.bytes <= 64 else { throw CompileError("its key is longer than 64 bytes") }
        switch set.data {
        case nil: break
        case .verdict?: type.isVerdictMap = true
        case .value(let data)?: type.data = try Shape.of(data, scope)
        case .object(let kind)?: type.object = kind.number
        }
        return type
      }
      if let type { scope.sets[set.name] = type }
    }

    private mutating func compile(_ chain: Nftables.Chain) -> ChainProgram {
      let table = table
      let userData = attempt(.chain(chain.name)) { (_) throws(CompileError) in
        try Self.checkName(chain.name)
        if let base = chain.base { try HookTable.check(base, table.family) }
        return try UserData.comment(chain.comment)
      }
      var program = ChainProgram(
        name: chain.name, base: chain.base, userData: userData ?? [], rules: [])
      for (position, rule) in chain.rules.enumerated() {
        let taken = rule.statements.compactMap(\.meterName).first {
          scope.sets[$0] != nil || !meters.insert($0).inserted
        }
        let compiled = attempt(.rule(chain: chain.name, position: position)) {
          (scope) throws(CompileError) in
          if let taken { throw CompileError("a set or another meter is called \"\(taken)\"") }
          return RuleProgram(
            instructions: try RuleCompiler.compile(rule.statements, scope),
            userData: try UserData.comment(rule.comment))
        }
        if let compiled { program.rules.append(compiled) }
      }
      return program
    }
  }
}

extension Nftables.Statement {
  /// The set to which the statement adds elements from packets.
  fileprivate var changedSet: String? {
    if case .update(_, let set, _) = self { set } else { nil }
  }

  fileprivate var meterName: String? {
    if case .meter(let meter) = self { meter.name } else { nil }
  }
}

extension Nftables.NamedSet {
  /// Counting connections takes a dynamic set as well; nft 1.0.6 doesn't print the flag.
  fileprivate var countsConnections: Bool {
    func counts(_ statements: [Nftables.Statement]) -> Bool {
      statements.contains { if case .connectionCount = $0 { true } else { false } }
    }
    return counts(statements) || elements.contains { counts($0.statements) }
  }
}
