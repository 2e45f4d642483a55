internal import Addressing

/// Headers and options that are found by their type: nft(8), EXTENSION HEADER EXPRESSIONS.
struct OptionTable {
  struct Header {
    let name: String
    let type: UInt8
    let fields: [PacketField]

    init(_ name: String, _ type: UInt8, _ fields: [PacketField]) {
      self.name = name
      self.type = type
      self.fields = fields
    }
  }

  let kind: Nftables.OptionKind
  /// In the order in which headers of one type are tried.
  let headers: [Header]

  static func of(_ kind: Nftables.OptionKind) -> OptionTable { all[Int(kind.number)] }

  /// The table for a number of `enum nft_exthdr_op`.
  static func of(operation: UInt32) -> OptionTable? {
    operation < all.count ? all[Int(operation)] : nil
  }

  func header(_ name: String) throws(CompileError) -> Header {
    guard let found = headers.first(where: { $0.name == name }) else {
      throw CompileError("\(kind.rawValue) \(name) is not known")
    }
    return found
  }

  func field(_ name: String, _ field: String) throws(CompileError) -> PacketField {
    try header(name).fields[try index(name, field)]
  }

  func index(_ name: String, _ field: String) throws(CompileError) -> Int {
    guard let found = try header(name).fields.firstIndex(where: { $0.name == field }) else {
      throw CompileError("\(kind.rawValue) \(name) \(field) is not known")
    }
    return found
  }

  /// Without a field, the shape of whether the header exists.
  func shape(_ name: String, _ field: String?) throws(CompileError) -> Shape {
    _ = try header(name)
    guard let field else { return Shape(.boolean, bits: 8) }
    let found = try self.field(name, field)
    return Shape(found.type, bits: found.bits, order: .network)
  }

  /// The first field that `fits`, among the headers of this type.
  func field(
    ofType type: UInt8, where fits: (PacketField) -> Bool
  ) -> (Nftables.Expression, PacketField)? {
    for header in headers where header.type == type {
      if let field = header.fields.first(where: fits) {
        return (.option(kind, name: header.name, field: field.name), field)
      }
    }
    return nil
  }

  /// nft's numbers of extension headers (`enum exthdr_desc_id`).
  static let typeofNumbers: [String: UInt32] = [
    "hbh": 1, "rt": 2, "rt0": 3, "rt2": 4, "srh": 5, "frag": 6, "dst": 7, "mh": 8,
  ]

  // MARK: - The headers

  private static let all = [
    OptionTable(kind: .exthdr, headers: extensionHeaders),
    OptionTable(kind: .tcp, headers: tcpOptions), OptionTable(kind: .ip, headers: ipOptions),
    OptionTable(kind: .sctp, headers: chunks),
  ]

  private static let next = [
    PacketField("nexthdr", 0, 8, .inetProtocol), PacketField("hdrlength", 8, 8),
  ]

  private static let extensionHeaders = [
    Header("hbh", 0, next), Header("dst", 60, next),
    Header("rt", 43, next + [PacketField("type", 16, 8), PacketField("seg-left", 24, 8)]),
    Header(
      "srh", 43,
      [PacketField("last-entry", 32, 8), PacketField("flags", 40, 8), PacketField("tag", 48, 16)]
        + addresses("sid")),
    Header("rt0", 43, [PacketField("reserved", 32, 32)] + addresses("addr")),
    Header("rt2", 43, []),
    Header(
      "frag", 44,
      [
        PacketField("nexthdr", 0, 8, .inetProtocol), PacketField("reserved", 8, 8),
        PacketField("frag-off", 16, 13), PacketField("reserved2", 29, 2),
        PacketField("more-fragments", 31, 1), PacketField("id", 32, 32),
      ]),
    Header(
      "mh", 135,
      next + [
        PacketField("type", 16, 8, .mhType), PacketField("reserved", 24, 8),
        PacketField("checksum", 32, 16),
      ]),
  ]

  private static func addresses(_ name: String) -> [PacketField] {
    (0..<8).map { PacketField("\(name)[\($0 + 1)]", 64 + 128 * $0, 128, .ipv6) }
  }

