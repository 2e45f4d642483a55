internal import Model
internal import Netlink
internal import Nftables

/// The attributes of one expression, by type.
struct AttributeTable {
  private let attributes: Attributes

  init(_ attributes: Attributes) { self.attributes = attributes }

  /// A search is faster than a table: there are few attributes, but one such list for each element.
  private func first(_ type: UInt16) -> Attribute? {
    for attribute in attributes where attribute.type == type { return attribute }
    return nil
  }

  func word(_ type: UInt16) -> UInt32? { first(type)?.bigUInt32 }
  func hostWord(_ type: UInt16) -> UInt32? { first(type)?.uint32 }
  func half(_ type: UInt16) -> UInt16? { first(type)?.bigUInt16 }
  func long(_ type: UInt16) -> UInt64? { first(type)?.bigUInt64 }
  func byte(_ type: UInt16) -> UInt8? { first(type)?.uint8 }
  func text(_ type: UInt16) -> String? { first(type)?.string }
  func nested(_ type: UInt16) -> Attributes? { first(type)?.nested }
  func has(_ type: UInt16) -> Bool { first(type) != nil }
  func bytes(_ type: UInt16) -> [UInt8]? { first(type)?.bytes }

  func register(_ type: UInt16) -> Register? { word(type).flatMap(Register.init(number:)) }

  /// `NFTA_DATA_VALUE` within.
  func data(_ type: UInt16) -> [UInt8]? {
    nested(type)?.first { $0.type == NFTAData.value }?.bytes
  }

  func verdict(_ type: UInt16) -> Nftables.Verdict? {
    guard let nested = nested(type)?.first(where: { $0.type == NFTAData.verdict })?.nested else {
      return nil
    }
    let verdict = AttributeTable(nested)
    guard let code = verdict.word(NFTAVerdict.code) else { return nil }
    return Nftables.Verdict(
      code: Int32(bitPattern: code), chain: verdict.text(NFTAVerdict.chain))
  }

  /// Expressions, each in an `NFTA_LIST_ELEM`.
  func instructions(_ type: UInt16) -> [Instruction] {
    nested(type)?.filter { $0.type == NFTAList.elem }.map { Instruction($0.nested) } ?? []
  }

  /// One expression in an attribute of its own, or several in a list.
  func statements(one: UInt16, many: UInt16) -> [Instruction] {
    if let nested = nested(one) { return [Instruction(nested)] }
    return instructions(many)
  }
}

extension Attribute {
  /// `NFTA_DATA_VALUE` within.
  var elementBytes: ElementBytes? {
    nested.first { $0.type == NFTAData.value }.map { ElementBytes($0.payload) }
  }
}

extension Instruction {
  /// Reads an expression's name and attributes; whatever can't be read becomes opaque.
  init(_ attributes: Attributes) {
    let outer = AttributeTable(attributes)
    let name = outer.text(NFTAExpression.name) ?? ""
    let inner = AttributeTable(
      outer.nested(NFTAExpression.data) ?? Attributes(.init(start: nil, count: 0)))
    self =
      Self.load(name, inner) ?? Self.test(name, inner) ?? Self.action(name, inner)
      ?? .opaque(name, outer.bytes(NFTAExpression.data) ?? [])
  }

