public import Model
public import Netlink
public import Nft

extension NftablesKernel {
  /// Every table for which `isWanted` says so, in the kernel's order, as of one generation.
  ///
  /// Anonymous sets stand within the rules that use them.
  public func observe(
    where isWanted: (Nftables.Family, String) -> Bool = { _, _ in true }
  ) throws(NetlinkError) -> (tables: [TableProgram], generation: UInt32) {
    for _ in 0..<10 {
      let before = try generation()
      do throws(NetlinkError) {
        let tables = try observeOnce(isWanted)
        if try generation() == before { return (tables, before) }
      } catch  where error.code == ErrorCode.noEntry {
        // A table went while it was read.
      }
    }
    throw NetlinkError(
      "nft list ruleset", code: ErrorCode.interrupted,
      kernelText: "changed ten times while it was read")
  }

  /// Grows with each change of anybody's.
  public func generation() throws(NetlinkError) -> UInt32 {
    try socket.get("nft list ruleset", NFTMessage.getGeneration) {
      $0.netfilterHeader(family: 0)
    } parse: {
      AttributeTable($0.netfilterAttributes).word(NFTAGeneration.id)
    }
  }

  private struct Key: Hashable {
    let family: UInt8
    let table: String
  }

  private func observeOnce(
    _ isWanted: (Nftables.Family, String) -> Bool
  ) throws(NetlinkError) -> [TableProgram] {
    var tables: [TableProgram] = []
    var positions: [Key: Int] = [:]
    let operation = "nft list ruleset"
    func dump<T>(
      _ type: UInt16, _ parse: (AttributeTable) -> T?
    ) throws(NetlinkError) -> [(Key, T)] {
      try socket.dump(operation, type) {
        $0.netfilterHeader(family: 0)
      } parse: { message -> (Key, T)? in
        guard let family = message.netfilterFamily else { return nil }
        let attributes = AttributeTable(message.netfilterAttributes)
        // The table's name is the first attribute of every kind.
        guard let table = attributes.text(NFTATable.name), let value = parse(attributes) else {
          return nil
        }
        return (Key(family: family, table: table), value)
      }
    }
    for (key, table) in try dump(NFTMessage.getTable, { TableProgram($0) }) {
      guard let family = Nftables.Family(number: key.family), isWanted(family, key.table) else {
        continue
      }
      var table = table
      table.family = family
      positions[key] = tables.count
      tables.append(table)
    }
    if tables.isEmpty { return [] }
    var anonymous: [Key: [String: SetProgram]] = [:]
    for (key, set) in try dump(NFTMessage.getSet, { SetProgram($0) }) {
      guard let position = positions[key] else { continue }
      var set = set
      set.elements = try elements(key.family, key.table, set.name)
      if set.flags & SetFlag.anonymous != 0 {
        let name = set.name
        set.name = ""
        anonymous[key, default: [:]][name] = set
      } else {
        tables[position].sets.append(set)
      }
    }
    for (key, object) in try dump(NFTMessage.getObject, { ObjectProgram($0) }) {
      if let position = positions[key] { tables[position].objects.append(object) }
    }
    for (key, chain) in try dump(NFTMessage.getChain, { ChainAttributes($0) }) {
      guard let position = positions[key] else { continue }
      tables[position].chains.append(chain.program(tables[position].family))
    }
    for (key, rule) in try dump(
      NFTMessage.getRule,
      { (attributes) -> (String, RuleProgram)? in
        guard let chain = attributes.text(NFTARule.chain) else { return nil }
        return (
          chain,
          RuleProgram(
            instructions: attributes.instructions(NFTARule.expressions),
            userData: attributes.bytes(NFTARule.userdata) ?? [],
            handle: attributes.long(NFTARule.handle))
        )
      })
    {
      guard let position = positions[key],
        let chain = tables[position].chains.firstIndex(where: { $0.name == rule.0 })
      else { continue }
      var program = rule.1
      let sets = anonymous[key] ?? [:]
      program.instructions = program.instructions.map { $0.inlining(sets) }
      tables[position].chains[chain].rules.append(program)
    }
    return tables
  }

  /// Sorted by key.
  private func elements(
    _ family: UInt8, _ table: String, _ set: String
  ) throws(NetlinkError) -> [ElementProgram] {
    let parts = try socket.dump("nft list set \(table) \(set)", NFTMessage.getElement) {
      $0.netfilterHeader(family: family)
      $0.put(NFTAElementList.table, table)
      $0.put(NFTAElementList.set, set)
    } parse: { message -> [ElementProgram]? in
      AttributeTable(message.netfilterAttributes).nested(NFTAElementList.elements)?
        .filter { $0.type == NFTAList.elem }.map { ElementProgram(AttributeTable($0.nested)) }
    }
    return parts.flatMap { $0 }.sorted()
  }
}

extension Instruction {
  /// With the anonymous sets in place of their names.
  fileprivate func inlining(_ sets: [String: SetProgram]) -> Instruction {
    func resolved(_ name: SetName) -> SetName {
      if case .named(let text) = name, let set = sets[text] { .anonymous(set) } else { name }
    }
    switch self {
    case .lookup(let set, let register, let to, let isInverted):
      return .lookup(resolved(set), register, to: to, isInverted: isInverted)
    case .verdictLookup(let set, let register): return .verdictLookup(resolved(set), register)
    case .objectLookup(let set, let register): return .objectLookup(resolved(set), register)
    default: return self
    }
  }
}
