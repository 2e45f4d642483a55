internal import Addressing

/// What is known about a packet at some point of a rule.
struct KnownProtocols {
  var network: String?
  var transport: String?
  /// `icmp type` has been matched.
  var hasMessageType = false
  /// The types that the match left, if they are known.
  var messages: [UInt8] = []
  /// `ct protocol` has been matched: it tells which protocol the connection's ports belong to.
  var hasConnectionProtocol = false
  /// The link header is Ethernet.
  var isEther = false
  /// How many headers of 802.1Q or 802.1ad are known to follow it.
  var vlans = 0
  /// The transports that matches have allowed, in order; "unknown" for one whose header we don't
  /// know.
  var transports: [String] = []
  var networks: [String] = []
  /// Whether `meta protocol` tells the network header, which it does in some families only.
  let protocolSaysNetwork: Bool

  init(_ family: Nftables.Family) {
    protocolSaysNetwork = family == .bridge || family == .netdev
    switch family {
    case .ip: network = "ip"
    case .ip6: network = "ip6"
    case .arp: network = "arp"
    case .inet, .bridge, .netdev: break
    }
  }
}

extension KnownProtocols {
  /// With the fields' offsets from the layer's start: a VLAN header comes after others.
  func placed(_ proto: PacketProtocol) -> PacketProtocol {
    proto.name == "vlan" ? proto.moved(by: 112 + 32 * max(0, vlans - 1)) : proto
  }

  func packetField(
    _ name: String, _ field: String
  ) throws(CompileError) -> (PacketProtocol, PacketField) {
    guard let proto = PacketProtocol.byName[name].map(placed) else {
      throw CompileError("payload of \(name) is not supported")
    }
    guard let found = proto.field(field) else {
      throw CompileError("\(name) has no field \(field)")
    }
    return (proto, found)
  }

  /// Whether every ICMP type that is still possible has the field.
  func mayHave(_ field: PacketField) -> Bool {
    field.messages.isEmpty
      || !messages.isEmpty && messages.allSatisfy { field.messages.contains($0) }
  }
}

extension KnownProtocols {
  private func protocols(_ left: Nftables.Expression) -> PacketProtocol.Layer? {
    switch left {
    case .meta("l4proto"), .payload("ip", "protocol"), .payload("ip6", "nexthdr"): .transport
    case .meta("nfproto"), .payload("ether", "type"), .payload("vlan", "type"): .network
    case .meta("protocol"): protocolSaysNetwork ? .network : nil
    default: nil
    }
  }

  /// Notes that `left` was matched against these values.
  mutating func learn(_ left: Nftables.Expression, among values: [UInt64]) {
    guard let layer = protocols(left) else { return }
    for value in values {
      var name = PacketProtocol.all.first { $0.layer == layer && $0.number == value }?.name
      if left == .meta("nfproto") { name = value == 2 ? "ip" : value == 10 ? "ip6" : nil }
      // Only a match of metadata rules out protocols that we don't know.
      if name == nil, case .payload = left { continue }
      switch layer {
      case .transport: transports.note(name ?? "unknown")
      case .network: networks.note(name ?? "unknown")
      case .link: break
      }
    }
  }

  /// An error if earlier matches rule out a header of `name`.
  func refusal(_ name: String, _ seen: [String]) -> CompileError? {
    guard let other = seen.first(where: { $0 != name }) else { return nil }
    return CompileError("\(name) contradicts \(other), which the rule has matched before")
  }
}

extension [String] {
  /// Moves the name to the end: the last is what was matched last.
  fileprivate mutating func note(_ name: String) {
    removeAll { $0 == name }
    append(name)
  }
}

extension RuleCompiler {
  func packetField(
    _ name: String, _ field: String
  ) throws(CompileError) -> (PacketProtocol, PacketField) { try known.packetField(name, field) }

