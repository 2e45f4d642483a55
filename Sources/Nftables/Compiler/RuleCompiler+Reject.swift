internal import Addressing

extension RuleCompiler {
  mutating func reject(_ reject: Nftables.Reject) throws(CompileError) {
    guard scope.family != .arp else { throw CompileError("reject isn't for arp tables") }
    let type = reject.type ?? defaultType
    if scope.family == .bridge || scope.family == .netdev,
      let other = presentNetwork, other != "ip", other != "ip6"
    {
      throw CompileError(
        "reject answers ip and ip6, not \(other), which the rule has matched before")
    }
    switch type {
    case .tcpReset:
      if let other = known.transports.last, other != "tcp" {
        throw CompileError("tcp reset contradicts \(other), which the rule has matched before")
      }
      if known.transports.isEmpty {
        try first { (compiler) throws(CompileError) in try compiler.require(protocol: "tcp") }
      }
      code.append(.reject(type: 1, code: 0))
    case .icmp, .icmpv6:
      let network = type == .icmp ? "ip" : "ip6"
      if let other = presentNetwork, other != network {
        throw CompileError(
          "reject with \(type.rawValue) contradicts \(other), which the family or the rule says")
      }
      if known.networks.isEmpty {
        try first { (compiler) throws(CompileError) in try compiler.require(protocol: network) }
      }
      try append(reject, 0, type == .icmp ? .icmpCode : .icmpv6Code)
    case .icmpx:
      guard scope.family != .ip, scope.family != .ip6 else {
        throw CompileError("icmpx is for tables of both families: icmp or icmpv6 here")
      }
      try append(reject, 2, .icmpxCode)
    }
  }

  private mutating func append(
    _ reject: Nftables.Reject, _ number: UInt32, _ type: DataType
  ) throws(CompileError) {
    let value = try constant.value(reject.code ?? .symbol("port-unreachable"), Shape(type))
    code.append(.reject(type: number, code: UInt8(truncatingIfNeeded: value)))
  }

  /// The network protocol of the family, or the one that the rule matched last.
  private var presentNetwork: String? {
    switch scope.family {
    case .ip, .ip6: scope.family.rawValue
    default: known.networks.last ?? known.network
    }
  }

  /// The default for the family or for what the rule has matched.
  private var defaultType: Nftables.RejectType {
    switch presentNetwork {
    case "ip"?: .icmp
    case "ip6"?: .icmpv6
    default: .icmpx
    }
  }
}