  private static let kindAndLength = [PacketField("kind", 0, 8), PacketField("length", 8, 8)]

  private static let tcpOptions = [
    Header("eol", 0, [kindAndLength[0]]), Header("nop", 1, [kindAndLength[0]]),
    Header("maxseg", 2, kindAndLength + [PacketField("size", 16, 16)]),
    Header("window", 3, kindAndLength + [PacketField("count", 16, 8)]),
    Header("sack-perm", 4, kindAndLength), Header("sack-permitted", 4, kindAndLength),
    Header("sack", 5, sack(0)), Header("sack0", 5, sack(0)), Header("sack1", 5, sack(1)),
    Header("sack2", 5, sack(2)), Header("sack3", 5, sack(3)),
    Header(
      "timestamp", 8,
      kindAndLength + [PacketField("tsval", 16, 32), PacketField("tsecr", 48, 32)]),
    Header("echo", 8, kindAndLength), Header("md5sig", 19, kindAndLength),
    Header("mptcp", 30, kindAndLength + [PacketField("subtype", 16, 4)]),
    Header("fastopen", 34, kindAndLength),
  ]

  private static func sack(_ block: Int) -> [PacketField] {
    kindAndLength + [
      PacketField("left", 16 + 64 * block, 32), PacketField("right", 48 + 64 * block, 32),
    ]
  }

  private static let typeAndLength = [PacketField("type", 0, 8), PacketField("length", 8, 8)]
  private static let route =
    typeAndLength + [PacketField("ptr", 16, 8), PacketField("addr", 24, 32)]

  private static let ipOptions = [
    Header("lsrr", 131, route), Header("rr", 7, route), Header("ssrr", 137, route),
    Header("ra", 148, typeAndLength + [PacketField("value", 16, 16)]),
  ]

  private static let chunk = [
    PacketField("type", 0, 8), PacketField("flags", 8, 8), PacketField("length", 16, 16),
  ]
  private static let initial =
    chunk + [
      PacketField("init-tag", 32, 32), PacketField("a-rwnd", 64, 32),
      PacketField("num-outbound-streams", 96, 16), PacketField("num-inbound-streams", 112, 16),
      PacketField("initial-tsn", 128, 32),
    ]

  private static let chunks = [
    Header(
      "data", 0,
      chunk + [
        PacketField("tsn", 32, 32), PacketField("stream", 64, 16), PacketField("ssn", 80, 16),
        PacketField("ppid", 96, 32),
      ]),
    Header("init", 1, initial), Header("init-ack", 2, initial),
    Header(
      "sack", 3,
      chunk + [
        PacketField("cum-tsn-ack", 32, 32), PacketField("a-rwnd", 64, 32),
        PacketField("num-gap-ack-blocks", 96, 16), PacketField("num-dup-tsns", 112, 16),
      ]),
    Header("heartbeat", 4, chunk), Header("heartbeat-ack", 5, chunk), Header("abort", 6, chunk),
    Header("shutdown", 7, chunk + [PacketField("cum-tsn-ack", 32, 32)]),
    Header("shutdown-ack", 8, chunk), Header("error", 9, chunk), Header("cookie-echo", 10, chunk),
    Header("cookie-ack", 11, chunk),
    Header("ecne", 12, chunk + [PacketField("lowest-tsn", 32, 32)]),
    Header("cwr", 13, chunk + [PacketField("lowest-tsn", 32, 32)]),
    Header("shutdown-complete", 14, chunk),
    Header("asconf-ack", 128, chunk + [PacketField("seqno", 32, 32)]),
    Header("forward-tsn", 192, chunk + [PacketField("new-cum-tsn", 32, 32)]),
    Header("asconf", 193, chunk + [PacketField("seqno", 32, 32)]),
  ]
}

extension Nftables.OptionKind {
  /// `enum nft_exthdr_op`.
  var number: UInt32 {
    switch self {
    case .exthdr: 0
    case .tcp: 1
    case .ip: 2
    case .sctp: 3
    }
  }
}
