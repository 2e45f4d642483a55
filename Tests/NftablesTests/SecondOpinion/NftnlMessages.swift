import CNftnl
import Model
import Nftables

@testable import Kernel

/// The requests that make a table, as libnftnl writes them.
struct NftnlMessages {
  private let program: TableProgram
  private var nextID: UInt32 = 1
  private(set) var messages: [NetlinkRequest] = []
  /// What libnftnl can't express.
  private(set) var refused: [String] = []

  /// In the order in which `NftablesEncoder.load` writes them.
  init(_ program: TableProgram) {
    self.program = program
    addTable()
    for chain in program.chains { add(chain) }
    for object in program.objects { add(object) }
    for flowtable in program.flowtables { add(flowtable) }
    for set in program.sets { _ = add(set) }
    for chain in program.chains {
      for rule in chain.rules { add(rule, to: chain.name) }
    }
  }

  private mutating func add(
    _ type: nf_tables_msg_types, _ build: (UnsafeMutablePointer<nlmsghdr>) -> Void
  ) {
    // libnftnl writes without a limit; the largest set of the cases takes a tenth of this.
    let size = 1 << 18
    withUnsafeTemporaryAllocation(byteCount: size, alignment: 16) { buffer in
      buffer.initializeMemory(as: UInt8.self, repeating: 0)
      let header = nftnl_nlmsg_build_hdr(
        buffer.baseAddress!.assumingMemoryBound(to: CChar.self), UInt16(type.rawValue),
        UInt16(program.family.number), 0, 0)!
      build(header)
      let length = Int(header.pointee.nlmsg_len)
      messages.append(
        NetlinkRequest(
          type: header.pointee.nlmsg_type,
          payload: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[16..<length])))
    }
  }

  private mutating func addTable() {
    let object = nftnl_table_alloc()!
    defer { nftnl_table_free(object) }
    let rows: [NftnlRow] = [
      .init(NFTNL_TABLE_NAME, .text(program.name)), .init(NFTNL_TABLE_FLAGS, .word(program.flags)),
      .init(NFTNL_TABLE_USERDATA, program.userData.nftnl),
    ]
    for row in rows { row.tell { nftnl_table_set_data(object, $0, $1, $2) } }
    add(NFT_MSG_NEWTABLE) { nftnl_table_nlmsg_build_payload($0, object) }
  }

  private mutating func add(_ chain: ChainProgram) {
    let object = nftnl_chain_alloc()!
    defer { nftnl_chain_free(object) }
    var rows: [NftnlRow] = [
      .init(NFTNL_CHAIN_TABLE, .text(program.name)), .init(NFTNL_CHAIN_NAME, .text(chain.name)),
      .init(NFTNL_CHAIN_USERDATA, chain.userData.nftnl),
    ]
    if let base = chain.base {
      let devices = base.devices
      rows += [
        .init(NFTNL_CHAIN_TYPE, .text(base.type.rawValue)),
        .init(NFTNL_CHAIN_HOOKNUM, HookTable.number(base.hook, program.family).map { .word($0) }),
        .init(NFTNL_CHAIN_PRIO, .word(UInt32(bitPattern: base.priority))),
        .init(NFTNL_CHAIN_POLICY, .word(base.policy == .drop ? 0 : 1)),
        .init(NFTNL_CHAIN_DEV, devices.count == 1 ? .text(devices[0]) : nil),
        .init(NFTNL_CHAIN_DEVICES, devices.count > 1 ? .texts(devices) : nil),
      ]
    }
    for row in rows { row.tell { nftnl_chain_set_data(object, $0, $1, $2) } }
    add(NFT_MSG_NEWCHAIN) { nftnl_chain_nlmsg_build_payload($0, object) }
  }

  private mutating func add(_ flowtable: Nftables.Flowtable) {
    let object = nftnl_flowtable_alloc()!
    defer { nftnl_flowtable_free(object) }
    let devices = flowtable.devices
    let rows: [NftnlRow] = [
      .init(NFTNL_FLOWTABLE_TABLE, .text(program.name)),
      .init(NFTNL_FLOWTABLE_NAME, .text(flowtable.name)),
      .init(NFTNL_FLOWTABLE_HOOKNUM, .word(0)),  // NF_NETDEV_INGRESS
      .init(NFTNL_FLOWTABLE_PRIO, .word(UInt32(bitPattern: flowtable.priority))),
      .init(NFTNL_FLOWTABLE_DEVICES, devices.isEmpty ? nil : .texts(devices)),
      .init(NFTNL_FLOWTABLE_FLAGS, flowtable.flags.bits == 0 ? nil : .word(flowtable.flags.bits)),
    ]
    for row in rows { row.tell { nftnl_flowtable_set_data(object, $0, $1, $2) } }
    add(NFT_MSG_NEWFLOWTABLE) { nftnl_flowtable_nlmsg_build_payload($0, object) }
  }

  private mutating func add(_ object: ObjectProgram) {
    let built = nftnl_obj_alloc()!
    defer { nftnl_obj_free(built) }
    // The type comes first: it decides what the others mean.
    let rows: [NftnlRow] =
      [
        .init(NFTNL_OBJ_TYPE, .word(object.content.nftnlType)),
        .init(NFTNL_OBJ_TABLE, .text(program.name)), .init(NFTNL_OBJ_NAME, .text(object.name)),
        .init(NFTNL_OBJ_USERDATA, object.userData.nftnl),
      ] + object.content.nftnl
    for row in rows { row.tell { nftnl_obj_set_data(built, $0, $1, $2) } }
    add(NFT_MSG_NEWOBJ) { nftnl_obj_nlmsg_build_payload($0, built) }
  }

  // MARK: - Sets

  private mutating func add(_ set: SetProgram) -> UInt32 {
    let id = nextID
    nextID += 1
    let name = set.kernelName
    let object = nftnl_set_alloc()!
    defer { nftnl_set_free(object) }
    var rows: [NftnlRow] = [
      .init(NFTNL_SET_TABLE, .text(program.name)), .init(NFTNL_SET_NAME, .text(name)),
      .init(NFTNL_SET_FLAGS, .word(set.flags)), .init(NFTNL_SET_KEY_TYPE, .word(set.keyType)),
      .init(NFTNL_SET_KEY_LEN, .word(set.keyLength)), .init(NFTNL_SET_ID, .word(id)),
      .init(NFTNL_SET_DESC_SIZE, set.size.map { .word($0) }),
      .init(
        NFTNL_SET_DESC_CONCAT,
        set.fields.isEmpty ? nil : .bytes(set.fields.map { UInt8($0) })),
      .init(NFTNL_SET_TIMEOUT, set.timeout.map { .long($0) }),
      .init(NFTNL_SET_GC_INTERVAL, set.gcInterval.map { .word($0) }),
      .init(NFTNL_SET_POLICY, set.policy == 0 ? nil : .word(set.policy)),
      .init(NFTNL_SET_USERDATA, set.userData.nftnl),
    ]
    switch set.data {
    case nil: break
    case .verdict?:
      rows.append(.init(NFTNL_SET_DATA_TYPE, .word(NFT_DATA_VERDICT.rawValue)))
      // struct nft_verdict on 64 bits; the kernel ignores it.
      rows.append(.init(NFTNL_SET_DATA_LEN, .word(16)))
    case .value(let type, let length)?:
      rows.append(.init(NFTNL_SET_DATA_TYPE, .word(type)))
      rows.append(.init(NFTNL_SET_DATA_LEN, .word(length)))
    case .object(let type)?: rows.append(.init(NFTNL_SET_OBJ_TYPE, .word(type)))
    }
    for row in rows { row.tell { nftnl_set_set_data(object, $0, $1, $2) } }
    for statement in set.statements {
      if let expression = expression(statement, [:]) { nftnl_set_add_expr(object, expression) }
    }
    add(NFT_MSG_NEWSET) { nftnl_set_nlmsg_build_payload($0, object) }
    addElements(of: set, name, id)
    return id
  }

  private mutating func addElements(of set: SetProgram, _ name: String, _ id: UInt32) {
    if set.elements.isEmpty { return }
    let object = nftnl_set_alloc()!
    defer { nftnl_set_free(object) }
    let rows: [NftnlRow] = [
      .init(NFTNL_SET_TABLE, .text(program.name)), .init(NFTNL_SET_NAME, .text(name)),
      .init(NFTNL_SET_ID, .word(id)),
    ]
    for row in rows { row.tell { nftnl_set_set_data(object, $0, $1, $2) } }
    for element in set.elements {
      let built = nftnl_set_elem_alloc()!
      for row in element.nftnl { row.tell { nftnl_set_elem_set(built, $0, $1, $2) } }
      for statement in element.statements {
        if let expression = expression(statement, [:]) {
          nftnl_set_elem_add_expr(built, expression)
        }
      }
      nftnl_set_elem_add(object, built)
    }
    add(NFT_MSG_NEWSETELEM) { nftnl_set_elems_nlmsg_build_payload($0, object) }
  }

  // MARK: - Rules

  private mutating func add(_ rule: RuleProgram, to chain: String) {
    var ids: [SetProgram: UInt32] = [:]
    for set in rule.instructions.flatMap(\.anonymousSets) where ids[set] == nil {
      ids[set] = add(set)
    }
    let object = nftnl_rule_alloc()!
    defer { nftnl_rule_free(object) }
    let rows: [NftnlRow] = [
      .init(NFTNL_RULE_TABLE, .text(program.name)), .init(NFTNL_RULE_CHAIN, .text(chain)),
      .init(NFTNL_RULE_USERDATA, rule.userData.nftnl),
    ]
    for row in rows { row.tell { nftnl_rule_set_data(object, $0, $1, $2) } }
    for instruction in rule.instructions {
      if let expression = expression(instruction, ids) { nftnl_rule_add_expr(object, expression) }
    }
    add(NFT_MSG_NEWRULE) { nftnl_rule_nlmsg_build_payload($0, object) }
  }

  private mutating func expression(
    _ instruction: Instruction, _ ids: [SetProgram: UInt32]
  ) -> OpaquePointer? {
    let expression = instruction.nftnlExpression(ids)
    if expression == nil { refused.append("\(instruction)") }
    return expression
  }
}

