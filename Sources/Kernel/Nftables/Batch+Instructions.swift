internal import Model
internal import Netlink
internal import Nftables

extension Batch {
  /// `ids` maps the transaction's anonymous sets to their ids.
  func put(_ instruction: Instruction, in type: UInt16, _ ids: [SetProgram: UInt32]) {
    nest(type) { $0.put(content: instruction, ids) }
  }

  /// Puts the name and the attributes of an expression.
  func put(content instruction: Instruction, _ ids: [SetProgram: UInt32]) {
    put(NFTAExpression.name, instruction.kernelName)
    if case .opaque(_, let bytes) = instruction {
      return put(NFTAExpression.data, bytes: bytes)
    }
    if case .notrack = instruction { return }
    nest(NFTAExpression.data) {
      $0.putLoad(instruction)
      $0.putTest(instruction, ids)
      $0.putAction(instruction)
    }
  }

  private func put(_ type: UInt16, _ register: Register) { put(type, big: register.number) }

  private func put(_ type: UInt16, value bytes: [UInt8]) {
    nest(type) { $0.put(NFTAData.value, bytes: bytes) }
  }

  private func putLoad(_ instruction: Instruction) {
    switch instruction {
    case .immediate(let register, let bytes):
      put(NFTAImmediate.dreg, register)
      put(NFTAImmediate.data, value: bytes)
    case .verdict(let verdict):
      put(NFTAImmediate.dreg, big: 0 as UInt32)
      nest(NFTAImmediate.data) { $0.put(verdict) }
    case .meta(let key, let register):
      put(NFTAMeta.key, big: key)
      put(NFTAMeta.dreg, register)
    case .metaSet(let key, let register):
      put(NFTAMeta.key, big: key)
      put(NFTAMeta.sreg, register)
    case .ct(let key, let direction, let register):
      put(NFTACT.key, big: key)
      put(NFTACT.dreg, register)
      if let direction { put(NFTACT.direction, direction) }
    case .ctSet(let key, let direction, let register):
      put(NFTACT.key, big: key)
      put(NFTACT.sreg, register)
      if let direction { put(NFTACT.direction, direction) }
    case .payload(let range, let register):
      put(NFTAPayload.dreg, register)
      put(range)
    case .payloadWrite(let range, let register, let checksum):
      put(NFTAPayload.sreg, register)
      put(range)
      put(NFTAPayload.csumType, big: checksum.type)
      put(NFTAPayload.csumOffset, big: checksum.offset)
      put(NFTAPayload.csumFlags, big: checksum.flags)
    case .exthdr(let range, let flags, let register):
      put(NFTAExthdr.dreg, register)
      put(range)
      put(NFTAExthdr.flags, big: flags)
    case .exthdrWrite(let range, let register):
      put(NFTAExthdr.sreg, register)
      put(range)
    case .exthdrReset(let type):
      put(NFTAExthdr.type, type)
      put(NFTAExthdr.op, big: 1 as UInt32)
    case .xfrm(let key, let direction, let number, let register):
      put(NFTAXfrm.dreg, register)
      put(NFTAXfrm.key, big: key)
      put(NFTAXfrm.direction, direction)
      put(NFTAXfrm.number, big: number)
    case .hash(let hash, let register):
      if let source = hash.source {
        put(NFTAHash.sreg, source)
        put(NFTAHash.len, big: hash.length)
        if let seed = hash.seed { put(NFTAHash.seed, big: seed) }
      }
      put(NFTAHash.dreg, register)
      put(NFTAHash.modulus, big: hash.modulus)
      put(NFTAHash.offset, big: hash.offset)
      put(NFTAHash.type, big: hash.source == nil ? 1 : 0 as UInt32)
    case .numgen(let isRandom, let modulus, let offset, let register):
      put(NFTANumgen.dreg, register)
      put(NFTANumgen.modulus, big: modulus)
      put(NFTANumgen.type, big: isRandom ? 1 : 0 as UInt32)
      put(NFTANumgen.offset, big: offset)
    case .fib(let result, let flags, let register):
      put(NFTAFIB.dreg, register)
      put(NFTAFIB.result, big: result)
      put(NFTAFIB.flags, big: flags)
    case .rt(let key, let register):
      put(NFTART.dreg, register)
      put(NFTART.key, big: key)
    case .socket(let key, let level, let register):
      put(NFTASocket.dreg, register)
      put(NFTASocket.key, big: key)
      if let level { put(NFTASocket.level, big: level) }
    case .osf(let ttl, let flags, let register):
      put(NFTAOSF.dreg, register)
      put(NFTAOSF.ttl, ttl)
      if flags != 0 { put(NFTAOSF.flags, big: flags) }
    default: break
    }
  }

  func put(_ synproxy: Nftables.Synproxy) {
    put(NFTASynproxy.mss, big: synproxy.mss ?? 0)
    put(NFTASynproxy.wscale, synproxy.wscale ?? 0)
    put(NFTASynproxy.flags, big: synproxy.bits)
  }

