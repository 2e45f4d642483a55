internal import Model
internal import Netlink
internal import Nft

extension TableProgram {
  /// The family stands in the message's header.
  init?(_ a: AttributeTable) {
    guard let name = a.text(NFTATable.name) else { return nil }
    self.init(
      family: .inet, name: name, flags: a.word(NFTATable.flags) ?? 0,
      userData: a.bytes(NFTATable.userdata) ?? [], sets: [], objects: [], chains: [])
  }
}

/// A chain before its family is known.
struct ChainAttributes {
  private let name: String
  private let userData: [UInt8]
  private var hook: UInt32?
  private var base: Nftables.BaseChain?

  init?(_ a: AttributeTable) {
    guard let name = a.text(NFTAChain.name) else { return nil }
    self.name = name
    userData = a.bytes(NFTAChain.userdata) ?? []
    guard let nested = a.nested(NFTAChain.hook) else { return }
    let hook = AttributeTable(nested)
    var devices: [String] = []
    if let device = hook.text(NFTAHook.dev) {
      devices = [device]
    } else if let many = hook.nested(NFTAHook.devs) {
      devices = many.filter { $0.type == NFTADevice.name }.map(\.string)
    }
    self.hook = hook.word(NFTAHook.hooknum)
    base = Nftables.BaseChain(
      type: a.text(NFTAChain.type) ?? "filter", hook: "",
      priority: Int32(bitPattern: hook.word(NFTAHook.priority) ?? 0), devices: devices,
      policy: a.word(NFTAChain.policy) == 0 ? .drop : .accept)
  }

  func program(_ family: Nftables.Family) -> ChainProgram {
    var base = base
    let names = HookTable.names(family)
    if let hook { base?.hook = Int(hook) < names.count ? names[Int(hook)] : "hook \(hook)" }
    return ChainProgram(name: name, base: base, userData: userData, rules: [])
  }
}

extension SetProgram {
  init?(_ a: AttributeTable) {
    guard let name = a.text(NFTASet.name), let keyType = a.word(NFTASet.keyType),
      let keyLength = a.word(NFTASet.keyLen)
    else { return nil }
    var data: Data?
    if let type = a.word(NFTASet.objType) {
      data = .object(type)
    } else if let type = a.word(NFTASet.dataType) {
      data =
        type == 0xffff_ff00 ? .verdict : .value(type: type, length: a.word(NFTASet.dataLen) ?? 0)
    }
    let description = a.nested(NFTASet.desc).map { AttributeTable($0) }
    let fields = description?.nested(NFTASetDescription.concat)?.compactMap {
      AttributeTable($0.nested).word(NFTASetField.len)
    }
    self.init(
      name: name, keyType: keyType, keyLength: keyLength, data: data,
      flags: a.word(NFTASet.flags) ?? 0, timeout: a.long(NFTASet.timeout),
      gcInterval: a.word(NFTASet.gcInterval), size: description?.word(NFTASetDescription.size),
      policy: a.word(NFTASet.policy) ?? 0, fields: fields ?? [],
      userData: a.bytes(NFTASet.userdata) ?? [],
      statements: a.statements(one: NFTASet.expr, many: NFTASet.expressions), elements: [])
  }
}

extension ElementProgram {
  init(_ a: AttributeTable) {
    self.init(key: a.data(NFTAElement.key) ?? [], keyEnd: a.data(NFTAElement.keyEnd))
    flags = a.word(NFTAElement.flags) ?? 0
    if let name = a.text(NFTAElement.objref) {
      data = .object(name)
    } else if let verdict = a.verdict(NFTAElement.data) {
      data = .verdict(verdict)
    } else if let value = a.data(NFTAElement.data) {
      data = .value(value)
    }
    timeout = a.long(NFTAElement.timeout)
    userData = a.bytes(NFTAElement.userdata) ?? []
    statements = a.statements(one: NFTAElement.expr, many: NFTAElement.expressions)
  }
}

extension ObjectProgram {
  /// Nil for a kind that we don't know.
  init?(_ a: AttributeTable) {
    guard let name = a.text(NFTAObject.name), let type = a.word(NFTAObject.type),
      let nested = a.nested(NFTAObject.data)
    else { return nil }
    let data = AttributeTable(nested)
    let content: Nftables.NamedObject.Content
    switch type {
    case 1:
      content = .counter(
        packets: data.long(NFTACounter.packets) ?? 0, bytes: data.long(NFTACounter.bytes) ?? 0)
    case 2: content = .quota(Nftables.Quota(data))
    case 3:
      content = .ctHelper(
        type: data.text(NFTACTHelper.name) ?? "",
        protocol: data.byte(NFTACTHelper.l4proto) == 17 ? "udp" : "tcp",
        l3proto: data.half(NFTACTHelper.l3proto).flatMap { [2: "ip", 10: "ip6", 1: "inet"][$0] })
    case 4:
      guard let limit = Nftables.Limit(data) else { return nil }
      content = .limit(limit)
    default: return nil
    }
    self.init(name: name, content: content, userData: a.bytes(NFTAObject.userdata) ?? [])
  }
}