  private static func load(_ name: String, _ a: AttributeTable) -> Instruction? {
    switch name {
    case "immediate":
      if a.word(NFTAImmediate.dreg) == 0 {
        return a.verdict(NFTAImmediate.data).map { .verdict($0) }
      }
      guard let register = a.register(NFTAImmediate.dreg),
        let data = a.data(NFTAImmediate.data)
      else { return nil }
      return .immediate(register, data)
    case "meta":
      guard let key = a.word(NFTAMeta.key) else { return nil }
      if let register = a.register(NFTAMeta.dreg) { return .meta(key, register) }
      return a.register(NFTAMeta.sreg).map { .metaSet(key, $0) }
    case "ct":
      guard let key = a.word(NFTACT.key) else { return nil }
      let direction = a.byte(NFTACT.direction)
      if let register = a.register(NFTACT.dreg) {
        return .ct(key, direction: direction, register)
      }
      return a.register(NFTACT.sreg).map { .ctSet(key, direction: direction, $0) }
    case "payload":
      guard let base = a.word(NFTAPayload.base), let offset = a.word(NFTAPayload.offset),
        let length = a.word(NFTAPayload.len)
      else { return nil }
      let range = PayloadRange(base: base, offset: offset, length: length)
      if let register = a.register(NFTAPayload.dreg) { return .payload(range, register) }
      return a.register(NFTAPayload.sreg).map {
        .payloadWrite(
          range, $0,
          Checksum(
            type: a.word(NFTAPayload.csumType) ?? 0, offset: a.word(NFTAPayload.csumOffset) ?? 0,
            flags: a.word(NFTAPayload.csumFlags) ?? 0))
      }
    case "exthdr":
      if let type = a.byte(NFTAExthdr.type), a.word(NFTAExthdr.op) == 1,
        !a.has(NFTAExthdr.dreg), !a.has(NFTAExthdr.sreg)
      {
        return .exthdrReset(type)
      }
      guard let type = a.byte(NFTAExthdr.type), let offset = a.word(NFTAExthdr.offset),
        let length = a.word(NFTAExthdr.len)
      else { return nil }
      let range = OptionRange(
        operation: a.word(NFTAExthdr.op) ?? 0, type: type, offset: offset, length: length)
      if let register = a.register(NFTAExthdr.dreg) {
        return .exthdr(range, flags: a.word(NFTAExthdr.flags) ?? 0, register)
      }
      return a.register(NFTAExthdr.sreg).map { .exthdrWrite(range, $0) }
    case "hash":
      guard let register = a.register(NFTAHash.dreg), let modulus = a.word(NFTAHash.modulus) else {
        return nil
      }
      return .hash(
        Hash(
          source: a.register(NFTAHash.sreg), length: a.word(NFTAHash.len) ?? 0, modulus: modulus,
          seed: a.word(NFTAHash.seed), offset: a.word(NFTAHash.offset) ?? 0), register)
    case "numgen":
      guard let register = a.register(NFTANumgen.dreg), let modulus = a.word(NFTANumgen.modulus)
      else { return nil }
      return .numgen(
        isRandom: a.word(NFTANumgen.type) == 1, modulus: modulus,
        offset: a.word(NFTANumgen.offset) ?? 0, register)
    case "fib":
      guard let register = a.register(NFTAFIB.dreg), let result = a.word(NFTAFIB.result),
        let flags = a.word(NFTAFIB.flags)
      else { return nil }
      return .fib(result: result, flags: flags, register)
    case "rt":
      guard let register = a.register(NFTART.dreg), let key = a.word(NFTART.key) else {
        return nil
      }
      return .rt(key, register)
    case "socket":
      guard let register = a.register(NFTASocket.dreg), let key = a.word(NFTASocket.key) else {
        return nil
      }
      return .socket(key, level: key == 3 ? a.word(NFTASocket.level) : nil, register)
    case "xfrm":
      guard let register = a.register(NFTAXfrm.dreg), let key = a.word(NFTAXfrm.key),
        let direction = a.byte(NFTAXfrm.direction)
      else { return nil }
      return .xfrm(key, direction: direction, number: a.word(NFTAXfrm.number) ?? 0, register)
    case "osf":
      guard let register = a.register(NFTAOSF.dreg) else { return nil }
      return .osf(
        ttl: a.byte(NFTAOSF.ttl) ?? 0, flags: a.word(NFTAOSF.flags) ?? 0, register)
    default: return nil
    }
  }

  private static func test(_ name: String, _ a: AttributeTable) -> Instruction? {
    switch name {
    case "bitwise":
      guard let source = a.register(NFTABitwise.sreg), let to = a.register(NFTABitwise.dreg),
        let length = a.word(NFTABitwise.len)
      else { return nil }
      switch a.word(NFTABitwise.op) ?? 0 {
      case 0:
        guard let mask = a.data(NFTABitwise.mask), let xor = a.data(NFTABitwise.xor),
          mask.count == xor.count
        else { return nil }
        return .bitwise(source, to: to, mask: mask, xor: xor)
      case let op where op == 1 || op == 2:
        guard let amount = a.data(NFTABitwise.data), amount.count == 4 else { return nil }
        let bits = amount.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
        return .shift(source, to: to, length: length, isLeft: op == 1, bits)
      default: return nil
      }
    case "byteorder":
      guard let source = a.register(NFTAByteorder.sreg), let to = a.register(NFTAByteorder.dreg),
        let op = a.word(NFTAByteorder.op), let length = a.word(NFTAByteorder.len),
        let size = a.word(NFTAByteorder.size)
      else { return nil }
      return .byteorder(source, to: to, toNetwork: op == 1, length: length, size: size)
    case "cmp":
      guard let register = a.register(NFTACmp.sreg),
        let comparison = a.word(NFTACmp.op).flatMap(Comparison.init(rawValue:)),
        let data = a.data(NFTACmp.data)
      else { return nil }
      return .cmp(register, comparison, data)
    case "range":
      guard let register = a.register(NFTARange.sreg), let op = a.word(NFTARange.op),
        let from = a.data(NFTARange.fromData), let to = a.data(NFTARange.toData)
      else { return nil }
      return .range(register, isInverted: op == 1, from, to)
    case "lookup":
      guard let set = a.text(NFTALookup.set), let register = a.register(NFTALookup.sreg) else {
        return nil
      }
      let isInverted = (a.word(NFTALookup.flags) ?? 0) & 1 != 0
      guard let to = a.word(NFTALookup.dreg) else {
        return .lookup(.named(set), register, to: nil, isInverted: isInverted)
      }
      if to == 0 { return .verdictLookup(.named(set), register) }
      return Register(number: to).map {
        .lookup(.named(set), register, to: $0, isInverted: isInverted)
      }
    case "dynset":
      guard let set = a.text(NFTADynset.setName), let key = a.register(NFTADynset.sregKey),
        let op = a.word(NFTADynset.op)
      else { return nil }
      return .dynset(
        Dynset(
          set: .named(set), operation: op, key: key, data: a.register(NFTADynset.sregData),
          timeout: a.long(NFTADynset.timeout) ?? 0,
          statements: a.statements(one: NFTADynset.expr, many: NFTADynset.expressions)))
    case "objref":
      if let type = a.word(NFTAObjectReference.immType),
        let name = a.text(NFTAObjectReference.immName)
      {
        return .object(type: type, name: name)
      }
      guard let set = a.text(NFTAObjectReference.setName),
        let register = a.register(NFTAObjectReference.setSreg)
      else { return nil }
      return .objectLookup(.named(set), register)
    default: return nil
    }
  }

