internal import Model

/// States of connections that a `ct timeout` gives times to, and nft's own times.
enum TimeoutPolicy {
  struct State {
    let name: String
    let seconds: UInt32
  }

  /// In the kernel's order (`enum ctattr_timeout_tcp`, from 1); none for another protocol.
  static func states(_ proto: String) -> [State] {
    switch proto {
    case "tcp": tcp
    case "udp": udp
    default: []
    }
  }

  static func check(_ content: Nftables.NamedObject.Content) throws(Refusal) {
    switch content {
    case .ctTimeout(let proto, let l3proto, let policy):
      let states = states(proto)
      guard !states.isEmpty else { throw Refusal("ct timeout: protocol tcp or udp") }
      try ProtocolNumber.check(l3proto)
      for name in policy.keys.sorted() where !states.contains(where: { $0.name == name }) {
        throw Refusal(
          "\(proto) has no state \(name): one of \(states.map(\.name).joined(separator: ", "))")
      }
    case .ctExpectation(let proto, let l3proto, _, _, _):
      guard ProtocolNumber.names.values.contains(proto) else {
        throw Refusal("ct expectation: protocol tcp, udp, sctp, dccp or udplite")
      }
      try ProtocolNumber.check(l3proto)
    case .ctHelper(_, _, let l3proto): try ProtocolNumber.check(l3proto)
    case .synproxy(let synproxy): _ = try synproxy.bits
    case .secmark(let context):
      guard (1..<256).contains(context.utf8.count) else {
        throw Refusal("a secmark's context has 1 to 255 bytes")
      }
    case .counter, .quota, .limit: break
    }
  }

  private static let tcp = [
    State(name: "syn_sent", seconds: 120), State(name: "syn_recv", seconds: 60),
    State(name: "established", seconds: 432_000), State(name: "fin_wait", seconds: 120),
    State(name: "close_wait", seconds: 60), State(name: "last_ack", seconds: 30),
    State(name: "time_wait", seconds: 120), State(name: "close", seconds: 10),
    State(name: "syn_sent2", seconds: 120), State(name: "retrans", seconds: 300),
    State(name: "unack", seconds: 300),
  ]

  private static let udp = [
    State(name: "unreplied", seconds: 30), State(name: "replied", seconds: 180),
  ]
}

/// Numbers of the protocols that objects of connection tracking name.
enum ProtocolNumber {
  static let names: [UInt8: String] = [
    6: "tcp", 17: "udp", 33: "dccp", 132: "sctp", 136: "udplite",
  ]

  static func l4(_ name: String) -> UInt8 { names.first { $0.value == name }?.key ?? 0 }

  static func l3(_ name: String) -> UInt16 { name == "ip" ? 2 : name == "ip6" ? 10 : 1 }

  static func l3(_ number: UInt16?) -> String? {
    number.flatMap { [2: "ip", 10: "ip6", 1: "inet"][$0] }
  }

  static func check(_ l3proto: String?) throws(Refusal) {
    guard l3proto == nil || ["ip", "ip6", "inet"].contains(l3proto) else {
      throw Refusal("l3proto: one of ip, ip6, inet")
    }
  }
}
