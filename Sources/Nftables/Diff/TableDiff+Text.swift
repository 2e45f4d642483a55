public import Addressing

extension TableDiff {
  /// One difference in nft's words; a side is nil if there is nothing.
  public struct Line: Hashable, Sendable {
    /// `chain steer rule 3`, `map egress`.
    public let name: String
    public let old: String?
    public let new: String?
    /// How many more elements change in the same way but aren't listed.
    public var omitted = 0
  }

  /// The differences, from chains and rules to sets and their elements, with at most `limit`
  /// elements of each set. `source` is what `desired` was compiled from, if that is known: its
  /// rules then needn't be decompiled.
  public func lines(
    from observed: TableProgram?, to desired: TableProgram?, numbers: LinkNumbers,
    names: MachineNames = MachineNames(),
    source: Nftables.Table? = nil, limit: Int = .max
  ) -> [Line] {
    var text = DiffText(
      observed: observed, desired: desired, numbers: numbers, names: names, limit: limit)
    switch whole {
    case .delete?:
      guard let observed else { return [] }
      var text = DiffText(
        observed: nil, desired: observed, numbers: numbers, names: names, limit: limit)
      text.create(observed, nil)
      return text.lines.map { Line(name: $0.name, old: $0.new, new: nil, omitted: $0.omitted) }
    case .create(let program)?: text.create(program, source)
    case .replace(let program)?:
      text.addLosses()
      text.create(program, source)
    case nil:
      text.add(self)
    }
    return text.lines
  }
}

private struct DiffText {
  private let old: Side?
  private let new: Side?
  private let limit: Int
  private(set) var lines: [TableDiff.Line] = []

  private struct Side {
    let program: TableProgram
    let decompiler: TableDecompiler

    init(_ program: TableProgram, _ numbers: LinkNumbers, _ names: MachineNames) {
      self.program = program
      decompiler = TableDecompiler(program, numbers: numbers, names: names)
    }

    func text(_ rule: RuleProgram) -> String { decompiler.anyText(rule) }

    func text(_ rule: Nftables.Rule) -> String {
      decompiler.text(rule, showsCounts: false)
    }
  }

  init(
    observed: TableProgram?, desired: TableProgram?, numbers: LinkNumbers, names: MachineNames,
    limit: Int
  ) {
    self.limit = limit
    old = observed.map { Side($0, numbers, names) }
    new = desired.map { Side($0, numbers, names) }
  }

  private mutating func add(_ name: String, old: String? = nil, new: String? = nil) {
    lines.append(TableDiff.Line(name: name, old: old, new: new))
  }

  mutating func create(_ program: TableProgram, _ source: Nftables.Table?) {
    guard let new else { return }
    if program.flags != 0 { add("flags", new: Self.flags(program.flags)) }
    for object in program.objects { add(Self.name(object), new: new.decompiler.text(object)) }
    for flowtable in program.flowtables {
      add("flowtable \(flowtable.name)", new: Self.text(flowtable))
    }
    for set in program.sets { create(set, new) }
    let stated = Dictionary(
      (source?.chains ?? []).map { ($0.name, $0.rules) }, uniquingKeysWith: { first, _ in first })
    for chain in program.chains {
      add("chain \(chain.name)", new: Self.text(chain))
      let rules = stated[chain.name].flatMap { $0.count == chain.rules.count ? $0 : nil }
      for (position, rule) in chain.rules.enumerated() {
        add(
          RulePosition(chain: chain.name, position: position).title,
          new: rules.map { new.text($0[position]) } ?? new.text(rule))
      }
    }
  }

  private mutating func create(_ set: SetProgram, _ side: Side) {
    add(Self.name(set), new: side.decompiler.text(set))
    let (texts, omitted) = side.decompiler.texts(set.elements, of: set, limit)
    for element in texts { add(Self.name(set), new: element) }
    lines[lines.count - 1].omitted = omitted
  }

  mutating func add(_ diff: TableDiff) {
    guard let old, let new else { return }
    if let flags = diff.flags {
      add("flags", old: Self.flags(old.program.flags), new: Self.flags(flags))
    }
    addObjects(diff, old, new)
    addFlowtables(diff, old)
    addSets(diff, old, new)
    addChains(diff, old, new)
  }

  private mutating func addObjects(_ diff: TableDiff, _ old: Side, _ new: Side) {
    for object in diff.deletedObjects { add(Self.name(object), old: old.decompiler.text(object)) }
    for object in diff.createdObjects { add(Self.name(object), new: new.decompiler.text(object)) }
  }

