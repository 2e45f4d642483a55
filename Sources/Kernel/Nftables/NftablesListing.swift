public import Model
public import Netlink
public import Nft

/// Where the kernel's answers come from: a socket, or what one has said before.
public protocol NftablesSource {
  func dump<T>(
    _ operation: String, _ type: UInt16, _ body: (Batch) -> Void, parse: (Message) -> T?
  ) throws(NetlinkError) -> [T]
}

extension Socket: NftablesSource {}

/// Tables put together from what the kernel says of their parts.
public struct NftablesListing<Source: NftablesSource> {
  private let source: Source

  public init(_ source: Source) { self.source = source }

  private struct Key: Hashable {
    let family: UInt8
    let table: String
  }

  /// Anonymous sets stand within the rules that use them.
  public func tables(
    where isWanted: (Nftables.Family, String) -> Bool
  ) throws(NetlinkError) -> [TableProgram] {
    var tables: [TableProgram] = []
    var positions: [Key: Int] = [:]
    let operation = "nft list ruleset"
    func dump<T>(
      _ type: UInt16, _ parse: (AttributeTable) -> T?
    ) throws(NetlinkError) -> [(Key, T)] {
      try source.dump(operation, type) {
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
    var chains: [Key: [String: Int]] = [:]
    for (key, chain) in try dump(NFTMessage.getChain, { ChainAttributes($0) }) {
      guard let position = positions[key] else { continue }
      let program = chain.program(tables[position].family)
      chains[key, default: [:]][program.name] = tables[position].chains.count
      tables[position].chains.append(program)
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
      guard let position = positions[key], let chain = chains[key]?[rule.0] else { continue }
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
    let parts = try source.dump("nft list set \(table) \(set)", NFTMessage.getElement) {
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
