internal import Addressing

/// The type and size of what an expression yields.
struct Shape: Hashable {
  var type: DataType
  var bits: Int
  var order: DataType.Order
  /// The fields of a concatenation; otherwise empty.
  var fields: [Shape] = []
  /// Set for a field that stays at its position within its bytes.
  var lift: Lift?
  /// Set for a key whose intervals the kernel compares.
  var isCompared = false
  /// The greatest value that it can have, if that is less than its bits allow; checked in matches.
  var maximum: UInt64?

  struct Lift: Hashable {
    var bits: Int
    var shift: Int
  }

  init(_ type: DataType, bits: Int? = nil, order: DataType.Order? = nil) {
    self.type = type
    self.bits = bits ?? type.bits
    self.order = order ?? type.order
  }

  init(_ key: MetaKey) { self.init(key.type, bits: key.bits, order: key.order) }

  /// A concatenation, or the only field itself.
  init(fields: [Shape]) {
    self = fields[0]
    if fields.count > 1 {
      self.fields = fields
      // nft doesn't check the maximum in concatenations.
      for index in fields.indices { self.fields[index].maximum = nil }
      maximum = nil
      bits = fields.reduce(0) { $0 + $1.cells * 32 }
    }
  }

  var isConcat: Bool { !fields.isEmpty }

  /// Whether nft can list a set of this type. With text of any length in a concatenation it aborts,
  /// and it omits lookups of labels.
  func checkInSet() throws(CompileError) {
    for field in isConcat ? fields : [self] {
      if field.type == .ctLabel {
        throw CompileError("sets hold no ct label: nft couldn't list them; match label by label")
      }
      if isConcat, field.type == .string {
        throw CompileError(
          "a text of any length (ct helper, osf, fib oifname) has no place in a concat")
      }
    }
  }

  var bytes: Int { (bits + 7) / 8 }
  /// How many 32-bit registers it takes.
  var cells: Int { (bits + 31) / 32 }

  /// nft's number of the type, with six bits for each field.
  var typeNumber: UInt32 {
    isConcat ? fields.reduce(0) { $0 << 6 | $1.type.number } : type.number
  }

  /// The shape in which intervals are compared: the kernel compares bytes, so they are big-endian.
  var comparable: Shape {
    var shape = self
    shape.fields = fields.map(\.comparable)
    shape.isCompared = true
    if type.base != .string { shape.order = .network }
    return shape
  }

  var needsSwap: Bool { order == .host && bits > 8 && type.base != .string }
}

extension Shape {
  /// Nil for a constant: its type comes from the context.
  static func of(_ expression: Nftables.Expression, _ scope: TableScope) throws(CompileError)
    -> Shape?
  {
    switch expression {
    case .number, .symbol, .boolean, .prefix, .range, .list, .set, .verdict: return nil
    case .reference: return nil
    case .payload(let name, let field): return try payload(name, field)
    case .raw(_, _, let length): return Shape(.integer, bits: length)
    case .meta(let key):
      var shape = Shape(try metaKey(key))
      if shape.type == .day { shape.maximum = 6 }
      return shape
    case .ct(let key, _): return Shape(try ctKey(key, scope))
    case .option(let kind, let name, let field):
      return try OptionTable.of(kind).shape(name, field)
    case .rawOption(_, let offset, let length):
      return offset == 0 ? Shape(.boolean, bits: 8) : Shape(.integer, bits: length)
    case .ipsec:
      guard let found = MetaKey.ipsec[try ipsecKey(expression, scope)] else {
        throw CompileError("ipsec: one of reqid, spi, ip saddr, ip daddr, ip6 saddr, ip6 daddr")
      }
      return Shape(found)
    case .fib(let result, _):
      switch result {
      case .type: return Shape(.fibAddressType)
      case .oif: return Shape(.ifindex)
      case .oifname: return Shape(.string, bits: 128)
      }
    case .rt(let key, let family): return Shape(try rtKey(key, family, scope))
    case .socket(let key):
      guard let found = MetaKey.socket[key] else {
        throw CompileError("socket \(key) is not known")
      }
      var shape = Shape(found)
      if found.type == .integer { shape.maximum = 1 }
      return shape
    case .osf: return Shape(.string, bits: 128)
    case .numgen(_, let modulus, let offset), .jhash(_, let modulus, _, let offset),
      .symhash(let modulus, let offset):
      var shape = Shape(.integer, bits: 32, order: .host)
      let last = UInt64(max(1, modulus)) - 1 + UInt64(offset)
      shape.maximum = last == 0 ? nil : last
      return shape
    case .concat(let fields):
      var shapes: [Shape] = []
      for field in fields {
        guard let shape = try of(field, scope) else { return nil }
        shapes.append(shape)
      }
      return shapes.isEmpty ? nil : Shape(fields: shapes)
    case .binary(let op, let left, let right):
      var found = try of(left, scope)
      if found == nil { found = try of(right, scope) }
      guard var shape = found else { return nil }
      shape.maximum = nil
      if op == .shiftLeft || op == .shiftRight {
        shape = Shape(shape.type, bits: shape.bits, order: .host)
      }
      return shape
    case .map(_, .reference(let name)):
      guard let set = scope.sets[name] else { throw scope.unknown(set: name) }
      return set.data
    case .map: return nil
    }
  }

