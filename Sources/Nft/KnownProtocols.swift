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
  /// Whether every ICMP message that is left has the field.
  func mayHave(_ field: PacketField) -> Bool {
    field.messages.isEmpty
      || !messages.isEmpty && messages.allSatisfy { field.messages.contains($0) }
  }
}

extension RuleCompiler {
  /// The matches that have to hold before `expression` means anything, in order of evaluation.
  mutating func require(_ expression: Nftables.Expression) throws(Refusal) {
    switch expression {
    case .payload(let name, let field):
      try require(protocol: name)
      try requireMessage(name, field)
    case .exthdr: try require(protocol: "ip6")
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
    case .link: try requireEther()
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
    case .inet:
      guard proto.name != "arp" else { throw Refusal("arp is not seen in an inet table") }
      code += [
        .meta(MetaKey.meta["nfproto"]!.number, Register(0)),
        .cmp(Register(0), .equal, [proto.name == "ip" ? 2 : 10]),
      ]
    case .bridge where proto.name == "arp" || isForTransport:
      let range = PayloadRange(base: 0, offset: 12, length: 2)
      let value = UInt16(truncatingIfNeeded: proto.number!).bigEndianBytes
      code += [.payload(range, Register(0)), .cmp(Register(0), .equal, value)]
      close(isMatch: true, join: Join(range: range, value: value, isProtocol: true))
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
