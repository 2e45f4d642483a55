internal import Model

extension TableDiff {
  /// Takes back the removal of what can't be put into words: some newer tool made it, for a reason.
  mutating func keepUnreadable(of observed: TableProgram, _ numbers: LinkNumbers) {
    if isEmpty { return }
    let decompiler = TableDecompiler(observed, numbers: numbers)
    func unreadable(_ chain: ChainProgram) -> RuleProgram? {
      chain.rules.first { decompiler.rule($0) == nil }
    }
    switch whole {
    case .create?: return
    case .replace?, .delete?:
      let chains = observed.chains.filter { unreadable($0) != nil }.map {
        "a rule in chain \($0.name)"
      }
      let found = observed.unknown + chains
      if found.isEmpty { return }
      whole = nil
      obstacles = found
      return
    case nil: break
    }
    let kept = Set(
      observed.chains.filter { deletedChains.contains($0.name) && unreadable($0) != nil }
        .map(\.name))
    obstacles = kept.sorted().map { "a rule in chain \($0)" }
    deletedChains.removeAll(where: kept.contains)
    createdChains.removeAll { kept.contains($0.name) }
    createdRules.removeAll { kept.contains($0.chain) }
    deletedRules.removeAll { kept.contains($0.chain) }
    let handles = Set(deletedRules.map(\.handle))
    if handles.isEmpty { return }
    let left = Set(
      observed.chains.flatMap(\.rules)
        .filter { $0.handle.map(handles.contains) ?? false && decompiler.rule($0) == nil }
        .compactMap(\.handle))
    deletedRules.removeAll { left.contains($0.handle) }
  }
}