  private func put(_ range: PayloadRange) {
    put(NFTAPayload.base, big: range.base)
    put(NFTAPayload.offset, big: range.offset)
    put(NFTAPayload.len, big: range.length)
  }

  private func put(_ range: OptionRange) {
    put(NFTAExthdr.type, range.type)
    put(NFTAExthdr.offset, big: range.offset)
    put(NFTAExthdr.len, big: range.length)
    put(NFTAExthdr.op, big: range.operation)
  }

  private func put(
    _ name: SetName, _ nameType: UInt16, _ idType: UInt16, _ ids: [SetProgram: UInt32]
  ) {
    switch name {
    case .named(let name): put(nameType, name)
    case .anonymous(let set):
      put(nameType, set.kernelName)
      put(idType, big: ids[set] ?? 0)
    }
  }

  private func putTest(_ instruction: Instruction, _ ids: [SetProgram: UInt32]) {
    switch instruction {
    case .bitwise(let source, let destination, let mask, let xor):
      put(NFTABitwise.sreg, source)
      put(NFTABitwise.dreg, destination)
      put(NFTABitwise.op, big: 0 as UInt32)
      put(NFTABitwise.len, big: UInt32(mask.count))
      put(NFTABitwise.mask, value: mask)
      put(NFTABitwise.xor, value: xor)
    case .shift(let source, let destination, let length, let isLeft, let amount):
      put(NFTABitwise.sreg, source)
      put(NFTABitwise.dreg, destination)
      put(NFTABitwise.op, big: isLeft ? 1 : 2 as UInt32)
      put(NFTABitwise.len, big: length)
      put(NFTABitwise.data, value: amount.hostBytes)
    case .byteorder(let source, let destination, let toNetwork, let length, let size):
      put(NFTAByteorder.sreg, source)
      put(NFTAByteorder.dreg, destination)
      put(NFTAByteorder.op, big: toNetwork ? 1 : 0 as UInt32)
      put(NFTAByteorder.len, big: length)
      put(NFTAByteorder.size, big: size)
    case .cmp(let register, let comparison, let bytes):
      put(NFTACmp.sreg, register)
      put(NFTACmp.op, big: comparison.rawValue)
      put(NFTACmp.data, value: bytes)
    case .range(let register, let isInverted, let from, let to):
      put(NFTARange.sreg, register)
      put(NFTARange.op, big: isInverted ? 1 : 0 as UInt32)
      put(NFTARange.fromData, value: from)
      put(NFTARange.toData, value: to)
    case .lookup(let set, let register, let destination, let isInverted):
      put(set, NFTALookup.set, NFTALookup.setID, ids)
      put(NFTALookup.sreg, register)
      if let destination { put(NFTALookup.dreg, destination) }
      if isInverted { put(NFTALookup.flags, big: 1 as UInt32) }
    case .verdictLookup(let set, let register):
      put(set, NFTALookup.set, NFTALookup.setID, ids)
      put(NFTALookup.sreg, register)
      put(NFTALookup.dreg, big: 0 as UInt32)
    case .objectLookup(let set, let register):
      put(NFTAObjectReference.setSreg, register)
      put(set, NFTAObjectReference.setName, NFTAObjectReference.setID, ids)
    case .object(let type, let name):
      put(NFTAObjectReference.immType, big: type)
      put(NFTAObjectReference.immName, name)
    case .dynset(let dynset):
      put(dynset.set, NFTADynset.setName, NFTADynset.setID, ids)
      put(NFTADynset.sregKey, dynset.key)
      put(NFTADynset.op, big: dynset.operation)
      if let data = dynset.data { put(NFTADynset.sregData, data) }
      if dynset.timeout != 0 { put(NFTADynset.timeout, big: dynset.timeout) }
      if dynset.statements.count == 1 {
        nest(NFTADynset.expr) { $0.put(content: dynset.statements[0], ids) }
      } else if !dynset.statements.isEmpty {
        put(NFTADynset.flags, big: 2 as UInt32)  // NFT_DYNSET_F_EXPR
        nest(NFTADynset.expressions) {
          for statement in dynset.statements { $0.put(statement, in: NFTAList.elem, ids) }
        }
      }
    default: break
    }
  }

