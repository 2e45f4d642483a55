internal import Addressing

extension RuleDecompiler {
  private mutating func hold(_ register: Register, _ expression: Nftables.Expression) -> Bool {
    guard let shape = try? Shape.of(expression, scope) else { return false }
    held[register.cell] = Held(source: .expression(expression), shape: shape)
    return true
  }

  mutating func load(_ instruction: Instruction) -> Bool {
    switch instruction {
    case .immediate(let register, let bytes):
      held[register.cell] = Held(source: .constant(bytes))
      return true
    case .meta(let number, let register):
      guard let key = MetaKey.meta.values.first(where: { $0.number == number }) else {
        return false
      }
      return hold(register, .meta(key.name))
    case .ct(let number, let direction, let register):
      guard let key = MetaKey.ct.values.first(where: { $0.number == number }) else { return false }
      return hold(register, .ct(key: key.name, direction: Self.direction(direction)))
    case .payload(let range, let register):
      if let field = field(range), let held = exact(field.0, field.1) {
        self.held[register.cell] = held
      } else {
        held[register.cell] = Held(source: .payload(range))
      }
      return true
    case .exthdr(let range, let flags, let register):
      return loadOption(range, flags, register)
    case .hash(let hash, let register):
      guard let source = hash.source else {
        return hold(register, .symhash(modulus: hash.modulus, offset: hash.offset))
      }
      guard let (key, _) = key(source, bytes: Int(hash.length)) else { return false }
      return hold(
        register, .jhash(key, modulus: hash.modulus, seed: hash.seed, offset: hash.offset))
    case .numgen(let isRandom, let modulus, let offset, let register):
      return hold(
        register,
        .numgen(mode: isRandom ? .random : .inc, modulus: modulus, offset: offset))
    case .fib(let result, let flags, let register):
      guard let fib = Self.fib(result, flags), hold(register, fib) else { return false }
      if flags & 1 << 5 != 0 { held[register.cell]?.shape = Shape(.boolean, bits: 32) }
      return true
    case .rt(let number, let register):
      switch number {
      case 1: return hold(register, .rt(key: "nexthop", family: family(.ip)))
      case 2: return hold(register, .rt(key: "nexthop", family: family(.ip6)))
      default:
        guard let key = MetaKey.rt.values.first(where: { $0.number == number }) else {
          return false
        }
        return hold(register, .rt(key: key.name, family: nil))
      }
    case .socket(let number, nil, let register):
      guard let key = MetaKey.socket.values.first(where: { $0.number == number }) else {
        return false
      }
      return hold(register, .socket(key.name))
    case .osf(let ttl, let flags, let register):
      guard ttl < 3, flags < 2 else { return false }
      let word = Nftables.OSFTTL(number: ttl)
      return hold(register, .osf(key: flags == 1 ? "version" : "name", ttl: word))
    case .xfrm(let number, let direction, let index, let register):
      guard let key = MetaKey.ipsec.values.first(where: { $0.number == number }),
        let direction = Nftables.IPsecDirection(index: Int(direction)),
        let index = UInt8(exactly: index)
      else { return false }
      let words = key.name.split(separator: " ")
      return hold(
        register,
        .ipsec(
          key: String(words.last!), direction: direction, number: index,
          family: words.count == 2 ? Nftables.AddressFamily(rawValue: String(words[0])) : nil))
    case .bitwise(let register, let to, let mask, let xor) where register == to:
      return combine(register, mask, xor)
    case .shift(let register, let to, _, let isLeft, let amount) where register == to:
      return shift(register, isLeft, amount)
    case .byteorder(let register, let to, _, _, _) where register == to:
      guard let order = held[register.cell]?.shape?.order else {
        // The bits of a field, about to be shifted.
        return held[register.cell] != nil
      }
      held[register.cell]?.shape?.order = order == .host ? .network : .host
      return true
    case .lookup(let set, let register, let to?, false):
      guard let (key, data) = map(set, register), let shape = self.shape(data, set) else {
        return false
      }
      held[to.cell] = Held(source: .expression(.map(key: key, data: data)), shape: shape)
      return true
    default: return false
    }
  }

  static func fib(_ result: UInt32, _ flags: UInt32) -> Nftables.Expression? {
    Nftables.FIBResult(number: result).map {
      .fib(result: $0, flags: Nftables.FIBFlag.flags(in: flags))
    }
  }

  static func direction(_ number: UInt8?) -> Nftables.Direction? {
    number.map { $0 == 0 ? .original : .reply }
  }

  private func family(_ family: Nftables.AddressFamily) -> Nftables.AddressFamily? {
    scope.family.rawValue == family.rawValue ? nil : family
  }

  // MARK: - Fields

  static let bases = Nftables.PayloadBase.allCases

  /// The protocol whose header is at that position, as far as is known.
  func proto(_ range: PayloadRange) -> PacketProtocol? {
    let name: String? =
      switch range.base {
      case 0 where known.vlans > 0 && range.offset >= 14: "vlan"
      case 0: scope.family == .bridge || known.isEther ? "ether" : nil
      case 1: known.network
      case 2: known.transport ?? "th"
      default: nil
      }
    return name.flatMap { PacketProtocol.byName[$0] }.map { known.placed($0) }
  }

