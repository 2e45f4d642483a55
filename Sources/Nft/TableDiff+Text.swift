public import Model

extension TableDiff {
  /// One difference in nft's own words; nil where there is nothing on that side.
  public struct Line: Hashable, Sendable {
    /// `chain steer rule 3`, `map egress`.
    public let name: String
    public let old: String?
    public let new: String?
    /// How many more elements change likewise, and have no line.
    public var omitted = 0
  }

  /// What changes, from chains and rules to sets and their elements; of each set at most `limit`
  /// elements. `source` is what `desired` was compiled from, if that is known: its rules need no
  /// reading then.
  public func lines(
    from observed: TableProgram?, to desired: TableProgram?, numbers: LinkNumbers,
    source: Nftables.Table? = nil, limit: Int = .max
  ) -> [Line] {
    var text = DiffText(observed: observed, desired: desired, numbers: numbers, limit: limit)
    switch whole {
    case .delete?:
      guard let observed else { return [] }
      var text = DiffText(observed: nil, desired: observed, numbers: numbers, limit: limit)
      text.create(observed, nil)
      return text.lines.map { Line(name: $0.name, old: $0.new, new: nil, omitted: $0.omitted) }
    case .create(let program)?, .replace(let program)?:
      text.create(program, source)
    case nil:
      text.add(self)
    }
    return text.lines
  }
}

/// The numbers of links in one namespace, both ways.
public struct LinkNumbers: Hashable, Sendable {
  private var numbers: [String: UInt32] = [:]
  private var names: [UInt32: String] = [:]

  public init() {}

  /// As they were observed.
  public init(_ links: [Link]) {
    for link in links { self[link.name.text] = link.index }
  }

  public subscript(name: String) -> UInt32? {
    get { numbers[name] }
    set {
      numbers[name] = newValue
      if let newValue { names[newValue] = name }
    }
  }

  public func name(_ number: UInt32) -> String? { names[number] }
}

private struct DiffText {
  private let old: Side?
  private let new: Side?
  private let limit: Int
  private(set) var lines: [TableDiff.Line] = []

  private struct Side {
    let program: TableProgram
    let decompiler: TableDecompiler

    init(_ program: TableProgram, _ numbers: LinkNumbers) {
      self.program = program
      decompiler = TableDecompiler(program, numbers: numbers)
    }

    func text(_ rule: RuleProgram) -> String { decompiler.anyText(rule) }

    func text(_ rule: Nftables.Rule) -> String {
      decompiler.text(rule, showsCounts: false)
    }
  }

  init(observed: TableProgram?, desired: TableProgram?, numbers: LinkNumbers, limit: Int) {
    self.limit = limit
    old = observed.map { Side($0, numbers) }
    new = desired.map { Side($0, numbers) }
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
          "chain \(chain.name) rule \(position + 1)",
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
      add(Self.name(set), old: old.decompiler.text(set))
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
      add("chain \(deletion.chain) rule \(position + 1)", old: old.text(rules[position]))
    }
    for chain in new.program.chains {
      let inserted = Set(diff.createdRules.filter { $0.chain == chain.name }.map(\.rule))
      if inserted.isEmpty { continue }
      for (position, rule) in chain.rules.enumerated() where inserted.contains(rule) {
        add("chain \(chain.name) rule \(position + 1)", new: new.text(rule))
      }
    }
  }

  // MARK: - Words

  private static func name(_ object: ObjectProgram) -> String {
    "\(ObjectType.kind(object.content.type) ?? "object") \(object.name)"
  }

  private static func name(_ set: SetProgram) -> String {
    "\(set.data == nil ? "set" : "map") \(set.name)"
  }

  private static func flags(_ flags: UInt32) -> String {
    let set = TableFlag.names(in: flags)
    return set.isEmpty ? "none" : set.joined(separator: ",")
  }

  /// `hook ingress priority 0; devices = { eth0, eth1 }`.
  private static func text(_ flowtable: Nftables.Flowtable) -> String {
    var text = "hook \(flowtable.hook) priority \(flowtable.priority)"
    if !flowtable.devices.isEmpty {
      text += "; devices = { \(flowtable.devices.sorted().joined(separator: ", ")) }"
    }
    for flag in flowtable.flags.sorted() {
      text += flag == "offload" ? "; flags offload" : "; \(flag)"
    }
    return text
  }

  /// `type filter hook forward priority 0; policy drop`.
  private static func text(_ chain: ChainProgram) -> String {
    guard let base = chain.base else { return "regular" }
    var text = "type \(base.type) hook \(base.hook)"
    if !base.devices.isEmpty { text += " devices = { \(base.devices.joined(separator: ", ")) }" }
    return text + " priority \(base.priority); policy \(base.policy.rawValue)"
  }
}

extension TableDecompiler {
  public init(_ table: TableProgram, numbers: LinkNumbers) {
    self.init(table, link: { numbers[$0] }, linkName: numbers.name)
  }

  /// `type ipv4_addr : mark; flags interval`, without its elements.
  func text(_ program: SetProgram) -> String {
    var bare = program
    bare.elements = []
    guard let set = self.set(bare) else { return "(a set that vpngw can't read)" }
    var parts = [text(set.key, "type")]
    switch set.data {
    case nil: break
    case .verdict?: parts[0] += " : verdict"
    case .value(let type)?: parts[0] += " : " + text(type, "").drop { $0 == " " }
    case .object(let kind)?: parts[0] += " : \(kind)"
    }
    if !set.flags.isEmpty {
      parts.append("flags " + set.flags.map(\.rawValue).sorted().joined(separator: ","))
    }
    if let timeout = set.timeout { parts.append("timeout \(RuleText.duration(timeout))") }
    if let size = set.size { parts.append("size \(size)") }
    return parts.joined(separator: "; ")
  }

  private func text(_ type: Nftables.TypeOf, _ word: String) -> String {
    switch type {
    case .types(let names): return "\(word) " + names.joined(separator: " . ")
    case .expressions(let expressions):
      let text = RuleText(scope: scope)
      return (word.isEmpty ? "" : "typeof ")
        + expressions.map { text.text($0) }.joined(separator: " . ")
    }
  }

  /// Elements as nft prints them: an interval's two halves as one.
  /// The first `limit`, and how many more there are.
  func texts(
    _ elements: [ElementProgram], of set: SetProgram, _ limit: Int
  ) -> (texts: [String], omitted: Int) {
    if elements.isEmpty { return ([], 0) }
    var part = set
    let ends = elements.indices.filter { elements[$0].flags & ElementFlag.intervalEnd == 0 }
    part.elements = limit < ends.count ? Array(elements[..<ends[limit]]) : elements
    guard let type = scope.sets[set.name],
      let read = RuleDecompiler(scope).elements(part, type.key, data: type.data)
    else { return (["(\(elements.count) that vpngw can't read)"], 0) }
    let text = RuleText(scope: scope)
    return (read.map { text.text($0, type.key, type.data) }, max(0, ends.count - limit))
  }

  func text(_ object: ObjectProgram) -> String {
    switch object.content {
    case .counter: "counter"
    case .quota(let quota): "\(quota.isOver ? "over" : "until") \(quota.bytes) bytes"
    case .limit(let limit):
      "rate \(limit.isOver ? "over " : "")\(limit.rate)\(limit.isBytes ? " bytes" : "") each \(limit.per) s burst \(limit.burst)"
    case .ctHelper(let type, let proto, _): "type \"\(type)\" protocol \(proto)"
    // Their kind and name say what they are; how they are set would take lines.
    default: "present"
    }
  }
}
