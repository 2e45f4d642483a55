import Addressing

extension TableDiff {
  /// Whether elements that packets added to a set would be lost, with the set or with the whole
  /// table.
  ///
  /// `source` is the desired table; its elements and rules don't matter.
  public static func loses(
    _ set: SetProgram, of observed: TableProgram, to source: Nftables.Table
  ) -> Bool {
    var bare = source
    bare.chains = []
    bare.flowtables = []
    bare.sets = source.sets.filter { $0.name == set.name }
    for index in bare.sets.indices { bare.sets[index].elements = [] }
    guard let compiled = try? TableCompiler.compile(bare, link: { _ in 1 }).get() else {
      return false
    }
    if replaces(observed, observed.isMarked ? compiled.marked : compiled.unmarked) { return true }
    return compiled.sets.first.map { !keeps(set, $0, isFilled: true) } ?? true
  }

  /// Whether the table must be made anew: only the flag `dormant` can change in place. nft 1.0.6
  /// prints no comment in JSON, so a comment that isn't stated may stay.
  static func replaces(_ observed: TableProgram, _ desired: TableProgram) -> Bool {
    let comment = desired.unmarked.userData
    return !comment.isEmpty && observed.unmarked.userData != comment
      || (observed.flags ^ desired.flags) & ~1 != 0 || observed.isMarked != desired.isMarked
  }

  /// Whether the set stays and only its elements may change.
  ///
  /// A set that packets once filled stays dynamic when no rule fills it any more, since its
  /// elements would be lost. A set that a rule fills is dynamic whether its flags say so or not.
  static func keeps(_ observed: SetProgram, _ desired: SetProgram, isFilled: Bool) -> Bool {
    var (one, other) = (observed, desired)
    one.elements = []
    other.elements = []
    if isFilled {
      one.flags |= SetFlag.dynamic
      other.flags |= SetFlag.dynamic
    }
    return one.normalized == other.normalized
  }
}

extension TableProgram {
  /// How many elements packets have added to a set beyond what `desired` states: they go with the
  /// set.
  func learnt(in set: SetProgram, besides desired: TableProgram?) -> Int {
    guard set.flags & SetFlag.dynamic != 0 || filledSets.contains(set.name) else { return 0 }
    let stated = desired?.sets.first { $0.name == set.name }?.elements ?? []
    let keys = Set(stated.map(\.key))
    return set.elements.count {
      $0.flags & ElementFlag.intervalEnd == 0 && !keys.contains($0.key)
    }
  }
}
