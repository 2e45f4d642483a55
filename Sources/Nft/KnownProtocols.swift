internal import Model

/// What is known of a packet at some place of a rule.
struct KnownProtocols {
  var network: String?
  var transport: String?
  /// A match of `icmp type` has been.
  var hasMessageType = false
  /// The types that it left, where they are known.
  var messages: [UInt8] = []
  /// A link header of Ethernet.
  var isEther = false
  /// Headers of 802.1Q or 802.1ad that are known to follow it.
  var vlans = 0

  init(_ family: Nftables.Family) {
    switch family {
    case .ip: network = "ip"
    case .ip6: network = "ip6"
    case .arp: network = "arp"
    case .inet, .bridge, .netdev: break
    }
  }
}

extension KnownProtocols {
  /// With the fields where they lie from the layer's start: a VLAN's header stands behind others.
  func placed(_ proto: PacketProtocol) -> PacketProtocol {
    proto.name == "vlan" ? proto.moved(by: 112 + 32 * max(0, vlans - 1)) : proto
  }

  func packetField(
    _ name: String, _ field: String
  ) throws(Refusal) -> (PacketProtocol, PacketField) {
    guard let proto = PacketProtocol.byName[name].map(placed) else {
      throw Refusal("payload of \(name) is not supported")
    }
    guard let found = proto.field(field) else { throw Refusal("\(name) has no field \(field)") }
    return (proto, found)
  }

  /// Whether every ICMP message that is left has the field.
  func mayHave(_ field: PacketField) -> Bool {
    field.messages.isEmpty
      || !messages.isEmpty && messages.allSatisfy { field.messages.contains($0) }
  }
}

extension RuleCompiler {
  func packetField(
    _ name: String, _ field: String
  ) throws(Refusal) -> (PacketProtocol, PacketField) { try known.packetField(name, field) }

  /// The matches that have to hold before `expression` means anything, in order of evaluation.
  mutating func require(_ expression: Nftables.Expression) throws(Refusal) {
    switch expression {
    case .payload(let name, let field):
      try require(protocol: name)
      try requireMessage(name, field)
    case .option(.exthdr, _, _):
      try require(network: PacketProtocol.byName["ip6"]!, isForTransport: true)
    case .option(.ip, _, _): try require(protocol: "ip")
    case .jhash(let inner, _, _, _): try require(inner)
    case .concat(let parts): for part in parts { try require(part) }
    case .binary(_, let left, let right):
      try require(left)
      try require(right)
    case .map(let key, _): try require(key)
    default: break
    }
  }

  mutating func require(protocol name: String) throws(Refusal) {
    guard let proto = PacketProtocol.byName[name] else {
      throw Refusal("payload of \(name) is not supported")
    }
    switch proto.layer {
    case .link:
      try requireEther()
      if name == "vlan", known.vlans == 0 {
        requireType(0x8100)
        known.vlans = 1
      }
    case .network: try require(network: proto)
    case .transport:
      if name == "th" { return }
      if let present = known.transport {
        guard present != name else { return }
        throw Refusal("\(name) contradicts \(present), which the rule has matched before")
      }
      if name == "icmp" || name == "icmpv6" {
        let network = PacketProtocol.byName[name == "icmp" ? "ip" : "ip6"]!
        try require(network: network, isForTransport: true)
      }
      let key = MetaKey.meta["l4proto"]!
      code += [
        .meta(key.number, Register(0)),
        .cmp(Register(0), .equal, [UInt8(truncatingIfNeeded: proto.number ?? 0)]),
      ]
      close(isMatch: true)
      known.transport = name
    }
  }

  private mutating func require(
    network proto: PacketProtocol, isForTransport: Bool = false
  ) throws(Refusal) {
    if let present = known.network {
      guard present != proto.name else { return }
      throw Refusal("\(proto.name) contradicts \(present), which the family or the rule says")
    }
    switch scope.family {
    case .inet where known.isEther, .netdev where known.isEther:
      requireType(proto.number!)
      known.network = proto.name
      return
    case .inet:
      guard proto.name != "arp" else { throw Refusal("arp is not seen in an inet table") }
      code += [
        .meta(MetaKey.meta["nfproto"]!.number, Register(0)),
        .cmp(Register(0), .equal, [proto.name == "ip" ? 2 : 10]),
      ]
    case .bridge where proto.name == "arp" || isForTransport || known.vlans > 0:
      requireType(proto.number!)
      known.network = proto.name
      return
    default:
      code += [
        .meta(MetaKey.meta["protocol"]!.number, Register(0)),
        .cmp(Register(0), .equal, UInt16(truncatingIfNeeded: proto.number!).bigEndianBytes),
      ]
    }
    close(isMatch: true)
    known.network = proto.name
  }

  /// Of what follows the Ethernet header, or the last VLAN header.
  private mutating func requireType(_ number: UInt64) {
    let range = PayloadRange(base: 0, offset: UInt32(12 + 4 * known.vlans), length: 2)
    let value = UInt16(truncatingIfNeeded: number).bigEndianBytes
    code += [.payload(range, Register(0)), .cmp(Register(0), .equal, value)]
    close(isMatch: true, join: Join(range: range, value: value, isProtocol: true))
  }

  /// Some fields exist in some ICMP messages only.
  private mutating func requireMessage(_ name: String, _ field: String) throws(Refusal) {
    let (proto, found) = try Shape.packetField(name, field)
    guard !found.messages.isEmpty, !known.hasMessageType else { return }
    known.hasMessageType = true
    let type = Nftables.Expression.payload(protocol: proto.name, field: "type")
    let values = found.messages.map { Nftables.Expression.number(UInt64($0)) }
    try match(
      .equal, type, values.count == 1 ? values[0] : .set(values.map { Nftables.Element($0) }))
  }

  private mutating func requireEther() throws(Refusal) {
    guard scope.family != .bridge, !known.isEther else { return }
    code += [
      .meta(MetaKey.meta["iiftype"]!.number, Register(0)), .cmp(Register(0), .equal, [1, 0]),
    ]
    close(isMatch: true)
    known.isEther = true
  }
}