  private static func payload(_ name: String, _ field: String) throws(CompileError) -> Shape {
    let (_, found) = try packetField(name, field)
    return Shape(found.type, bits: found.bits, order: found.type == .tcpFlag ? .host : .network)
  }

  static func packetField(
    _ name: String, _ field: String
  ) throws(CompileError) -> (PacketProtocol, PacketField) {
    guard let proto = PacketProtocol.byName[name] else {
      throw CompileError("payload of \(name) is not supported")
    }
    guard let found = proto.field(field) else {
      throw CompileError("\(name) has no field \(field)")
    }
    return (proto, found)
  }

  static func metaKey(_ name: String) throws(CompileError) -> MetaKey {
    guard let key = MetaKey.meta[name] else { throw CompileError("meta \(name) is not known") }
    return key
  }

  static func ctKey(_ name: String, _ scope: TableScope) throws(CompileError) -> MetaKey {
    guard let key = MetaKey.ct[name] else { throw CompileError("ct \(name) is not known") }
    guard let key6 = MetaKey.ctAddresses6[name] else { return key }
    // As wide as the addresses of the network protocol.
    switch scope.network ?? scope.family.rawValue {
    case "ip": return key
    case "ip6": return key6
    default:
      throw CompileError(
        "ct \(name) of which protocol? Use \"ip \(name)\" or \"ip6 \(name)\", or match one before")
    }
  }

  static func rtKey(_ name: String, _ family: Nftables.AddressFamily?, _ scope: TableScope)
    throws(CompileError)
    -> MetaKey
  {
    var name = name
    if name == "nexthop" {
      guard let family = family?.rawValue ?? scope.network ?? scope.family.ownNetwork else {
        throw CompileError(
          "rt nexthop of which protocol? State \"family\": \"ip\" or \"ip6\", or match one before")
      }
      name = "\(family) nexthop"
    }
    guard let key = MetaKey.rt[name] else { throw CompileError("rt \(name) is not known") }
    return key
  }

  static func ipsecKey(
    _ expression: Nftables.Expression, _ scope: TableScope
  ) throws(CompileError) -> String {
    guard case .ipsec(let key, _, _, let family) = expression else { return "" }
    guard key == "saddr" || key == "daddr" else { return key }
    let own = scope.family == .ip || scope.family == .ip6 ? scope.family.rawValue : nil
    guard let family = family?.rawValue ?? own else {
      throw CompileError("ipsec \(key): a family, ip or ip6")
    }
    return "\(family) \(key)"
  }

  static func of(_ type: Nftables.TypeOf, _ scope: TableScope) throws(CompileError) -> Shape {
    var shapes: [Shape] = []
    switch type {
    case .types(let names):
      for name in names {
        guard let type = DataType(named: name) else {
          if ["integer", "ct_label", "ct_event"].contains(name) {
            throw CompileError("nft has no type \(name) for sets: use typeof")
          }
          throw CompileError("\(name) is not a type")
        }
        shapes.append(Shape(type))
      }
    case .expressions(let expressions):
      for expression in expressions {
        guard let shape = try of(expression, scope) else {
          throw CompileError("typeof needs an expression that has a type")
        }
        shapes.append(shape)
      }
    }
    if shapes.isEmpty { throw CompileError("a type is missing") }
    if shapes.count > 1, shapes.contains(where: \.isConcat) {
      throw CompileError("concatenations don't nest")
    }
    return Shape(fields: shapes)
  }
}

extension Nftables.Family {
  /// The network protocol of a family that has only one.
  var ownNetwork: String? { self == .ip || self == .ip6 ? rawValue : nil }
}
