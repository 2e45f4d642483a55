internal import Model
internal import Netlink
internal import Nftables

/// Turns programs into the requests of one transaction.
struct NftablesEncoder {
  let batch: Batch
  let family: Nftables.Family
  let table: String
  /// Identifies the next set within the transaction, until the kernel has named it.
  private(set) var nextID: UInt32
  var describer = RuleDescriber(nil, LinkNumbers())

  init(_ batch: Batch, family: Nftables.Family, table: String, nextID: UInt32) {
    self.nextID = nextID
    self.batch = batch
    self.family = family
    self.table = table
  }

  /// What a step of the transaction is about.
  enum Tag {
    static let other = 0
    static let table = 1
    /// A part that others refer to: a chain, a set, an object.
    static let part = 2
    static let flowtable = 3

    /// The tag of a rule, by its position among those that are created.
    static func rule(at position: Int) -> Int { 4 + position }
    static func rule(_ tag: Int) -> Int? { tag < 4 ? nil : tag - 4 }
  }

  private var ruleCount = 0

  /// Begins a step of the transaction, so that a refusal tells which part was meant.
  func step(_ tag: Int = Tag.other, _ words: @escaping () -> String) {
    let title = "\(family.rawValue) \(table)"
    batch.step(tag) { "nft " + words().replacing("TABLE", with: title) }
  }

  // nft add table FAMILY NAME
  func create(_ program: TableProgram) {
    step(Tag.table) { "add table TABLE" }
    batch.netfilterRequest(NFTMessage.newTable, [.create], family: family.number) {
      $0.put(NFTATable.name, program.name)
      $0.put(NFTATable.flags, big: program.flags)
      if !program.userData.isEmpty { $0.put(NFTATable.userdata, bytes: program.userData) }
    }
  }

  // nft delete table FAMILY NAME
  func deleteTable() {
    step { "delete table TABLE" }
    batch.netfilterRequest(NFTMessage.delTable, family: family.number) {
      $0.put(NFTATable.name, table)
    }
  }

  // nft add chain FAMILY TABLE NAME { type TYPE hook HOOK priority PRIORITY; policy POLICY; }
  func create(_ chain: ChainProgram) {
    step(Tag.part) { "add chain TABLE \(chain.name)" }
    batch.netfilterRequest(NFTMessage.newChain, [.create], family: family.number) {
      $0.put(NFTAChain.table, table)
      $0.put(NFTAChain.name, chain.name)
      if let base = chain.base {
        $0.nest(NFTAChain.hook) {
          $0.put(NFTAHook.hooknum, big: HookTable.number(base.hook, family) ?? 0)
          $0.put(NFTAHook.priority, big: UInt32(bitPattern: base.priority))
          if base.devices.count == 1 {
            $0.put(NFTAHook.dev, base.devices[0])
          } else if !base.devices.isEmpty {
            $0.nest(NFTAHook.devs) {
              for device in base.devices { $0.put(NFTADevice.name, device) }
            }
          }
        }
        $0.put(NFTAChain.policy, big: base.policy.number)
        $0.put(NFTAChain.type, base.type.rawValue)
      }
      if !chain.userData.isEmpty { $0.put(NFTAChain.userdata, bytes: chain.userData) }
    }
  }

  // nft chain FAMILY TABLE NAME { policy POLICY; }
  func setPolicy(_ chain: ChainProgram) {
    guard let base = chain.base else { return }
    step { "chain TABLE \(chain.name) policy \(base.policy.rawValue)" }
    batch.netfilterRequest(NFTMessage.newChain, [.create], family: family.number) {
      $0.put(NFTAChain.table, table)
      $0.put(NFTAChain.name, chain.name)
      $0.put(NFTAChain.policy, big: base.policy.number)
    }
  }

  func deleteChain(_ name: String) {
    step { "delete chain TABLE \(name)" }
    batch.netfilterRequest(NFTMessage.delChain, family: family.number) {
      $0.put(NFTAChain.table, table)
      $0.put(NFTAChain.name, name)
    }
  }

  func deleteRule(_ handle: UInt64, chain: String) {
    step { "delete rule TABLE \(chain) handle \(handle)" }
    batch.netfilterRequest(NFTMessage.delRule, family: family.number) {
      $0.put(NFTARule.table, table)
      $0.put(NFTARule.chain, chain)
      $0.put(NFTARule.handle, big: handle)
    }
  }

  // nft add rule FAMILY TABLE CHAIN [position HANDLE] ...
  mutating func create(_ rule: RuleProgram, chain: String, _ position: TableDiff.Position = .last) {
    let ruleTag = Tag.rule(at: ruleCount)
    ruleCount += 1
    var ids: [SetProgram: UInt32] = [:]
    for set in rule.instructions.flatMap(\.anonymousSets) where ids[set] == nil {
      ids[set] = create(set, ruleTag)
    }
    var flags: RequestFlags = [.create]
    if case .first = position {} else { flags.insert(.append) }
    let describer = describer
    step(ruleTag) { "add rule TABLE \(chain) \(describer.text(rule))" }
    batch.netfilterRequest(NFTMessage.newRule, flags, family: family.number) {
      $0.put(NFTARule.table, table)
      $0.put(NFTARule.chain, chain)
      if case .after(let handle) = position { $0.put(NFTARule.position, big: handle) }
      $0.nest(NFTARule.expressions) {
        for instruction in rule.instructions {
          $0.put(instruction, in: NFTAList.elem, ids)
        }
      }
      if !rule.userData.isEmpty { $0.put(NFTARule.userdata, bytes: rule.userData) }
    }
  }

