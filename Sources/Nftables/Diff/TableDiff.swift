public import Addressing

/// What turns a table as the kernel holds it into the desired one: only what differs.
public struct TableDiff: Hashable, Sendable {
  public let family: Nftables.Family
  public let table: String

  /// The whole table is created, made anew, or deleted.
  public enum Whole: Hashable, Sendable {
    case create(TableProgram)
    case replace(TableProgram)
    case delete
  }

  public struct Elements: Hashable, Sendable {
    public var set: String
    public var removed: [ElementProgram]
    public var added: [ElementProgram]
    /// All present elements are removed first.
    public var isFlushed = false
  }

  /// Devices that a flowtable loses or gains.
  public struct Devices: Hashable, Sendable {
    /// The flowtable as it is, except for its devices.
    public var flowtable: Nftables.Flowtable
    public var removed: [String]
    public var added: [String]
  }

  public enum Position: Hashable, Sendable {
    case last, first
    /// Right after the rule with that handle.
    case after(UInt64)
  }

  public struct Insertion: Hashable, Sendable {
    public var chain: String
    public var rule: RuleProgram
    public var position: Position
  }

  public struct Deletion: Hashable, Sendable {
    public var chain: String
    public var handle: UInt64
  }

  public internal(set) var whole: Whole?
  public internal(set) var flags: UInt32?
  public internal(set) var deletedRules: [Deletion] = []
  public internal(set) var elements: [Elements] = []
  public internal(set) var deletedSets: [String] = []
  public internal(set) var deletedObjects: [ObjectProgram] = []
  public internal(set) var deletedFlowtables: [String] = []
  public internal(set) var deletedChains: [String] = []
  public internal(set) var createdChains: [ChainProgram] = []
  public internal(set) var policies: [ChainProgram] = []
  public internal(set) var createdObjects: [ObjectProgram] = []
  public internal(set) var createdFlowtables: [Nftables.Flowtable] = []
  public internal(set) var devices: [Devices] = []
  public internal(set) var createdSets: [SetProgram] = []
  public internal(set) var createdRules: [Insertion] = []

  /// What would have to be removed and can't be: vpngw can't read it, and so couldn't restore it.
  public internal(set) var obstacles: [String] = []
  /// What vpngw can't read in a table that stays, and therefore leaves there.
  public internal(set) var leftAlone: [String] = []

  /// Whether there is nothing to do.
  public var isEmpty: Bool {
    var other = TableDiff(family: family, table: table)
    other.obstacles = obstacles
    other.leftAlone = leftAlone
    return self == other
  }

  private init(family: Nftables.Family, table: String) {
    self.family = family
    self.table = table
  }

  /// `observed` nil: the table doesn't exist; `desired` nil: it should not. `numbers` are interface
  /// indexes.
  public init(
    family: Nftables.Family, table: String, from observed: TableProgram?,
    to desired: TableProgram?, numbers: LinkNumbers = LinkNumbers(),
    names: MachineNames = MachineNames()
  ) {
    self.init(family: family, table: table)
    defer { if let observed { keepUnreadable(of: observed, numbers, names) } }
    switch (observed, desired) {
    case (nil, nil): break
    case (nil, let desired?): whole = .create(desired)
    case (_?, nil): whole = .delete
    case (let observed?, let desired?):
      if Self.replaces(observed, desired) {
        whole = .replace(desired)
      } else {
        if observed.flags != desired.flags { flags = desired.flags }
        compare(observed, desired)
      }
    }
  }

  // MARK: - Comparison

  private mutating func compare(_ observed: TableProgram, _ desired: TableProgram) {
    var replaced = References()
    compareObjects(observed, desired, &replaced)
    compareFlowtables(observed, desired, &replaced)
    compareChains(observed, desired, &replaced)
    compareSets(observed, desired, &replaced)
    let present = Dictionary(observed.chains.map { ($0.name, $0) }) { first, _ in first }
    for chain in observed.chains where deletedChains.contains(chain.name) {
      deletedRules += chain.rules.compactMap { rule in
        rule.handle.map { Deletion(chain: chain.name, handle: $0) }
      }
    }
    for chain in desired.chains {
      let isKept = !deletedChains.contains(chain.name)
      compareRules(chain, isKept ? present[chain.name]?.rules ?? [] : [], replaced)
    }
  }

  private mutating func compareObjects(
    _ observed: TableProgram, _ desired: TableProgram, _ replaced: inout References
  ) {
    func key(_ object: ObjectProgram) -> References.Object {
      References.Object(type: object.content.type, name: object.name)
    }
    let present = Dictionary(observed.objects.map { (key($0), $0) }) { first, _ in first }
    var seen: Set<References.Object> = []
    for object in desired.objects {
      seen.insert(key(object))
      guard let found = present[key(object)] else {
        createdObjects.append(object)
        continue
      }
      guard found.normalized != object.normalized else { continue }
      replaced.objects.insert(key(object))
      deletedObjects.append(found)
      createdObjects.append(object)
    }
    deletedObjects += observed.objects.filter { !seen.contains(key($0)) }
  }

