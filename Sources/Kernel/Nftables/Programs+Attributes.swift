internal import Model
internal import Netlink
internal import Nftables

extension TableProgram {
  /// The family is in the message's header.
  init?(_ a: AttributeTable) {
    guard let name = a.text(NFTATable.name) else { return nil }
    self.init(
      family: .inet, name: name, flags: a.word(NFTATable.flags) ?? 0,
      userData: a.bytes(NFTATable.userdata) ?? [], sets: [], objects: [], chains: [])
  }
}

/// A chain before its family is known.
struct ChainAttributes {
  let name: String
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
      type: a.text(NFTAChain.type).map { Nftables.ChainType(rawValue: $0) ?? .unknown($0) }
        ?? .filter,
      hook: .unknown(.max),
      priority: Int32(bitPattern: hook.word(NFTAHook.priority) ?? 0), devices: devices,
      policy: a.word(NFTAChain.policy) == 0 ? .drop : .accept)
  }

  func program(_ family: Nftables.Family) -> ChainProgram {
    var base = base
    if let hook { base?.hook = HookTable.hook(hook, family) }
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
  /// In a single pass: there may be a hundred thousand.
  init(_ attributes: Attributes) {
    self.init(key: [])
    for attribute in attributes {
      switch attribute.type {
      case NFTAElement.key: key = attribute.elementBytes ?? []
      case NFTAElement.keyEnd: keyEnd = attribute.elementBytes
      case NFTAElement.flags: flags = attribute.bigUInt32 ?? 0
      case NFTAElement.objref: data = .object(attribute.string)
      case NFTAElement.data:
        if let value = attribute.elementBytes {
          data = .value(value)
        } else if let verdict = AttributeTable(attributes).verdict(NFTAElement.data) {
          data = .verdict(verdict)
        }
      case NFTAElement.timeout: timeout = attribute.bigUInt64
      case NFTAElement.userdata: userData = attribute.bytes
      case NFTAElement.expr: statements = [Instruction(attribute.nested)]
      case NFTAElement.expressions:
        statements = AttributeTable(attributes).instructions(NFTAElement.expressions)
      default: break
      }
    }
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
        protocol: data.byte(NFTACTHelper.l4proto) == 17 ? .udp : .tcp,
        l3proto: data.half(NFTACTHelper.l3proto).flatMap {
          .init(number: UInt8(truncatingIfNeeded: $0))
        })
    case 4:
      guard let limit = Nftables.Limit(data) else { return nil }
      content = .limit(limit)
    case 7:
      guard let proto = Nftables.TransportProtocol(number: data.byte(NFTACTTimeout.l4proto) ?? 0),
        let nested = data.nested(NFTACTTimeout.data)
      else { return nil }
      let times = AttributeTable(nested)
      var policy: [String: UInt32] = [:]
      for (index, state) in TimeoutPolicy.states(proto).enumerated() {
        guard let seconds = times.word(UInt16(index + 1)), seconds != state.seconds else {
          continue
        }
        policy[state.name] = seconds
      }
      content = .ctTimeout(
        protocol: proto,
        l3proto: data.half(NFTACTTimeout.l3proto).flatMap {
          .init(number: UInt8(truncatingIfNeeded: $0))
        },
        policy: policy)
    case 8: content = .secmark(data.text(NFTASecmark.context) ?? "")
    case 9:
      let number = data.byte(NFTACTExpectation.l4proto) ?? 0
      guard let proto = Nftables.TransportProtocol(number: number) else { return nil }
      content = .ctExpectation(
        protocol: proto,
        l3proto: data.half(NFTACTExpectation.l3proto).flatMap {
          .init(number: UInt8(truncatingIfNeeded: $0))
        },
        port: data.half(NFTACTExpectation.dport) ?? 0,
        timeout: data.hostWord(NFTACTExpectation.timeout) ?? 0,
        size: data.byte(NFTACTExpectation.size) ?? 0)
    case 10: content = .synproxy(Nftables.Synproxy(data))
    default: return nil
    }
    self.init(name: name, content: content, userData: a.bytes(NFTAObject.userdata) ?? [])
  }
}