  private func putAction(_ instruction: Instruction) {
    switch instruction {
    case .counter(let packets, let bytes):
      put(NFTACounter.bytes, big: bytes)
      put(NFTACounter.packets, big: packets)
    case .limit(let limit):
      put(NFTALimit.rate, big: limit.rate)
      put(NFTALimit.unit, big: limit.per)
      put(NFTALimit.burst, big: limit.burst)
      put(NFTALimit.type, big: limit.isBytes ? 1 : 0 as UInt32)
      put(NFTALimit.flags, big: limit.isOver ? 1 : 0 as UInt32)
    case .quota(let quota):
      put(NFTAQuota.bytes, big: quota.bytes)
      put(NFTAQuota.consumed, big: quota.used)
      put(NFTAQuota.flags, big: quota.isOver ? 1 : 0 as UInt32)
    case .connectionLimit(let count, let isOver):
      put(NFTAConnectionLimit.count, big: count)
      put(NFTAConnectionLimit.flags, big: isOver ? 1 : 0 as UInt32)
    case .log(let log):
      if let prefix = log.prefix { put(NFTALog.prefix, prefix) }
      if let group = log.group { put(NFTALog.group, big: group) }
      if let snaplen = log.snaplen { put(NFTALog.snaplen, big: snaplen) }
      if let threshold = log.threshold { put(NFTALog.qthreshold, big: threshold) }
      if let level = log.level { put(NFTALog.level, big: level) }
      if log.flags != 0 { put(NFTALog.flags, big: log.flags) }
    case .reject(let type, let code):
      put(NFTAReject.type, big: type)
      put(NFTAReject.icmpCode, code)
    case .nat(let nat):
      put(NFTANAT.type, big: nat.isDestination ? 1 : 0 as UInt32)
      put(NFTANAT.family, big: nat.family)
      if let register = nat.addressMin { put(NFTANAT.regAddrMin, register) }
      if let register = nat.addressMax { put(NFTANAT.regAddrMax, register) }
      if let register = nat.portMin { put(NFTANAT.regProtoMin, register) }
      if let register = nat.portMax { put(NFTANAT.regProtoMax, register) }
      if nat.flags != 0 { put(NFTANAT.flags, big: nat.flags) }
    case .masquerade(let flags, let low, let high):
      // nft sets this flag to say that there are ports; the kernel knows without it.
      let all = low == nil ? flags : flags | 2
      if all != 0 { put(NFTAMasquerade.flags, big: all) }
      if let low { put(NFTAMasquerade.regProtoMin, low) }
      if let high { put(NFTAMasquerade.regProtoMax, high) }
    case .redirect(let flags, let low, let high):
      let all = low == nil ? flags : flags | 2
      if all != 0 { put(NFTARedirect.flags, big: all) }
      if let low { put(NFTARedirect.regProtoMin, low) }
      if let high { put(NFTARedirect.regProtoMax, high) }
    case .tproxy(let family, let address, let port):
      put(NFTATProxy.family, big: family)
      if let address { put(NFTATProxy.regAddr, address) }
      if let port { put(NFTATProxy.regPort, port) }
    case .synproxy(let synproxy): put(synproxy)
    case .flowOffload(let name): put(NFTAFlow.tableName, name)
    case .dup(let address, let device):
      if let address { put(NFTADup.sregAddr, address) }
      if let device { put(NFTADup.sregDev, device) }
    case .fwd(let device, let address, let family):
      put(NFTAFwd.sregDev, device)
      if let address { put(NFTAFwd.sregAddr, address) }
      if let family { put(NFTAFwd.nfproto, big: family) }
    case .queue(let first, let total, let flags, let register):
      if let register {
        put(NFTAQueue.sregQnum, register)
      } else {
        put(NFTAQueue.num, big: first)
        put(NFTAQueue.total, big: total)
      }
      if flags != 0 { put(NFTAQueue.flags, big: flags) }
    default: break
    }
  }
}

extension UInt32 {
  /// In host byte order.
  var hostBytes: [UInt8] { withUnsafeBytes(of: self) { Array($0) } }
}

extension Instruction {
  /// The kernel's name for it.
  var kernelName: String {
    switch self {
    case .immediate, .verdict: "immediate"
    case .meta, .metaSet: "meta"
    case .ct, .ctSet: "ct"
    case .payload, .payloadWrite: "payload"
    case .exthdr, .exthdrWrite, .exthdrReset: "exthdr"
    case .bitwise, .shift: "bitwise"
    case .byteorder: "byteorder"
    case .cmp: "cmp"
    case .range: "range"
    case .lookup, .verdictLookup: "lookup"
    case .dynset: "dynset"
    case .hash: "hash"
    case .numgen: "numgen"
    case .fib: "fib"
    case .rt: "rt"
    case .socket: "socket"
    case .osf: "osf"
    case .xfrm: "xfrm"
    case .counter: "counter"
    case .limit: "limit"
    case .quota: "quota"
    case .connectionLimit: "connlimit"
    case .last: "last"
    case .log: "log"
    case .reject: "reject"
    case .nat: "nat"
    case .masquerade: "masq"
    case .redirect: "redir"
    case .tproxy: "tproxy"
    case .notrack: "notrack"
    case .synproxy: "synproxy"
    case .flowOffload: "flow_offload"
    case .dup: "dup"
    case .fwd: "fwd"
    case .queue: "queue"
    case .object, .objectLookup: "objref"
    case .opaque(let name, _): name
    }
  }
}