  /// Devices are added and removed in place; any other change makes the flowtable anew.
  private mutating func compareFlowtables(
    _ observed: TableProgram, _ desired: TableProgram, _ replaced: inout References
  ) {
    let present = Dictionary(observed.flowtables.map { ($0.name, $0.normalized) }) { first, _ in
      first
    }
    let wanted = Set(desired.flowtables.map(\.name))
    deletedFlowtables += observed.flowtables.map(\.name).filter { !wanted.contains($0) }
    for flowtable in desired.flowtables.map(\.normalized) {
      guard var found = present[flowtable.name] else {
        createdFlowtables.append(flowtable)
        continue
      }
      let removed = found.devices.filter { !flowtable.devices.contains($0) }
      let added = flowtable.devices.filter { !found.devices.contains($0) }
      found.devices = flowtable.devices
      if found != flowtable {
        replaced.flowtables.insert(flowtable.name)
        deletedFlowtables.append(flowtable.name)
        createdFlowtables.append(flowtable)
      } else if !removed.isEmpty || !added.isEmpty {
        devices.append(Devices(flowtable: flowtable, removed: removed, added: added))
      }
    }
  }

  private mutating func compareChains(
    _ observed: TableProgram, _ desired: TableProgram, _ replaced: inout References
  ) {
    let present = Dictionary(observed.chains.map { ($0.name, $0) }) { first, _ in first }
    let wanted = Set(desired.chains.map(\.name))
    deletedChains += observed.chains.map(\.name).filter { !wanted.contains($0) }
    for chain in desired.chains {
      guard let found = present[chain.name] else {
        createdChains.append(chain)
        continue
      }
      var (one, other) = (found.base, chain.base)
      one?.policy = .accept
      other?.policy = .accept
      if one != other || found.userData != chain.userData {
        replaced.chains.insert(chain.name)
        deletedChains.append(chain.name)
        createdChains.append(chain)
      } else if found.base?.policy != chain.base?.policy {
        policies.append(chain)
      }
    }
  }

  private mutating func compareSets(
    _ observed: TableProgram, _ desired: TableProgram, _ replaced: inout References
  ) {
    let present = Dictionary(observed.sets.map { ($0.name, $0) }) { first, _ in first }
    let wanted = Set(desired.sets.map(\.name))
    let filled = observed.filledSets
    deletedSets += observed.sets.map(\.name).filter { !wanted.contains($0) }
    for set in desired.sets {
      guard let found = present[set.name] else {
        createdSets.append(set)
        continue
      }
      let isFilled = found.flags & SetFlag.dynamic != 0 || filled.contains(set.name)
      if !Self.keeps(found, set, isFilled: isFilled) {
        replaced.sets.insert(set.name)
        deletedSets.append(set.name)
        createdSets.append(set)
      } else if let change = ElementDiff.compare(
        found, set, replaced, keepsOthers: isFilled || set.flags & SetFlag.dynamic != 0)
      {
        elements.append(change)
      }
    }
  }

  /// Compares by content and position: the longest common run of rules stays, with its counters.
  private mutating func compareRules(
    _ chain: ChainProgram, _ observed: [RuleProgram], _ replaced: References
  ) {
    let present = observed.map { $0.refers(to: replaced) ? nil : $0.normalized }
    let kept = LongestCommonRun.pairs(present, chain.rules.map { Optional($0.normalized) })
    let stays = Set(kept.map(\.0))
    for (index, rule) in observed.enumerated() where !stays.contains(index) {
      if let handle = rule.handle {
        deletedRules.append(Deletion(chain: chain.name, handle: handle))
      }
    }
    var anchors = [Int: UInt64]()  // handles of rules that stay, by desired position
    for (old, new) in kept { anchors[new] = observed[old].handle }
    let last = kept.last?.1 ?? -1
    var after: Position = .first
    var run: [RuleProgram] = []
    for (index, rule) in chain.rules.enumerated() {
      if let handle = anchors[index] {
        // Each is inserted right after the anchor, so the last one goes first.
        createdRules += run.reversed().map {
          Insertion(chain: chain.name, rule: $0, position: after)
        }
        run = []
        after = .after(handle)
      } else if index > last {
        createdRules.append(Insertion(chain: chain.name, rule: rule, position: .last))
      } else {
        run.append(rule)
      }
    }
  }
}

extension TableDiff {
  /// How many rules, elements, sets, chains and objects are created, changed or deleted.
  public var changeCount: Int {
    if whole != nil { return 1 }
    return (flags == nil ? 0 : 1) + deletedRules.count + deletedSets.count + deletedObjects.count
      + deletedChains.count + createdChains.count + policies.count + createdObjects.count
      + createdSets.count + createdRules.count + deletedFlowtables.count + createdFlowtables.count
      + devices.reduce(0) { $0 + $1.removed.count + $1.added.count }
      + elements.reduce(0) { $0 + $1.removed.count + $1.added.count }
  }
}
