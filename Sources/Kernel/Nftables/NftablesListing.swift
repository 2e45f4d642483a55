import Model
public import Netlink
public import Nftables

/// Where the kernel's answers come from: a socket, or recorded answers.
public protocol NftablesSource {
  func dump<T>(
    _ operation: String, _ type: UInt16, _ body: (Batch) -> Void, parse: (Message) -> T?
  ) throws(NetlinkError) -> [T]
}

extension Socket: NftablesSource {}

/// Assembles tables from the kernel's messages about their parts.
public struct NftablesListing<Source: NftablesSource> {
  private let source: Source

  public init(_ source: Source) { self.source = source }

  private struct Key: Hashable {
    let family: UInt8
    let table: String
  }

  /// Anonymous sets are inlined in the rules that use them. `elements` tells whether to read a
  /// set's elements.
  public func tables(
    where isWanted: (TableProgram) -> Bool = { _ in true },
    elements hasElements: (TableProgram, SetProgram) -> Bool = { _, _ in true }
  ) throws(NetlinkError) -> [TableProgram] {
    var tables: [TableProgram] = []
    var keys: [Key] = []
    let operation = "nft list ruleset"
    func dump<T>(
      _ type: UInt16, of key: Key? = nil, _ parse: (AttributeTable) -> T?
    ) throws(NetlinkError) -> [(Key, T)] {
      try source.dump(operation, type) {
        $0.netfilterHeader(family: key?.family ?? 0)
        if let key { $0.put(NFTATable.name, key.table) }
      } parse: { message -> (Key, T)? in
        guard let family = message.netfilterFamily else { return nil }
        let attributes = AttributeTable(message.netfilterAttributes)
        // The table's name is the first attribute for every kind of part.
        guard let table = attributes.text(NFTATable.name), let value = parse(attributes) else {
          return nil
        }
        return (Key(family: family, table: table), value)
      }
    }
    for (key, table) in try dump(NFTMessage.getTable, { TableProgram($0) }) {
      guard let family = Nftables.Family(number: key.family) else { continue }
      var table = table
      table.family = family
      table.printer = .libnftnl
      guard isWanted(table) else { continue }
      keys.append(key)
      tables.append(table)
    }
    if tables.isEmpty { return [] }
    let chains = try dump(NFTMessage.getChain) { ChainAttributes($0) }
    for (position, key) in keys.enumerated() {
      var table = tables[position]
      var anonymous: [String: SetProgram] = [:]
      for (owner, (set, count)) in try dump(
        NFTMessage.getSet, of: key, { a in SetProgram(a).map { ($0, a.word(NFTASet.count) ?? 0) } })
      where owner == key {
        var set = set
        if !set.isMeter, hasElements(table, set) {
          // In sets whose elements expire, the count still includes expired ones for a while.
          let isLasting = set.flags & (SetFlag.dynamic | SetFlag.timeout) == 0
          set.elements = try elements(
            key.family, key.table, set.name, least: isLasting ? Int(count) : 0)
        }
        if set.flags & SetFlag.anonymous != 0 {
          let name = set.name
          if !set.isMeter { set.name = "" }
          anonymous[name] = set
        } else {
          table.sets.append(set)
        }
      }
      for (owner, object) in try dump(NFTMessage.getObject, of: key, { ObjectOrName($0) })
      where owner == key {
        switch object {
        case .known(let object): table.objects.append(object)
        case .unknown(let name): table.unknown.append("object \(name)")
        }
      }
      for (owner, flowtable) in try dump(
        NFTMessage.getFlowtable, of: key, { Nftables.Flowtable($0) })
      where owner == key { table.flowtables.append(flowtable) }
      var positionsOfChains: [String: Int] = [:]
      for (owner, chain) in chains where owner == key {
        positionsOfChains[chain.name] = table.chains.count
        table.chains.append(chain.program(table.family))
      }
      for (owner, (name, rule)) in try dump(NFTMessage.getRule, of: key, { $0.ruleInChain })
      where owner == key {
        guard let chain = positionsOfChains[name] else { continue }
        var rule = rule
        rule.instructions = rule.instructions.map { $0.inlining(anonymous) }
        table.chains[chain].rules.append(rule)
      }
      tables[position] = table
    }
    return tables
  }

  /// The elements sorted by key; by the kernel's count there are at least `least`.
  ///
  /// While the kernel resizes a set's hash table, which continues after the end of a transaction, a
  /// dump lists some elements twice and omits others: it is then repeated.
  private func elements(
    _ family: UInt8, _ table: String, _ set: String, least: Int
  ) throws(NetlinkError) -> [ElementProgram] {
    var elements: [ElementProgram] = []
    for _ in 0..<20 {
      let parts = try source.dump("nft list set \(table) \(set)", NFTMessage.getElement) {
        $0.netfilterHeader(family: family)
        $0.put(NFTAElementList.table, table)
        $0.put(NFTAElementList.set, set)
      } parse: { message -> [ElementProgram]? in
        AttributeTable(message.netfilterAttributes).nested(NFTAElementList.elements)?.compactMap {
          $0.type == NFTAList.elem ? ElementProgram($0.nested) : nil
        }
      }
      elements = []
      elements.reserveCapacity(parts.reduce(0) { $0 + $1.count })
      for part in parts { elements += part }
      elements = elements.sortedByKey()
      let repeated = elements.indices.dropFirst().first { !(elements[$0 - 1] < elements[$0]) }
      if repeated == nil, elements.count >= least { return elements }
    }
    var seen: ElementProgram?
    return elements.filter { element in
      defer { seen = element }
      return seen.map { $0 < element } ?? true
    }
  }
}

/// An object of a table, or the name of an object whose kind we don't know.
private enum ObjectOrName {
  case known(ObjectProgram)
  case unknown(String)

  init?(_ a: AttributeTable) {
    if let object = ObjectProgram(a) {
      self = .known(object)
    } else if let name = a.text(NFTAObject.name) {
      self = .unknown(name)
    } else {
      return nil
    }
  }
}

extension AttributeTable {
  fileprivate var ruleInChain: (String, RuleProgram)? {
    guard let chain = text(NFTARule.chain) else { return nil }
    return (
      chain,
      RuleProgram(
        instructions: instructions(NFTARule.expressions), userData: bytes(NFTARule.userdata) ?? [],
        handle: long(NFTARule.handle))
    )
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
    case .dynset(var dynset):
      dynset.set = resolved(dynset.set)
      return .dynset(dynset)
    default: return self
    }
  }
}
