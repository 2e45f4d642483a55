internal import Addressing

extension RuleDecompiler {
  mutating func act(_ instruction: Instruction) -> Bool {
    guard let statement = statement(instruction) else { return false }
    statements.append(statement)
    return true
  }

  func statement(_ instruction: Instruction) -> Nftables.Statement? {
    switch instruction {
    case .verdict(let verdict): return .verdict(verdict)
    case .metaSet(let number, let register):
      guard let key = MetaKey.meta.values.first(where: { $0.number == number }),
        let value = expression(register, as: Shape(key))
      else { return nil }
      return .mangle(.meta(key.name), value)
    case .ctSet(let number, let direction, let register):
      guard let key = MetaKey.ct.values.first(where: { $0.number == number }),
        let value = expression(register, as: Shape(key))
      else { return nil }
      return .mangle(.ct(key: key.name, direction: Self.direction(direction)), value)
    case .payloadWrite(let range, let register, _): return write(range, register)
    case .exthdrWrite(let range, let register):
      guard range.operation == 1 else { return nil }
      let found = OptionTable.of(.tcp).field(ofType: range.type) {
        $0.offset == Int(range.offset) * 8 && $0.bits == Int(range.length) * 8
      }
      guard let (option, field) = found else { return nil }
      let shape = Shape(field.type, bits: field.bits, order: .network)
      return expression(register, as: shape).map { .mangle(option, $0) }
    case .exthdrReset(let type):
      let header = OptionTable.of(.tcp).headers.first { $0.type == type }
      return .reset(option: header?.name ?? String(type))
    case .counter(let packets, let bytes): return .counter(packets: packets, bytes: bytes)
    case .limit(let limit): return .limit(limit)
    case .quota(let quota): return .quota(quota)
    case .connectionLimit(let count, let isOver): return .connectionCount(count, isOver: isOver)
    case .last: return .last
    case .log(let log): return Self.log(log).map { .log($0) }
    case .reject(let type, let code): return reject(type, code)
    case .nat(let nat): return self.nat(nat)
    case .masquerade(let flags, let low, let high):
      return ports(low, high).map {
        .nat(Nftables.NAT(.masquerade, port: $0.port, flags: Self.natFlags(flags)))
      }
    case .redirect(let flags, let low, let high):
      return ports(low, high).map {
        .nat(Nftables.NAT(.redirect, port: $0.port, flags: Self.natFlags(flags)))
      }
    case .tproxy(let family, let address, let port):
      let shape = Shape(family == 2 ? .ipv4 : .ipv6)
      return .tproxy(
        family: scope.family == .inet ? Nftables.AddressFamily(number: family) : nil,
        address: expression(address, as: shape), port: expression(port, as: Shape(.inetService)))
    case .notrack: return .notrack
    case .flowOffload(let name): return .flow(name)
    case .synproxy(let synproxy): return .synproxy(synproxy)
    case .dup(let address, let device):
      if let address {
        let shape = Shape(scope.family == .ip ? .ipv4 : .ipv6)
        return expression(address, as: shape).map {
          .dup(address: $0, device: expression(device, as: Shape(.ifindex)))
        }
      }
      return expression(device, as: Shape(.ifindex)).map { .dup(address: $0, device: nil) }
    case .fwd(let device, let address, let family):
      let shape = Shape(family == 2 ? .ipv4 : .ipv6)
      return expression(device, as: Shape(.ifindex)).map {
        .fwd(
          device: $0, family: family.flatMap { Nftables.AddressFamily(number: $0) },
          address: expression(address, as: shape))
      }
    case .queue(let first, let total, let flags, let register):
      let names = Nftables.QueueFlag.flags(in: UInt32(flags))
      if let register {
        return expression(register, as: Shape(.integer, bits: 16, order: .host)).map {
          .queue($0, flags: names)
        }
      }
      let low = Nftables.Expression.number(UInt64(first))
      return .queue(
        total <= 1 ? low : .range(low, .number(UInt64(first) + UInt64(total) - 1)), flags: names)
    case .dynset(let dynset):
      switch dynset.set {
      case .named(let name): return update(name, dynset)
      case .anonymous(let set): return meter(set, dynset)
      }
    case .object(let type, let name):
      return Nftables.ObjectKind(number: type).map { .object(kind: $0, name: .symbol(name)) }
    case .objectLookup(let set, let register):
      guard let type = objectType(set), let kind = Nftables.ObjectKind(number: type),
        let (key, data) = map(set, register)
      else { return nil }
      return .object(kind: kind, name: .map(key: key, data: data))
    default: return nil
    }
  }

  private func objectType(_ set: SetName) -> UInt32? {
    switch set {
    case .named(let name): return scope.sets[name]?.object
    case .anonymous(let program):
      if case .object(let type)? = program.data { return type }
      return nil
    }
  }