  private static func action(_ name: String, _ a: AttributeTable) -> Instruction? {
    switch name {
    case "counter":
      return .counter(
        packets: a.long(NFTACounter.packets) ?? 0, bytes: a.long(NFTACounter.bytes) ?? 0)
    case "limit": return Nftables.Limit(a).map { .limit($0) }
    case "quota": return .quota(Nftables.Quota(a))
    case "connlimit":
      return .connectionLimit(
        a.word(NFTAConnectionLimit.count) ?? 0,
        isOver: (a.word(NFTAConnectionLimit.flags) ?? 0) & 1 != 0)
    case "last": return .last
    case "log":
      return .log(
        Log(
          prefix: a.text(NFTALog.prefix), group: a.half(NFTALog.group),
          snaplen: a.word(NFTALog.snaplen), threshold: a.half(NFTALog.qthreshold),
          level: a.word(NFTALog.level), flags: a.word(NFTALog.flags) ?? 0
        ).normal)
    case "reject":
      return .reject(type: a.word(NFTAReject.type) ?? 0, code: a.byte(NFTAReject.icmpCode) ?? 0)
    case "nat":
      guard let type = a.word(NFTANAT.type), let family = a.word(NFTANAT.family) else {
        return nil
      }
      let (address, port) = (a.register(NFTANAT.regAddrMin), a.register(NFTANAT.regProtoMin))
      return .nat(
        NAT(
          isDestination: type == 1, family: family, addressMin: address,
          addressMax: a.register(NFTANAT.regAddrMax) ?? address, portMin: port,
          portMax: a.register(NFTANAT.regProtoMax) ?? port,
          flags: (a.word(NFTANAT.flags) ?? 0) & ~3))
    case "masq":
      let low = a.register(NFTAMasquerade.regProtoMin)
      return .masquerade(
        flags: (a.word(NFTAMasquerade.flags) ?? 0) & ~3, low,
        a.register(NFTAMasquerade.regProtoMax) ?? low)
    case "redir":
      let low = a.register(NFTARedirect.regProtoMin)
      return .redirect(
        flags: (a.word(NFTARedirect.flags) ?? 0) & ~3, low,
        a.register(NFTARedirect.regProtoMax) ?? low)
    case "tproxy":
      return .tproxy(
        family: a.word(NFTATProxy.family) ?? 0, address: a.register(NFTATProxy.regAddr),
        port: a.register(NFTATProxy.regPort))
    case "notrack": return .notrack
    case "flow_offload": return a.text(NFTAFlow.tableName).map { .flowOffload($0) }
    case "synproxy": return .synproxy(Nftables.Synproxy(a))
    case "dup":
      return .dup(address: a.register(NFTADup.sregAddr), device: a.register(NFTADup.sregDev))
    case "fwd":
      return a.register(NFTAFwd.sregDev).map {
        .fwd(
          device: $0, address: a.register(NFTAFwd.sregAddr), family: a.word(NFTAFwd.nfproto))
      }
    case "queue":
      let register = a.register(NFTAQueue.sregQnum)
      return .queue(
        first: a.half(NFTAQueue.num) ?? 0,
        total: register == nil ? a.half(NFTAQueue.total) ?? 1 : 0,
        flags: a.half(NFTAQueue.flags) ?? 0, register)
    default: return nil
    }
  }
}

extension Nftables.Limit {
  init?(_ a: AttributeTable) {
    guard let rate = a.long(NFTALimit.rate), let per = a.long(NFTALimit.unit) else { return nil }
    self.init(
      rate: rate, per: per, burst: a.word(NFTALimit.burst) ?? 0,
      isBytes: a.word(NFTALimit.type) == 1, isOver: (a.word(NFTALimit.flags) ?? 0) & 1 != 0)
  }
}

extension Nftables.Synproxy {
  init(_ a: AttributeTable) {
    let bits = a.word(NFTASynproxy.flags) ?? 0
    self.init(
      mss: bits & 1 == 0 ? nil : a.half(NFTASynproxy.mss),
      wscale: bits & 2 == 0 ? nil : a.byte(NFTASynproxy.wscale),
      flags: Nftables.SynproxyFlag.flags(in: bits))
  }
}

extension Nftables.Quota {
  init(_ a: AttributeTable) {
    self.init(
      bytes: a.long(NFTAQuota.bytes) ?? 0, used: a.long(NFTAQuota.consumed) ?? 0,
      isOver: (a.word(NFTAQuota.flags) ?? 0) & 1 != 0)
  }
}