  // MARK: - Sets

  /// Returns the id by which the rest of the transaction refers to it.
  @discardableResult
  mutating func create(_ set: SetProgram, _ tag: Int = Tag.part) -> UInt32 {
    let id = nextID
    nextID += 1
    let name = set.kernelName
    step(tag) { "add \(set.data == nil ? "set" : "map") TABLE \(name)" }
    batch.netfilterRequest(NFTMessage.newSet, [.create], family: family.number) {
      $0.put(NFTASet.table, table)
      $0.put(NFTASet.name, name)
      $0.put(NFTASet.flags, big: set.flags)
      $0.put(NFTASet.keyType, big: set.keyType)
      $0.put(NFTASet.keyLen, big: set.keyLength)
      switch set.data {
      case nil: break
      case .verdict?:
        $0.put(NFTASet.dataType, big: 0xffff_ff00 as UInt32)  // NFT_DATA_VERDICT
        $0.put(NFTASet.dataLen, big: 16 as UInt32)
      case .value(let type, let length)?:
        $0.put(NFTASet.dataType, big: type)
        $0.put(NFTASet.dataLen, big: length)
      case .object(let type)?: $0.put(NFTASet.objType, big: type)
      }
      $0.put(NFTASet.id, big: id)
      if set.size != nil || !set.fields.isEmpty {
        $0.nest(NFTASet.desc) {
          if let size = set.size { $0.put(NFTASetDescription.size, big: size) }
          if !set.fields.isEmpty {
            $0.nest(NFTASetDescription.concat) {
              for field in set.fields {
                $0.nest(NFTAList.elem) { $0.put(NFTASetField.len, big: field) }
              }
            }
          }
        }
      }
      if let timeout = set.timeout { $0.put(NFTASet.timeout, big: timeout) }
      if let interval = set.gcInterval { $0.put(NFTASet.gcInterval, big: interval) }
      if set.policy != 0 { $0.put(NFTASet.policy, big: set.policy) }
      if !set.userData.isEmpty { $0.put(NFTASet.userdata, bytes: set.userData) }
      if set.statements.count == 1 {
        $0.nest(NFTASet.expr) { $0.put(content: set.statements[0], [:]) }
      } else if !set.statements.isEmpty {
        $0.nest(NFTASet.expressions) {
          for statement in set.statements { $0.put(statement, in: NFTAList.elem, [:]) }
        }
      }
    }
    put(set.elements, name, id, NFTMessage.newElement, [.create], tag == Tag.part ? Tag.other : tag)
    return id
  }

  func deleteSet(_ name: String) {
    step { "delete set TABLE \(name)" }
    batch.netfilterRequest(NFTMessage.delSet, family: family.number) {
      $0.put(NFTASet.table, table)
      $0.put(NFTASet.name, name)
    }
  }

  // nft add element FAMILY TABLE SET { ... }
  func add(_ elements: [ElementProgram], to set: String, id: UInt32?) {
    put(elements, set, id, NFTMessage.newElement, [.create])
  }

  // nft delete element FAMILY TABLE SET { ... }
  func delete(_ elements: [ElementProgram], from set: String) {
    put(elements, set, nil, NFTMessage.delElement, [])
  }

  private func put(
    _ elements: [ElementProgram], _ set: String, _ id: UInt32?, _ type: UInt16,
    _ flags: RequestFlags, _ tag: Int = Tag.other
  ) {
    // A nested attribute holds less than 64 kB.
    var rest = elements[...]
    while !rest.isEmpty {
      var size = 0
      let chunk = rest.prefix {
        size += $0.size
        return size < 60_000
      }
      let part = chunk.isEmpty ? rest.prefix(1) : chunk
      rest = rest.dropFirst(part.count)
      step(tag) {
        "\(type == NFTMessage.newElement ? "add" : "delete") element TABLE \(set) "
          + "(\(part.count) of \(elements.count))"
      }
      batch.netfilterRequest(type, flags, family: family.number) {
        $0.put(NFTAElementList.table, table)
        $0.put(NFTAElementList.set, set)
        if let id { $0.put(NFTAElementList.setID, big: id) }
        $0.nest(NFTAElementList.elements) {
          for element in part { $0.put(element) }
        }
      }
    }
  }
}

extension Nftables.BaseChain.Policy {
  /// `NF_DROP`, `NF_ACCEPT`.
  var number: UInt32 { self == .drop ? 0 : 1 }
}

extension Instruction {
  var anonymousSets: [SetProgram] {
    switch self {
    case .lookup(.anonymous(let set), _, _, _), .verdictLookup(.anonymous(let set), _),
      .objectLookup(.anonymous(let set), _):
      [set]
    case .dynset(let dynset):
      if case .anonymous(let set) = dynset.set { [set] } else { [] }
    default: []
    }
  }
}
