internal import Model

/// IPv6 extension headers: nft(8), EXTENSION HEADER EXPRESSIONS.
enum ExtensionHeader {
  static let types: [String: UInt8] = [
    "hbh": 0, "rt": 43, "rt0": 43, "rt2": 43, "srh": 43, "frag": 44, "dst": 60, "mh": 135,
  ]

  static func fields(_ name: String) -> [PacketField] { fields[name] ?? [] }

  private static let fields: [String: [PacketField]] = [
    "hbh": common, "dst": common,
    "rt": common + [PacketField("type", 16, 8), PacketField("seg-left", 24, 8)],
    "rt0": [PacketField("addr", 32, 128, .ipv6)], "rt2": [PacketField("addr", 32, 128, .ipv6)],
    "srh": [
      PacketField("last-entry", 32, 8), PacketField("flags", 40, 8), PacketField("tag", 48, 16),
    ],
    "frag": [
      PacketField("nexthdr", 0, 8, .inetProtocol), PacketField("reserved", 8, 8),
      PacketField("frag-off", 16, 13), PacketField("reserved2", 29, 2),
      PacketField("more-fragments", 31, 1), PacketField("id", 32, 32),
    ],
    "mh": common + [
      PacketField("type", 16, 8, .mhType), PacketField("reserved", 24, 8),
      PacketField("checksum", 32, 16),
    ],
  ]

  private static let common = [
    PacketField("nexthdr", 0, 8, .inetProtocol), PacketField("hdrlength", 8, 8),
  ]

  /// nft's own numbers (`enum exthdr_desc_id`).
  static let typeofNumbers: [String: UInt32] = [
    "hbh": 1, "rt": 2, "rt0": 3, "rt2": 4, "srh": 5, "frag": 6, "dst": 7, "mh": 8,
  ]

  static func field(_ name: String, _ field: String) throws(Refusal) -> PacketField {
    fields[name]![try index(name, field)]
  }

  static func index(_ name: String, _ field: String) throws(Refusal) -> Int {
    guard let found = fields[name]?.firstIndex(where: { $0.name == field }) else {
      throw Refusal("exthdr \(name) \(field) is not known")
    }
    return found
  }

  /// Without a field it is asked whether the header exists.
  static func shape(_ name: String, _ field: String?) throws(Refusal) -> Shape {
    guard types[name] != nil else { throw Refusal("exthdr \(name) is not known") }
    guard let field else { return Shape(.boolean, bits: 8) }
    let found = try self.field(name, field)
    return Shape(found.type, bits: found.bits, order: .network)
  }
}

/// TCP options: nft(8), TCP OPTION EXPRESSIONS.
enum TCPOption {
  static let types: [String: UInt8] = [
    "eol": 0, "nop": 1, "maxseg": 2, "window": 3, "sack-perm": 4, "sack-permitted": 4, "sack": 5,
    "sack0": 5, "sack1": 5, "sack2": 5, "sack3": 5, "timestamp": 8, "echo": 8, "md5sig": 19,
    "mptcp": 30, "fastopen": 34,
  ]

  private static let common = [PacketField("kind", 0, 8), PacketField("length", 8, 8)]

  static func fields(_ name: String) -> [PacketField] { fields[name] ?? [] }

  private static let fields: [String: [PacketField]] = [
    "eol": [common[0]], "nop": [common[0]],
    "maxseg": common + [PacketField("size", 16, 16)],
    "window": common + [PacketField("count", 16, 8)],
    "sack-perm": common, "sack-permitted": common, "md5sig": common, "fastopen": common,
    "mptcp": common + [PacketField("subtype", 16, 4)],
    "sack": sack(0), "sack0": sack(0), "sack1": sack(1), "sack2": sack(2), "sack3": sack(3),
    "timestamp": common + [PacketField("tsval", 16, 32), PacketField("tsecr", 48, 32)],
  ]

  private static func sack(_ block: Int) -> [PacketField] {
    common + [
      PacketField("left", 16 + 64 * block, 32), PacketField("right", 48 + 64 * block, 32),
    ]
  }

  static func field(_ name: String, _ field: String) throws(Refusal) -> PacketField {
    fields[name]![try index(name, field)]
  }

  static func index(_ name: String, _ field: String) throws(Refusal) -> Int {
    guard let found = fields[name]?.firstIndex(where: { $0.name == field }) else {
      throw Refusal("tcp option \(name) \(field) is not known")
    }
    return found
  }

  static func shape(_ name: String, _ field: String?) throws(Refusal) -> Shape {
    guard types[name] != nil else { throw Refusal("tcp option \(name) is not known") }
    guard let field else { return Shape(.boolean, bits: 8) }
    let found = try self.field(name, field)
    return Shape(found.type, bits: found.bits, order: .network)
  }
}
