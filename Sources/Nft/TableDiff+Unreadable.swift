internal import Model

extension TableDiff {
  /// Takes back the removal of what can't be put into words: some newer tool made it, for a reason.
  mutating func keepUnreadable(of observed: TableProgram, _ numbers: LinkNumbers) {
    if isEmpty { return }
    let decompiler = TableDecompiler(observed, numbers: numbers)
    var missing = References()
    func isUnreadable(_ rule: RuleProgram) -> Bool {
      rule.refers(to: missing) || decompiler.rule(rule) == nil
    }
    func unreadable(_ chain: ChainProgram) -> RuleProgram? {
      chain.rules.first(where: isUnreadable)
    }
    switch whole {
    case .create?: return
    case .replace?, .delete?:
      let chains = observed.chains.filter { unreadable($0) != nil }.map {
        "a rule in chain \($0.name)"
      }
      // Of a set, what its elements are; reading all that a big one has takes long.
      let sets = observed.sets.filter { set in
        var bare = set
        bare.elements = []
        return decompiler.set(bare) == nil
      }.map { "set \($0.name)" }
      let found = observed.unknown + sets + chains
      if found.isEmpty { return }
      whole = nil
      obstacles = found
      return
    case nil: break
    }
    let gone = Set(deletedSets).subtracting(createdSets.map(\.name))
    missing.sets = Set(
      observed.sets.filter { gone.contains($0.name) && decompiler.set($0) == nil }.map(\.name))
    deletedSets.removeAll(where: missing.sets.contains)
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
        .filter { $0.handle.map(handles.contains) ?? false && isUnreadable($0) }
        .compactMap(\.handle))
    deletedRules.removeAll { left.contains($0.handle) }
  }
}