  /// Adds the matches that must hold before `expression` means anything, in order of evaluation.
  mutating func require(_ expression: Nftables.Expression) throws(CompileError) {
    switch expression {
    case .payload(let name, let field):
      try require(protocol: name)
      try requireMessage(name, field)
    case .option(.exthdr, _, _):
      try first { (compiler) throws(CompileError) in
        try compiler.require(network: PacketProtocol.byName["ip6"]!, isForTransport: true)
      }
    case .option(.ip, _, _):
      try first { (compiler) throws(CompileError) in try compiler.require(protocol: "ip") }
    case .ct("proto-src", _), .ct("proto-dst", _):
      guard
        known.transport != nil || !known.transports.isEmpty || known.hasConnectionProtocol
      else {
        throw CompileError("ports of which protocol? Match meta l4proto or ct protocol before")
      }
    case .jhash(let inner, _, _, _): try require(inner)
    case .concat(let parts):
      try check(key: expression)
      for part in parts { try require(part) }
    case .binary(_, let left, let right):
      try require(left)
      try require(right)
    case .map(let key, _):
      try check(key: key)
      try require(key)
    default: break
    }
  }

  /// Puts what `body` requires before the whole rule: in nft, packets that the rule doesn't reject
  /// have no side effects, and nft looks for options there too.
  mutating func first(
    _ body: (inout RuleCompiler) throws(CompileError) -> Void
  ) throws(CompileError) {
    let count = segments.count
    try body(&self)
    let added = Array(segments[count...])
    segments.removeLast(added.count)
    segments.insert(contentsOf: added, at: 0)
  }

  mutating func require(protocol name: String) throws(CompileError) {
    guard let proto = PacketProtocol.byName[name] else {
      throw CompileError("payload of \(name) is not supported")
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
      if let refusal = known.refusal(name, known.transports) { throw refusal }
      if let present = known.transport {
        guard present != name else { return }
        throw CompileError("\(name) contradicts \(present), which the rule has matched before")
      }
      // nft adds this dependency under the other family too, where it never matches.
      if known.network == nil, known.networks.isEmpty, name == "icmp" || name == "icmpv6" {
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
      known.transports.note(name)
    }
  }

  private mutating func require(
    network proto: PacketProtocol, isForTransport: Bool = false
  ) throws(CompileError) {
    if let refusal = known.refusal(proto.name, known.networks) { throw refusal }
    if let present = known.network {
      guard present != proto.name else { return }
      throw CompileError("\(proto.name) contradicts \(present), which the family or the rule says")
    }
    switch scope.family {
    case .inet where known.isEther, .netdev where known.isEther:
      requireType(proto.number!)
      known.network = proto.name
      known.networks.note(proto.name)
      return
    case .inet:
      guard proto.name != "arp" else { throw CompileError("arp is not seen in an inet table") }
      code += [
        .meta(MetaKey.meta["nfproto"]!.number, Register(0)),
        .cmp(Register(0), .equal, [proto.name == "ip" ? 2 : 10]),
      ]
    case .bridge where proto.name == "arp" || isForTransport || known.vlans > 0:
      requireType(proto.number!)
      known.network = proto.name
      known.networks.note(proto.name)
      return
    default:
      code += [
        .meta(MetaKey.meta["protocol"]!.number, Register(0)),
        .cmp(Register(0), .equal, UInt16(truncatingIfNeeded: proto.number!).bigEndianBytes),
      ]
    }
    close(isMatch: true)
    known.network = proto.name
    known.networks.note(proto.name)
  }

  /// Requires the type of what follows the Ethernet header, or the last VLAN header.
  private mutating func requireType(_ number: UInt64) {
    let range = PayloadRange(base: 0, offset: UInt32(12 + 4 * known.vlans), length: 2)
    let value = UInt16(truncatingIfNeeded: number).bigEndianBytes
    code += [.payload(range, Register(0)), .cmp(Register(0), .equal, value)]
    close(isMatch: true, join: Join(range: range, value: value, isProtocol: true))
  }

  /// Requires an ICMP type that has the field: some fields exist only in some messages.
  private mutating func requireMessage(_ name: String, _ field: String) throws(CompileError) {
    let (proto, found) = try Shape.packetField(name, field)
    guard !found.messages.isEmpty, !known.hasMessageType else { return }
    known.hasMessageType = true
    let type = Nftables.Expression.payload(protocol: proto.name, field: "type")
    let values = found.messages.map { Nftables.Expression.number(UInt64($0)) }
    try match(
      .equal, type, values.count == 1 ? values[0] : .set(values.map { Nftables.Element($0) }))
  }

  private mutating func requireEther() throws(CompileError) {
    guard scope.family != .bridge, !known.isEther else { return }
    code += [
      .meta(MetaKey.meta["iiftype"]!.number, Register(0)), .cmp(Register(0), .equal, [1, 0]),
    ]
    close(isMatch: true)
    known.isEther = true
  }
}
