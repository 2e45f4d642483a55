import Model
import Nftables

/// Expressions and statements that the blueprints' chains use again and again.
extension Nftables.Expression {
  static let mark = Self.meta("mark")
  static let ctMark = Self.ct(key: "mark", direction: nil)
  /// Protocols whose header begins with the two ports.
  static let ported = Self.set(
    ["tcp", "udp", "udplite", "sctp", "dccp"].map { Nftables.Element(.symbol($0)) })

  /// `0x1900-0x1907`
  static func marks(_ range: ClosedRange<UInt32>) -> Self {
    range.count == 1
      ? .number(UInt64(range.lowerBound))
      : .range(.number(UInt64(range.lowerBound)), .number(UInt64(range.upperBound)))
  }

  /// `tcp flags & (syn | rst)`
  static func flags(_ names: [String]) -> Self {
    let flags = names.dropFirst().reduce(Self.symbol(names[0])) { .binary(.or, $0, .symbol($1)) }
    return .binary(.and, .payload(protocol: "tcp", field: "flags"), flags)
  }
}

extension Nftables.Statement {
  static let isPorted = Self.match(.equal, .meta("l4proto"), .ported)
  static let isFirstSegment = Self.match(
    .equal, .flags(["fin", "syn", "rst", "ack"]), .symbol("syn"))
  static let isReply = Self.match(
    .equal, .ct(key: "direction", direction: nil), .symbol("reply"))
  static let count = Self.counter(packets: 0, bytes: 0)

  static func match(_ value: Nftables.Expression, in set: String) -> Self {
    .match(.equal, value, .reference(set))
  }

  static func ctState(_ states: String...) -> Self {
    let symbols = states.map { Nftables.Expression.symbol($0) }
    return .match(
      .in, .ct(key: "state", direction: nil), symbols.count == 1 ? symbols[0] : .list(symbols))
  }
}

extension Nftables.NamedSet {
  /// A map from numbers to marks. nft 1.0.6 has no `type` for the result of a hash, and fails on
  /// `typeof jhash`.
  static func numbered(_ name: String, modulus: UInt32) -> Self {
    Self(
      name: name, key: .expressions([.numgen(mode: .inc, modulus: modulus, offset: 0)]),
      data: .value(.expressions([.mark])))
  }
}

extension Nftables.Chain {
  static func called(_ name: String, _ rules: [[Nftables.Statement]]) -> Self {
    Self(name: name, rules: rules.map { Nftables.Rule($0) })
  }

  static func hooked(
    _ name: String, _ type: Nftables.ChainType, _ hook: Nftables.Hook, _ priority: Int32,
    _ rules: [[Nftables.Statement]]
  ) -> Self {
    var chain = called(name, rules)
    chain.base = Nftables.BaseChain(type: type, hook: hook, priority: priority)
    return chain
  }
}

extension Family {
  private var header: String { self == .inet ? "ip" : "ip6" }
  var saddr: Nftables.Expression { .payload(protocol: header, field: "saddr") }
  var daddr: Nftables.Expression { .payload(protocol: header, field: "daddr") }
  var addressType: String { self == .inet ? "ipv4_addr" : "ipv6_addr" }
  var icmp: String { self == .inet ? "icmp" : "icmpv6" }
  /// `meta nfproto ipv4`
  var isIt: Nftables.Statement {
    .match(.equal, .meta("nfproto"), .symbol(self == .inet ? "ipv4" : "ipv6"))
  }
  /// The length in bytes of a TCP segment's headers without options.
  var headers: UInt32 { self == .inet ? 40 : 60 }

  /// `closed4`
  func named(_ set: String) -> String { set + (self == .inet ? "4" : "6") }

  var icmpErrors: Nftables.Expression {
    let common = ["destination-unreachable", "time-exceeded", "parameter-problem"]
    let types = self == .inet ? common : [common[0], "packet-too-big"] + common[1...]
    return .set(types.map { Nftables.Element(.symbol($0)) })
  }
}

extension Prefix {
  var expression: Nftables.Expression {
    let address = Nftables.Expression.symbol(address.description)
    return isHost ? address : .prefix(address, length: Int(length))
  }
}
