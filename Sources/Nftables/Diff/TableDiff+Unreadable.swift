internal import Addressing

extension TableDiff {
  /// Takes back the removal of parts that we can't read: some newer tool made them, for a reason.
  mutating func keepUnreadable(
    of observed: TableProgram, _ numbers: LinkNumbers, _ names: MachineNames
  ) {
    if isEmpty { return }
    let decompiler = TableDecompiler(observed, numbers: numbers, names: names)
    var missing = References()
    func isUnreadable(_ rule: RuleProgram) -> Bool {
      rule.refers(to: missing) || decompiler.rule(rule) == nil
    }
    func words(_ chain: ChainProgram, _ position: Int) -> String {
      let rule = chain.rules[position]
      let isReadable = rule.refers(to: missing)  // what it refers to isn't
      let text = isReadable ? decompiler.anyText(rule) : decompiler.bytecode(rule)
      return "\(RulePosition(chain: chain.name, position: position)): \(text)"
    }
    func unreadable(_ chain: ChainProgram) -> String? {
      let positions = chain.rules.indices.filter { isUnreadable(chain.rules[$0]) }
      guard let first = positions.first else { return nil }
      let more = positions.count - 1
      return words(chain, first) + (more == 0 ? "" : " and \(more) more")
    }
    switch whole {
    case .create?: return
    case .replace?, .delete?:
      let chains = observed.chains.compactMap(unreadable)
      // Check a set without its elements: decompiling a large one takes long.
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
    let obstructed = observed.chains.filter { deletedChains.contains($0.name) }
      .compactMap { chain in unreadable(chain).map { (chain: chain.name, words: $0) } }
      .sorted { $0.chain < $1.chain }
    let kept = Set(obstructed.map(\.chain))
    obstacles = obstructed.map(\.words)
    deletedChains.removeAll(where: kept.contains)
    createdChains.removeAll { kept.contains($0.name) }
    createdRules.removeAll { kept.contains($0.chain) }
    deletedRules.removeAll { kept.contains($0.chain) }
    leftAlone = missing.sets.sorted().map { "set \($0)" }
    var left = Set(deletedRules.map(\.handle))
    if left.isEmpty { return }
    for chain in observed.chains {
      for (position, rule) in chain.rules.enumerated() {
        guard let handle = rule.handle, left.contains(handle) else { continue }
        if isUnreadable(rule) {
          leftAlone.append(words(chain, position))
        } else {
          left.remove(handle)
        }
      }
    }
    deletedRules.removeAll { left.contains($0.handle) }
  }
}
