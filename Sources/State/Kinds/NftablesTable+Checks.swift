internal import JSON
internal import Model
internal import Nftables

extension CrossCheck {
  /// Checks that each table compiles, and that its jumps end.
  func checkTables() {
    let taken = contents.blueprints.flatMap(\.claims.tables)
    let sections = Spelling.list(Sections.blueprints.map { "\"\($0.key)\"" }, "and")
    for table in contents[NftablesTable.self].items.compactMap(\.source) {
      if taken.contains(NftablesTable.ID(table.family, table.name)) {
        report(
          "\(sections) have a table of this name: take another", table, .table)
      }
      // Any index will do for a link, which needn't exist yet.
      let compiled = TableCompiler.compile(
        table, names: findings.names.nftables, link: { _ in 1 })
      if case .failure(let faults) = compiled {
        for fault in faults.list { report(fault.message, table, fault.part) }
      }
      checkJumps(table)
    }
  }

  private func report(_ message: String, _ table: Nftables.Table, _ part: NftablesFault.Part) {
    let id = NftablesReader.PartID(family: table.family, table: table.name, part: part)
    findings.report(
      at: contents.tablePointers[id] ?? Pointer([.key("nftables")]), message)
  }

  /// The kernel refuses circular jumps, and jumps to chains that are attached to a hook.
  private func checkJumps(_ table: Nftables.Table) {
    let chains = Dictionary(table.chains.map { ($0.name, $0) }) { first, _ in first }
    var finished: Set<String> = []
    /// A path of jumps that leads back to where it began; nil if there is none.
    func circle(_ name: String, _ path: [String]) -> [String]? {
      if let start = path.firstIndex(of: name) { return Array(path[start...]) + [name] }
      guard !finished.contains(name), let chain = chains[name] else { return nil }
      for target in chain.rules.flatMap(\.statements).flatMap(\.targets) {
        if let found = circle(target, path + [name]) { return found }
      }
      finished.insert(name)
      return nil
    }
    for chain in table.chains {
      guard let found = circle(chain.name, []) else { continue }
      report(
        "a packet would go round for ever: " + found.joined(separator: " -> "), table,
        .chain(found[0]))
      break
    }
    for chain in table.chains {
      for (position, rule) in chain.rules.enumerated() {
        for target in rule.statements.flatMap(\.targets) {
          guard let hook = chains[target]?.base?.hook else { continue }
          report(
            "chain \(target) has a hook of its own (\(hook)), so nothing can jump to it", table,
            .rule(chain: chain.name, position: position))
        }
      }
    }
  }
}

extension Nftables.Statement {
  /// The chains that it jumps to, except through named maps.
  fileprivate var targets: [String] {
    switch self {
    case .verdict(let verdict): return [verdict.target].compactMap(\.self)
    case .vmap(_, .set(let elements)):
      return elements.compactMap { element in
        if case .verdict(let verdict)? = element.data { verdict.target } else { nil }
      }
    default: return []
    }
  }
}
