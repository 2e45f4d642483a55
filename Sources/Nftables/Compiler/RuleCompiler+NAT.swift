internal import Addressing

extension RuleCompiler {
  mutating func nat(_ nat: Nftables.NAT) throws(CompileError) {
    let flags = nat.flags.bits
    switch nat.kind {
    case .masquerade, .redirect:
      guard nat.address == nil else { throw CompileError("\(nat.kind.rawValue) takes no address") }
      guard [.ip, .ip6, .inet].contains(scope.family) else { throw natFamily(nat) }
      let (low, high) = try ports(nat.port)
      code.append(
        nat.kind == .masquerade
          ? .masquerade(flags: flags, low, high ?? low) : .redirect(flags: flags, low, high ?? low))
    case .snat, .dnat: try translate(nat, flags)
    }
  }

  private func natFamily(_ nat: Nftables.NAT) -> CompileError {
    CompileError("\(nat.kind.rawValue) is for tables of ip, ip6 and inet")
  }

  private mutating func translate(_ nat: Nftables.NAT, _ flags: UInt32) throws(CompileError) {
    guard let address = nat.address else {
      guard nat.port != nil else {
        throw CompileError("\(nat.kind.rawValue): an address or a port")
      }
      let family = try portFamily(nat)
      var result = NAT(isDestination: nat.kind == .dnat, family: family, flags: flags)
      (result.portMin, result.portMax) = try ports(nat.port)
      result.portMax = result.portMax ?? result.portMin
      return code.append(.nat(result))
    }
    let family = try network(nat.kind.rawValue, nat.family)
    let shape = Shape(family == 2 ? .ipv4 : .ipv6)
    var result = NAT(isDestination: nat.kind == .dnat, family: family, flags: flags)
    if case .map(let key, let data) = address, let leads = try data.leads(shape, scope) {
      try load(key, data, leads, &result, hasPort: nat.port != nil)
    } else {
      try load(address, shape, &result)
    }
    if let port = nat.port {
      let (low, high) = try ports(port)
      result.portMin = low
      result.portMax = high ?? low
    }
    code.append(.nat(result))
  }

  /// The family when only a port is translated: an inet table does so for both.
  private func portFamily(_ nat: Nftables.NAT) throws(CompileError) -> UInt32 {
    switch (scope.family, nat.family) {
    case (.ip, nil), (.ip, .ip): 2
    case (.ip6, nil), (.ip6, .ip6): 10
    case (.inet, nil), (.inet, .ip), (.inet, .ip6): 1
    default: throw natFamily(nat)
    }
  }

  /// `NFPROTO_IPV4` (2) or `NFPROTO_IPV6` (10), for a statement with an address.
  private func network(_ statement: String, _ stated: Nftables.AddressFamily?) throws(CompileError)
    -> UInt32
  {
    let seen = known.networks.last ?? known.network
    let own = scope.family == .ip || scope.family == .ip6 ? scope.family.rawValue : nil
    guard scope.family == .inet || own != nil else {
      throw CompileError("\(statement) is for tables of ip, ip6 and inet")
    }
    guard let name = stated?.rawValue ?? own ?? seen, name == "ip" || name == "ip6" else {
      throw CompileError("\(statement) with an address in an inet table needs a family, ip or ip6")
    }
    if let seen, seen != name {
      throw CompileError(
        "\(statement) of \(name) contradicts \(seen), which the family or the rule says")
    }
    return name == "ip" ? 2 : 10
  }

  private mutating func load(
    _ address: Nftables.Expression, _ shape: Shape, _ result: inout NAT
  ) throws(CompileError) {
    switch address {
    case .range(let low, let high):
      let (first, second) = (try allocate(), try allocate())
      try load(low, into: first, converted: shape)
      try load(high, into: second, converted: shape)
      (result.addressMin, result.addressMax) = (first, second)
      guard try !constant.bytes(high, shape).lexicographicallyPrecedes(constant.bytes(low, shape))
      else { throw CompileError("the range ends before it begins") }
    case .prefix(let address, let length):
      guard (0...shape.bits).contains(length) else { throw CompileError("a prefix of \(length)") }
      let (first, second) = (try allocate(), try allocate())
      let mask = Self.prefixMask(length, bytes: shape.bytes)
      let bytes = try constant.bytes(address, shape)
      code.append(.immediate(first, zip(bytes, mask).map { $0 & $1 }))
      code.append(.immediate(second, zip(bytes, mask).map { $0 | ~$1 }))
      (result.addressMin, result.addressMax) = (first, second)
    default:
      let register = try load(value: address, shape)
      (result.addressMin, result.addressMax) = (register, register)
    }
  }

