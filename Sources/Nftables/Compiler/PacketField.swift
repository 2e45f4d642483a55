internal import Addressing

/// A field of a protocol's header: nft(8), PAYLOAD EXPRESSIONS.
struct PacketField {
  let name: String
  /// In bits from the header's start, most significant bit first.
  let offset: Int
  let bits: Int
  let type: DataType
  /// The ICMP types that have the field; empty if all do.
  let messages: [UInt8]

  init(
    _ name: String, _ offset: Int, _ bits: Int, _ type: DataType = .integer,
    messages: [UInt8] = []
  ) {
    self.messages = messages
    self.name = name
    self.offset = offset
    self.bits = bits
    self.type = type
  }
}

extension PacketField {
  func moved(by bits: Int) -> PacketField {
    PacketField(name, offset + bits, self.bits, type, messages: messages)
  }
}

/// A protocol's header.
struct PacketProtocol {
  /// `enum nft_payload_bases`.
  enum Layer: UInt32 {
    case link, network, transport
  }

  let name: String
  let layer: Layer
  /// The protocol's number in the layer below: an EtherType, or IP's `protocol`.
  let number: UInt64?
  /// The offset in bytes of the internet checksum.
  let checksum: UInt32?
  let fields: [PacketField]

  /// Whether the transport's checksum covers the field, as part of the pseudo-header.
  func sums(_ field: PacketField) -> Bool {
    (name == "ip" || name == "ip6")
      && ["saddr", "daddr", "length", "protocol", "nexthdr"].contains(field.name)
  }

  func field(_ name: String) -> PacketField? { fields.first { $0.name == name } }

  static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  private init(_ name: String, _ layer: Layer, _ fields: [PacketField]) {
    self.init(name, layer, nil, fields)
  }

  private init(
    _ name: String, _ layer: Layer, _ number: UInt64?, checksum: UInt32? = nil,
    _ fields: [PacketField]
  ) {
    self.name = name
    self.layer = layer
    self.number = number
    self.checksum = checksum
    self.fields = fields
  }

  func moved(by bits: Int) -> PacketProtocol {
    PacketProtocol(name, layer, number, checksum: checksum, fields.map { $0.moved(by: bits) })
  }

  /// nft's numbers (`enum proto_desc_id`); a field's number is its position in `fields`, from 1.
  static let typeofNumbers: [String: UInt32] = [
    "ah": 1, "esp": 2, "comp": 3, "icmp": 4, "igmp": 5, "udp": 6, "udplite": 7, "tcp": 8,
    "dccp": 9, "sctp": 10, "th": 11, "ip": 12, "ip6": 13, "icmpv6": 14, "arp": 15, "vlan": 16,
    "ether": 17,
  ]