  private func write(_ range: PayloadRange, _ register: Register) -> Nftables.Statement? {
    guard let value = held[register.cell] else { return nil }
    if let (name, field) = field(range), value.mask == nil {
      let shape = Shape(field.type, bits: field.bits, order: .network)
      return expression(register, as: shape).map {
        .mangle(.payload(protocol: name, field: field.name), $0)
      }
    }
    if value.mask == nil, range.base < Self.bases.count {
      let bits = Int(range.length) * 8
      return expression(register, as: Shape(.integer, bits: bits, order: .network)).map {
        .mangle(
          .raw(base: Self.bases[Int(range.base)], offset: Int(range.offset) * 8, length: bits), $0)
      }
    }
    // The bits of a field, amid bits that stay.
    guard let mask = value.mask, let xor = value.xor, mask.count <= 8 else { return nil }
    func word(_ bytes: [UInt8]) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
    let bits = word(mask.map { ~$0 })
    guard bits != 0 else { return nil }
    let shift = bits.trailingZeroBitCount
    let length = (bits >> UInt64(shift)).trailingZeroBitCount == 0 ? bits.nonzeroBitCount : 0
    guard let proto = proto(range), proto.name != "th" else { return nil }
    let name = proto.name
    let offset = Int(range.offset) * 8 + mask.count * 8 - shift - length
    guard let field = proto.fields.first(where: { $0.offset == offset && $0.bits == length })
    else { return nil }
    return constant.expression(word(xor) >> UInt64(shift), field.type).map {
      .mangle(.payload(protocol: name, field: field.name), $0)
    }
  }

  private static func log(_ log: Log) -> Nftables.Log? {
    let level = log.level.flatMap { Nftables.LogLevel(index: Int($0)) }
    if log.level != nil, level == nil { return nil }
    let all = Nftables.LogFlag.all
    let flags =
      log.flags == all.bit ? [all] : Nftables.LogFlag.flags(in: log.flags).filter { $0 != all }
    return Nftables.Log(
      prefix: log.prefix, group: log.group, snaplen: log.snaplen, queueThreshold: log.threshold,
      level: level, flags: flags)
  }

  private func reject(_ type: UInt32, _ code: UInt8) -> Nftables.Statement? {
    func result(_ name: Nftables.RejectType, _ type: DataType) -> Nftables.Statement? {
      constant.expression(UInt64(code), type).map {
        .reject(Nftables.Reject(type: name, code: $0))
      }
    }
    switch type {
    case 1: return .reject(Nftables.Reject(type: .tcpReset))
    case 2: return result(.icmpx, .icmpxCode)
    default:
      return known.network == "ip6" ? result(.icmpv6, .icmpv6Code) : result(.icmp, .icmpCode)
    }
  }

  private static func natFlags(_ flags: UInt32) -> [Nftables.NATFlag] {
    Nftables.NATFlag.flags(in: flags)
  }

  private func ports(
    _ low: Register?, _ high: Register?
  ) -> (port: Nftables.Expression?, Void)? {
    guard let low else { return (nil, ()) }
    guard let from = expression(low, as: Shape(.inetService)) else { return nil }
    guard let high, high != low else { return (from, ()) }
    return expression(high, as: Shape(.inetService)).map { (.range(from, $0), ()) }
  }

  private func nat(_ nat: NAT) -> Nftables.Statement? {
    var result = Nftables.NAT(nat.isDestination ? .dnat : .snat, flags: Self.natFlags(nat.flags))
    if scope.family == .inet { result.family = Nftables.AddressFamily(number: nat.family) }
    let shape = Shape(nat.family == 2 ? .ipv4 : .ipv6)
    if let low = nat.addressMin {
      guard let from = expression(low, as: shape) else { return nil }
      result.address = from
      // A map to an interval: the upper bound follows the lower one.
      if case .map = from, let high = nat.addressMax, high != low { return .nat(result) }
      if let high = nat.addressMax, high != low {
        guard let to = expression(high, as: shape) else { return nil }
        result.address = .range(from, to)
        if case .constant(let first)? = held[low.cell]?.source,
          case .constant(let last)? = held[high.cell]?.source,
          case .prefix(let address, let length)? = interval(first, last, shape)
        {
          result.address = .prefix(address, length: length)
        }
      }
      // A map to an address and a port.
      if held[low.cell]?.shape?.isConcat == true { return .nat(result) }
    }
    guard let ports = ports(nat.portMin, nat.portMax) else { return nil }
    result.port = ports.port
    return .nat(result)
  }

  private func update(_ set: String, _ dynset: Dynset) -> Nftables.Statement? {
    // Only what a file can state.
    guard let type = scope.sets[set], dynset.operation < 3, dynset.timeout % 100 == 0,
      let (key, _) = key(dynset.key, bytes: type.key.bytes, as: type.key)
    else { return nil }
    var element = Nftables.Element(key)
    if let data = type.data, let register = dynset.data {
      guard let value = expression(register, as: data) else { return nil }
      element.data = value
    }
    guard carry(dynset, &element) else { return nil }
    let operations: [Nftables.SetOperation] = [.add, .update, .delete]
    return .update(operations[Int(dynset.operation)], set: set, element)
  }

  private func meter(_ set: SetProgram, _ dynset: Dynset) -> Nftables.Statement? {
    guard dynset.timeout % 100 == 0, let (key, _) = key(dynset.key, bytes: Int(set.keyLength))
    else { return nil }
    var element = Nftables.Element(key)
    guard carry(dynset, &element) else { return nil }
    return .meter(
      Nftables.Meter(set.name, size: set.size ?? Nftables.Meter.defaultSize, element))
  }

  /// Adds the timeout and the statements that elements from packets get.
  private func carry(_ dynset: Dynset, _ element: inout Nftables.Element) -> Bool {
    if dynset.timeout != 0 { element.timeout = dynset.timeout }
    for instruction in dynset.statements {
      guard let statement = statement(instruction) else { return false }
      element.statements.append(statement)
    }
    return true
  }
}