  private mutating func addFlowtables(_ diff: TableDiff, _ old: Side) {
    let present = Dictionary(old.program.flowtables.map { ($0.name, $0) }) { first, _ in first }
    let made = Set(diff.createdFlowtables.map(\.name))
    for name in diff.deletedFlowtables where !made.contains(name) {
      add("flowtable \(name)", old: present[name].map(Self.text))
    }
    for flowtable in diff.createdFlowtables {
      add(
        "flowtable \(flowtable.name)", old: present[flowtable.name].map(Self.text),
        new: Self.text(flowtable))
    }
    for change in diff.devices {
      let name = "flowtable \(change.flowtable.name) device"
      for device in change.removed { add(name, old: device) }
      for device in change.added { add(name, new: device) }
    }
  }

  private mutating func addSets(_ diff: TableDiff, _ old: Side, _ new: Side) {
    for name in diff.deletedSets {
      guard let set = old.program.sets.first(where: { $0.name == name }) else { continue }
      add(
        Self.name(set),
        old: [old.decompiler.text(set), loss(of: set)].compactMap(\.self).joined(separator: "; "))
    }
    for set in diff.createdSets { create(set, new) }
    for change in diff.elements {
      guard let set = new.program.sets.first(where: { $0.name == change.set }) else { continue }
      let removed = old.decompiler.texts(change.removed, of: set, limit)
      for text in removed.texts { add(Self.name(set), old: text) }
      let added = new.decompiler.texts(change.added, of: set, limit)
      for text in added.texts { add(Self.name(set), new: text) }
      let omitted = removed.omitted + added.omitted
      if omitted > 0 { lines[lines.count - 1].omitted = omitted }
    }
  }

  private mutating func addChains(_ diff: TableDiff, _ old: Side, _ new: Side) {
    let present = Dictionary(old.program.chains.map { ($0.name, $0) }) { first, _ in first }
    let made = Set(diff.createdChains.map(\.name))
    for name in diff.deletedChains where !made.contains(name) {
      add("chain \(name)", old: present[name].map(Self.text))
    }
    for chain in diff.createdChains {
      add("chain \(chain.name)", old: present[chain.name].map(Self.text), new: Self.text(chain))
    }
    for chain in diff.policies {
      add(
        "chain \(chain.name) policy", old: present[chain.name]?.base?.policy.rawValue,
        new: chain.base?.policy.rawValue)
    }
    for deletion in diff.deletedRules {
      guard let rules = present[deletion.chain]?.rules,
        let position = rules.firstIndex(where: { $0.handle == deletion.handle }),
        !diff.deletedChains.contains(deletion.chain) || made.contains(deletion.chain)
      else { continue }
      add(
        RulePosition(chain: deletion.chain, position: position).title,
        old: old.text(rules[position]))
    }
    for chain in new.program.chains {
      let inserted = Set(diff.createdRules.filter { $0.chain == chain.name }.map(\.rule))
      if inserted.isEmpty { continue }
      for (position, rule) in chain.rules.enumerated() where inserted.contains(rule) {
        add(RulePosition(chain: chain.name, position: position).title, new: new.text(rule))
      }
    }
  }

  // MARK: - What is lost

  /// Adds what is lost when the table is made anew.
  mutating func addLosses() {
    for set in old?.program.sets ?? [] {
      if let loss = loss(of: set) { add(Self.name(set), old: loss) }
    }
  }

  /// `12 elements that packets put in are lost`.
  private func loss(of set: SetProgram) -> String? {
    let count = old?.program.learnt(in: set, besides: new?.program) ?? 0
    if count == 0 { return nil }
    return count == 1
      ? "1 element that packets put in is lost" : "\(count) elements that packets put in are lost"
  }

  // MARK: - Words

  private static func name(_ object: ObjectProgram) -> String {
    "\(object.content.kind.rawValue) \(object.name)"
  }

  private static func name(_ set: SetProgram) -> String {
    "\(set.data == nil ? "set" : "map") \(set.name)"
  }

  private static func flags(_ flags: UInt32) -> String {
    let set = Nftables.TableFlag.flags(in: flags).map(\.rawValue)
    return set.isEmpty ? "none" : set.joined(separator: ",")
  }

  /// `hook ingress priority 0; devices = { eth0, eth1 }`.
  private static func text(_ flowtable: Nftables.Flowtable) -> String {
    var text = "hook \(flowtable.hook.rawValue) priority \(flowtable.priority)"
    if !flowtable.devices.isEmpty {
      text += "; devices = { \(flowtable.devices.sorted().joined(separator: ", ")) }"
    }
    for flag in flowtable.flags.map(\.rawValue).sorted() {
      text += flag == "offload" ? "; flags offload" : "; \(flag)"
    }
    return text
  }

  /// `type filter hook forward priority 0; policy drop`.
  private static func text(_ chain: ChainProgram) -> String {
    guard let base = chain.base else { return "regular" }
    var text = "type \(base.type.rawValue) hook \(base.hook.rawValue)"
    if !base.devices.isEmpty { text += " devices = { \(base.devices.joined(separator: ", ")) }" }
    return text + " priority \(base.priority); policy \(base.policy.rawValue)"
  }
}