  func field(_ range: PayloadRange) -> (String, PacketField)? {
    guard let proto = proto(range) else { return nil }
    let found = proto.fields.first {
      $0.offset == Int(range.offset) * 8 && $0.bits == Int(range.length) * 8
        && known.mayHave($0)
    }
    return found.map { (proto.name, $0) }
  }

  private func exact(_ name: String, _ field: PacketField) -> Held? {
    let expression = Nftables.Expression.payload(protocol: name, field: field.name)
    guard let shape = try? Shape.of(expression, scope) else { return nil }
    return Held(source: .expression(expression), shape: shape)
  }

  /// Adjacent fields that fill the range.
  func fields(_ range: PayloadRange) -> [(String, PacketField)]? {
    guard let proto = proto(range) else { return nil }
    var found: [(String, PacketField)] = []
    var offset = Int(range.offset) * 8
    let end = offset + Int(range.length) * 8
    while offset < end {
      guard
        let next = proto.fields.first(where: {
          $0.offset == offset && $0.bits % 8 == 0 && offset + $0.bits <= end
            && known.mayHave($0)
        })
      else { return nil }
      found.append((proto.name, next))
      offset += next.bits
    }
    return found
  }

  /// The field that begins with these bytes.
  func field(beginning range: PayloadRange) -> (String, PacketField)? {
    guard let proto = proto(range) else { return nil }
    return proto.fields.first {
      $0.offset == Int(range.offset) * 8 && $0.bits > Int(range.length) * 8
        && ($0.type == .ipv4 || $0.type == .ipv6)
    }.map { (proto.name, $0) }
  }

  private mutating func loadOption(
    _ range: OptionRange, _ flags: UInt32, _ register: Register
  ) -> Bool {
    guard let table = OptionTable.of(operation: range.operation) else { return false }
    if flags & 1 != 0 {
      if let header = table.headers.first(where: { $0.type == range.type }) {
        return hold(register, .option(table.kind, name: header.name, field: nil))
      }
      guard table.kind == .tcp else { return false }
      return hold(register, .rawOption(kind: range.type, offset: 0, length: 8))
    }
    let field = table.field(ofType: range.type) {
      $0.offset == Int(range.offset) * 8 && $0.bits == Int(range.length) * 8
    }
    if let (expression, _) = field { return hold(register, expression) }
    if table.kind == .tcp, !table.headers.contains(where: { $0.type == range.type }) {
      return hold(
        register,
        .rawOption(
          kind: range.type, offset: Int(range.offset) * 8, length: Int(range.length) * 8))
    }
    held[register.cell] = Held(source: .option(range))
    return true
  }

  /// The field whose bits the mask keeps.
  private func field(
    _ source: Held.Source, _ mask: [UInt8]
  ) -> (Nftables.Expression, PacketField)? {
    func fits(_ field: PacketField, _ offset: UInt32, _ length: UInt32) -> Bool {
      guard field.offset / 8 == Int(offset),
        (field.offset + field.bits + 7) / 8 - field.offset / 8 == Int(length),
        Int(length) == mask.count
      else { return false }
      let shift = Int(length) * 8 - field.offset % 8 - field.bits
      return field.mask(length: Int(length), shift: shift) == mask
    }
    switch source {
    case .payload(let range):
      guard let proto = proto(range),
        let found = proto.fields.first(where: { fits($0, range.offset, range.length) })
      else { return nil }
      return (.payload(protocol: proto.name, field: found.name), found)
    case .option(let range):
      return OptionTable.of(operation: range.operation)?.field(ofType: range.type) {
        fits($0, range.offset, range.length)
      }
    default: return nil
    }
  }

  private mutating func combine(_ register: Register, _ mask: [UInt8], _ xor: [UInt8]) -> Bool {
    guard var value = held[register.cell], value.mask == nil else { return false }
    if case .constant = value.source { return false }
    if !xor.contains(where: { $0 != 0 }), let (expression, _) = field(value.source, mask),
      let bits = try? BitField(expression, known), let shape = try? Shape.of(expression, scope)
    {
      held[register.cell] = Held(source: .expression(expression), shape: bits.lifted(shape))
      return true
    }
    value.mask = mask
    value.xor = xor
    held[register.cell] = value
    return true
  }

  private mutating func shift(_ register: Register, _ isLeft: Bool, _ amount: UInt32) -> Bool {
    guard let value = held[register.cell] else { return false }
    if !isLeft, case .expression(let expression) = value.source, let lift = value.shape?.lift,
      lift.shift == Int(amount), let shape = try? Shape.of(expression, scope)
    {
      held[register.cell] = Held(source: .expression(expression), shape: shape)
      return true
    }
    guard let (expression, _) = self.expression(value) else { return false }
    return hold(
      register,
      .binary(isLeft ? .shiftLeft : .shiftRight, expression, .number(UInt64(amount))))
  }
}
