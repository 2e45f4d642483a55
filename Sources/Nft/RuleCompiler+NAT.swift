internal import Model

extension RuleCompiler {
  mutating func nat(_ nat: Nftables.NAT) throws(Refusal) {
    var flags: UInt32 = 0
    for name in nat.flags {
      let bit = ["random": 4, "persistent": 8, "fully-random": 16, "netmap": 64][name] as UInt32?
      guard let bit else { throw Refusal("\(nat.kind.rawValue) flag \(name)") }
      flags |= bit
    }
    switch nat.kind {
    case .masquerade, .redirect:
      guard nat.address == nil else { throw Refusal("\(nat.kind.rawValue) takes no address") }
      guard [.ip, .ip6, .inet].contains(scope.family) else { throw natFamily(nat) }
      let (low, high) = try ports(nat.port)
      code.append(
        nat.kind == .masquerade
          ? .masquerade(flags: flags, low, high ?? low) : .redirect(flags: flags, low, high ?? low))
    case .snat, .dnat: try translate(nat, flags)
    }
  }

  private func natFamily(_ nat: Nftables.NAT) -> Refusal {
    Refusal("\(nat.kind.rawValue) is for tables of ip, ip6 and inet")
  }

  private mutating func translate(_ nat: Nftables.NAT, _ flags: UInt32) throws(Refusal) {
    let family: String
    switch (scope.family, nat.family) {
    case (.ip, nil), (.ip, "ip"), (.inet, "ip"): family = "ip"
    case (.ip6, nil), (.ip6, "ip6"), (.inet, "ip6"): family = "ip6"
    case (.inet, nil):
      guard let guess = known.network ?? Self.family(of: nat.address) else {
        throw Refusal("\(nat.kind.rawValue) in an inet table needs a family, ip or ip6")
      }
      family = guess
    default: throw natFamily(nat)
    }
    let shape = Shape(family == "ip" ? .ipv4 : .ipv6)
    var result = NAT(
      isDestination: nat.kind == .dnat, family: family == "ip" ? 2 : 10, flags: flags)
    if let address = nat.address { try load(address, shape, &result, hasPort: nat.port != nil) }
    if let port = nat.port {
      let (low, high) = try ports(port)
      result.portMin = low
      result.portMax = high ?? low
    }
    code.append(.nat(result))
  }

  private mutating func load(
    _ address: Nftables.Expression, _ shape: Shape, _ result: inout NAT, hasPort: Bool
  ) throws(Refusal) {
    switch address {
    case .range(let low, let high):
      let (first, second) = (try allocate(), try allocate())
      try load(low, into: first, converted: shape)
      try load(high, into: second, converted: shape)
      (result.addressMin, result.addressMax) = (first, second)
    case .prefix(let address, let length):
      guard (0...shape.bits).contains(length) else { throw Refusal("a prefix of \(length)") }
      let (first, second) = (try allocate(), try allocate())
      let mask = Self.prefixMask(length, bytes: shape.bytes)
      let bytes = try constant.bytes(address, shape)
      code.append(.immediate(first, zip(bytes, mask).map { $0 & $1 }))
      code.append(.immediate(second, zip(bytes, mask).map { $0 | ~$1 }))
      (result.addressMin, result.addressMax) = (first, second)
    case .map(_, .reference(let name)) where scope.sets[name]?.data?.isConcat == true:
      // An address and behind it a port.
      guard let data = scope.sets[name]?.data, data.fields.count == 2, !hasPort,
        data.fields[0].type == shape.type
      else { throw Refusal("@\(name) has to lead to an address and a port") }
      let register = try load(value: address, data)
      (result.addressMin, result.addressMax) = (register, register)
      let port = Register(register.cell + UInt32(shape.cells))
      (result.portMin, result.portMax) = (port, port)
    default:
      let register = try load(value: address, shape)
      (result.addressMin, result.addressMax) = (register, register)
    }
  }

  private mutating func ports(
    _ port: Nftables.Expression?
  ) throws(Refusal) -> (Register?, Register?) {
    guard let port else { return (nil, nil) }
    let shape = Shape(.inetService)
    guard case .range(let low, let high) = port else {
      return (try load(value: port, shape), nil)
    }
    let (first, second) = (try allocate(), try allocate())
    try load(low, into: first, converted: shape)
    try load(high, into: second, converted: shape)
    return (first, second)
  }

  private static func family(of address: Nftables.Expression?) -> String? {
    switch address {
    case .symbol(let text)?:
      IPAddress(text).map { $0.family == .inet ? "ip" : "ip6" }
    case .range(let low, _)?: family(of: low)
    case .prefix(let inner, _)?: family(of: inner)
    default: nil
    }
  }

  mutating func tproxy(
    _ family: String?, _ address: Nftables.Expression?, _ port: Nftables.Expression?
  ) throws(Refusal) {
    guard address != nil || port != nil else { throw Refusal("tproxy: an address or a port") }
    let number: UInt32
    switch (scope.family, family) {
    case (.ip, nil), (.ip, "ip"), (.inet, "ip"): number = 2
    case (.ip6, nil), (.ip6, "ip6"), (.inet, "ip6"): number = 10
    case (.inet, nil):
      guard address == nil else { throw Refusal("tproxy in an inet table needs a family") }
      number = 0
    default: throw Refusal("tproxy is for tables of ip, ip6 and inet")
    }
    let shape = Shape(number == 2 ? .ipv4 : .ipv6)
    let first = try address.map { (value) throws(Refusal) in try load(value: value, shape) }
    let second = try port.map { (value) throws(Refusal) in
      try load(value: value, Shape(.inetService))
    }
    code.append(.tproxy(family: number, address: first, port: second))
  }
}