extension [UInt8] {
  fileprivate var nftnl: NftnlRow.Value? { isEmpty ? nil : .bytes(self) }
}

extension NftnlRow {
  fileprivate init(_ attribute: nftnl_table_attr, _ value: Value?) {
    self.init(Int(attribute.rawValue), value)
  }
  fileprivate init(_ attribute: nftnl_chain_attr, _ value: Value?) {
    self.init(Int(attribute.rawValue), value)
  }
  fileprivate init(_ attribute: nftnl_rule_attr, _ value: Value?) {
    self.init(Int(attribute.rawValue), value)
  }
  fileprivate init(_ attribute: nftnl_set_attr, _ value: Value?) {
    self.init(Int(attribute.rawValue), value)
  }
  fileprivate init(_ attribute: nftnl_flowtable_attr, _ value: Value?) {
    self.init(Int(attribute.rawValue), value)
  }
}

extension ElementProgram {
  fileprivate var nftnl: [NftnlRow] {
    var rows: [NftnlRow] = [
      .init(NFTNL_SET_ELEM_FLAGS, flags == 0 ? nil : .word(flags)),
      .init(NFTNL_SET_ELEM_KEY, key.isEmpty ? nil : .bytes(Array(key))),
      .init(NFTNL_SET_ELEM_KEY_END, keyEnd.map { .bytes(Array($0)) }),
      .init(NFTNL_SET_ELEM_TIMEOUT, timeout.map { .long($0) }),
      .init(NFTNL_SET_ELEM_USERDATA, userData.nftnl),
    ]
    switch data {
    case nil: break
    case .verdict(let verdict)?:
      rows.append(.init(NFTNL_SET_ELEM_VERDICT, .word(verdict.nftnlCode)))
      rows.append(.init(NFTNL_SET_ELEM_CHAIN, verdict.target.map { .text($0) }))
    case .value(let bytes)?: rows.append(.init(NFTNL_SET_ELEM_DATA, .bytes(Array(bytes))))
    case .object(let name)?: rows.append(.init(NFTNL_SET_ELEM_OBJREF, .text(name)))
    }
    return rows
  }
}
