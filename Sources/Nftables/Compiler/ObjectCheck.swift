internal import Addressing

/// Checks an object on its own.
enum ObjectCheck {
  static func check(_ content: Nftables.NamedObject.Content) throws(CompileError) {
    switch content {
    case .ctTimeout(let proto, let l3proto, let policy):
      let states = TimeoutPolicy.states(proto)
      guard !states.isEmpty else { throw CompileError("ct timeout: protocol tcp or udp") }
      try check(l3proto)
      for name in policy.keys.sorted() where !states.contains(where: { $0.name == name }) {
        throw CompileError(
          "\(proto.rawValue) has no state \(name): one of \(states.map(\.name).joined(separator: ", "))"
        )
      }
    case .ctExpectation(_, let l3proto, _, _, _):
      try check(l3proto)
    case .ctHelper(_, _, let l3proto): try check(l3proto)
    case .synproxy(let synproxy): try check(synproxy)
    case .secmark(let context):
      guard (1..<256).contains(context.utf8.count) else {
        throw CompileError("a secmark's context has 1 to 255 bytes")
      }
    case .counter, .quota, .limit: break
    }
  }
}

extension ObjectCheck {
  static func check(_ synproxy: Nftables.Synproxy) throws(CompileError) {
    if let wscale = synproxy.wscale, wscale > 14 {
      throw CompileError("synproxy: a wscale of at most 14")
    }
  }
}

extension ObjectCheck {
  private static func check(_ l3proto: Nftables.Family?) throws(CompileError) {
    guard l3proto == nil || [.ip, .ip6, .inet].contains(l3proto) else {
      throw CompileError("l3proto: one of ip, ip6, inet")
    }
  }
}