  /// Loads from a map that leads to intervals of addresses, to addresses and ports, or to intervals
  /// of both.
  private mutating func load(
    _ key: Nftables.Expression, _ data: Nftables.Expression, _ leads: SetCompiler.Data,
    _ result: inout NAT, hasPort: Bool
  ) throws(CompileError) {
    guard let shape = leads.shape else { return }
    try require(key)
    if shape.isConcat {
      guard !hasPort else { throw CompileError("the map leads to a port, and another is stated") }
      if !key.holdsTransport { try requireTransport() }
    }
    let register = try allocate(shape)
    try loadMap(key, data, into: register, leadingTo: leads)
    func behind(_ cells: Int) -> Register { Register(register.cell + UInt32(cells)) }
    let address = shape.isConcat ? shape.fields[0].cells : shape.cells
    (result.addressMin, result.addressMax) = (register, register)
    if shape.isConcat {
      (result.portMin, result.portMax) = (behind(address), behind(address))
    }
    guard case .interval = leads else { return }
    result.addressMax = behind(shape.cells)
    if shape.isConcat { result.portMax = behind(shape.cells + address) }
  }

  private mutating func ports(
    _ port: Nftables.Expression?
  ) throws(CompileError) -> (Register?, Register?) {
    guard let port else { return (nil, nil) }
    try requireTransport()
    let shape = Shape(.inetService)
    guard case .range(let low, let high) = port else {
      return (try load(value: port, shape), nil)
    }
    let (first, second) = (try allocate(), try allocate())
    try load(low, into: first, converted: shape)
    try load(high, into: second, converted: shape)
    guard try constant.value(low, shape) <= constant.value(high, shape) else {
      throw CompileError("the range ends before it begins")
    }
    return (first, second)
  }

  /// Fails unless the rule has matched a protocol that has ports.
  private func requireTransport() throws(CompileError) {
    guard known.transport == nil, known.transports.isEmpty else { return }
    throw CompileError("a port here needs a match of the transport protocol before it")
  }

  mutating func tproxy(
    _ family: Nftables.AddressFamily?, _ address: Nftables.Expression?, _ port: Nftables.Expression?
  ) throws(CompileError) {
    guard address != nil || port != nil else { throw CompileError("tproxy: an address or a port") }
    try requireTransport()
    var number: UInt32 = 0
    if address != nil || family != nil || scope.family != .inet {
      number = try network("tproxy", family)
    } else if let seen = known.networks.last ?? known.network {
      throw CompileError("tproxy without a family, though the rule has matched \(seen): say it")
    }
    for value in [address, port] {
      if case .range? = value { throw CompileError("tproxy takes no ranges") }
      if case .prefix? = value { throw CompileError("tproxy takes no prefixes") }
    }
    let shape = Shape(number == 2 ? .ipv4 : .ipv6)
    let first = try address.map { (value) throws(CompileError) in try load(value: value, shape) }
    let second = try port.map { (value) throws(CompileError) in
      try load(value: value, Shape(.inetService))
    }
    code.append(.tproxy(family: number, address: first, port: second))
  }
}

extension Nftables.Expression {
  /// What a map leads to, if that is more than addresses of this shape.
  fileprivate func leads(
    _ address: Shape, _ scope: TableScope
  ) throws(CompileError) -> SetCompiler.Data? {
    let pair = Shape(fields: [address, Shape(.inetService)])
    switch self {
    case .reference(let name):
      guard let data = scope.sets[name]?.data, data.isConcat else { return nil }
      guard data.isSameType(as: pair) else {
        throw CompileError(
          "datatype mismatch: @\(name) leads to \(data.typeName), and \(pair.typeName) "
            + "belongs here")
      }
      return .value(pair)
    case .set(let elements):
      let values = elements.compactMap(\.data)
      let isPair = values.contains { if case .concat = $0 { true } else { false } }
      let shape = isPair ? pair : address
      if values.contains(where: \.isInterval) { return .interval(shape) }
      return isPair ? .value(shape) : nil
    default: return nil
    }
  }

  /// Whether a key contains a field of a transport header, which tells the protocol.
  fileprivate var holdsTransport: Bool {
    guard case .concat(let parts) = self else { return false }
    return parts.contains { part in
      if case .meta("l4proto") = part { return true }
      if case .payload("ip", "protocol") = part { return true }
      if case .payload("ip6", "nexthdr") = part { return true }
      guard case .payload(let name, _) = part, name != "th" else { return false }
      return PacketProtocol.byName[name]?.layer == .transport
    }
  }
}