  static let all: [PacketProtocol] = [
    PacketProtocol(
      "ether", .link,
      [
        PacketField("daddr", 0, 48, .ether), PacketField("saddr", 48, 48, .ether),
        PacketField("type", 96, 16, .etherType),
      ]),
    // After an Ethernet header or another VLAN header.
    PacketProtocol(
      "vlan", .link,
      [
        PacketField("pcp", 0, 3), PacketField("dei", 3, 1), PacketField("cfi", 3, 1),
        PacketField("id", 4, 12),
        PacketField("type", 16, 16, .etherType),
      ]),
    PacketProtocol(
      "arp", .network, 0x0806,
      [
        PacketField("htype", 0, 16), PacketField("ptype", 16, 16, .etherType),
        PacketField("hlen", 32, 8), PacketField("plen", 40, 8),
        PacketField("operation", 48, 16, .arpOperation), PacketField("saddr ether", 64, 48, .ether),
        PacketField("daddr ether", 144, 48, .ether), PacketField("saddr ip", 112, 32, .ipv4),
        PacketField("daddr ip", 192, 32, .ipv4),
      ]),
    PacketProtocol(
      "ip", .network, 0x0800, checksum: 10,
      [
        PacketField("version", 0, 4), PacketField("hdrlength", 4, 4),
        PacketField("dscp", 8, 6, .dscp), PacketField("ecn", 14, 2, .ecn),
        PacketField("length", 16, 16), PacketField("id", 32, 16), PacketField("frag-off", 48, 16),
        PacketField("ttl", 64, 8), PacketField("protocol", 72, 8, .inetProtocol),
        PacketField("checksum", 80, 16), PacketField("saddr", 96, 32, .ipv4),
        PacketField("daddr", 128, 32, .ipv4),
      ]),
    PacketProtocol(
      "ip6", .network, 0x86dd,
      [
        PacketField("version", 0, 4), PacketField("dscp", 4, 6, .dscp),
        PacketField("ecn", 10, 2, .ecn), PacketField("flowlabel", 12, 20),
        PacketField("length", 32, 16), PacketField("nexthdr", 48, 8, .inetProtocol),
        PacketField("hoplimit", 56, 8), PacketField("saddr", 64, 128, .ipv6),
        PacketField("daddr", 192, 128, .ipv6),
      ]),
    PacketProtocol(
      "tcp", .transport, 6, checksum: 16,
      ports + [
        PacketField("sequence", 32, 32), PacketField("ackseq", 64, 32), PacketField("doff", 96, 4),
        PacketField("reserved", 100, 4), PacketField("flags", 104, 8, .tcpFlag),
        PacketField("window", 112, 16), PacketField("checksum", 128, 16),
        PacketField("urgptr", 144, 16),
      ]),
    PacketProtocol(
      "udp", .transport, 17, checksum: 6,
      ports + [PacketField("length", 32, 16), PacketField("checksum", 48, 16)]),
    PacketProtocol(
      "udplite", .transport, 136, checksum: 6,
      ports + [PacketField("csumcov", 32, 16), PacketField("checksum", 48, 16)]),
    PacketProtocol(
      "sctp", .transport, 132,
      ports + [PacketField("vtag", 32, 32), PacketField("checksum", 64, 32)]),
    PacketProtocol(
      "dccp", .transport, 33, ports + [PacketField("type", 67, 4, .dccpPacketType)]),
    // Any transport with ports: nothing needs to be matched before.
    PacketProtocol("th", .transport, ports),
    PacketProtocol(
      "ah", .transport, 51,
      [
        PacketField("nexthdr", 0, 8, .inetProtocol), PacketField("hdrlength", 8, 8),
        PacketField("reserved", 16, 16), PacketField("spi", 32, 32),
        PacketField("sequence", 64, 32),
      ]),
    PacketProtocol(
      "esp", .transport, 50, [PacketField("spi", 0, 32), PacketField("sequence", 32, 32)]),
    PacketProtocol(
      "comp", .transport, 108,
      [
        PacketField("nexthdr", 0, 8, .inetProtocol), PacketField("flags", 8, 8, .bitmask),
        PacketField("cpi", 16, 16),
      ]),
    PacketProtocol(
      "icmp", .transport, 1, checksum: 2,
      [
        PacketField("type", 0, 8, .icmpType), PacketField("code", 8, 8, .icmpCode),
        PacketField("checksum", 16, 16), PacketField("id", 32, 16, messages: [0, 8]),
        PacketField("sequence", 48, 16, messages: [0, 8]),
        PacketField("gateway", 32, 32, messages: [5]), PacketField("mtu", 48, 16, messages: [3]),
      ]),
    PacketProtocol(
      "icmpv6", .transport, 58, checksum: 2,
      [
        PacketField("type", 0, 8, .icmpv6Type), PacketField("code", 8, 8, .icmpv6Code),
        PacketField("checksum", 16, 16), PacketField("parameter-problem", 32, 32, messages: [4]),
        PacketField("mtu", 32, 32, messages: [2]), PacketField("id", 32, 16, messages: [128, 129]),
        PacketField("sequence", 48, 16, messages: [128, 129]),
        PacketField("max-delay", 32, 16, messages: [130]),
      ]),
    PacketProtocol(
      "igmp", .transport, 2, checksum: 2,
      [
        PacketField("type", 0, 8, .igmpType), PacketField("mrt", 8, 8),
        PacketField("checksum", 16, 16), PacketField("group", 32, 32, .ipv4),
      ]),
  ]

  private static let ports = [
    PacketField("sport", 0, 16, .inetService), PacketField("dport", 16, 16, .inetService),
  ]
}
