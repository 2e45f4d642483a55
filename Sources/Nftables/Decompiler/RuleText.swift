internal import Addressing

/// Prints rules in nft's one-line syntax, as `nft list ruleset` of 1.0.6 does.
struct RuleText {
  let scope: TableScope
  /// False hides counts, which don't change what a rule does.
  var showsCounts = true

  func text(_ rule: Nftables.Rule) -> String {
    let parts = rule.statements.map(text) + (rule.comment.map { ["comment \"\($0)\""] } ?? [])
    return parts.joined(separator: " ")
  }

  func shape(_ expression: Nftables.Expression) -> Shape? {
    (try? Shape.of(expression, scope)) ?? nil
  }

  // MARK: - Expressions

  /// `shape` determines how a constant is written.
  func text(_ expression: Nftables.Expression, _ shape: Shape? = nil) -> String {
    switch expression {
    case .number(let number): return Self.number(number, shape)
    case .symbol(let text): return Self.symbol(text, shape)
    case .boolean(let flag): return flag ? "exists" : "missing"
    case .prefix(let address, let length): return "\(text(address, shape))/\(length)"
    case .range(let low, let high): return "\(bound(low, shape))-\(bound(high, shape))"
    case .list(let members):
      let separator = shape?.type == .tcpFlag ? " | " : ","
      return members.map { text($0, shape) }.joined(separator: separator)
    case .set(let elements):
      return "{ " + elements.map { text($0, shape, nil) }.joined(separator: ", ") + " }"
    case .reference(let name): return "@\(name)"
    case .verdict(let verdict): return text(verdict)
    case .payload(let name, let field): return "\(name) \(field)"
    case .raw(let base, let offset, let length): return "@\(base.rawValue),\(offset),\(length)"
    case .meta(let key):
      let bare = ["iif", "oif", "iifname", "oifname", "iifgroup", "oifgroup"]
      return bare.contains(key) ? key : "meta \(key)"
    case .ct(let key, let direction):
      return "ct " + (direction.map { "\($0.rawValue) " } ?? "") + key
    case .option(.exthdr, let name, let field?): return "\(name) \(field)"
    case .option(let kind, let name, let field):
      return "\(kind.rawValue) \(name)" + (field.map { " \($0)" } ?? "")
    case .rawOption(let kind, 0, _): return "tcp option \(kind)"
    case .rawOption(let kind, let offset, let length):
      return "tcp option @\(kind),\(offset),\(length)"
    case .ipsec(let key, let direction, let number, let family):
      return "ipsec \(direction.rawValue) " + (number == 0 ? "" : "spnum \(number) ")
        + (family.map { "\($0.rawValue) " } ?? "") + key
    case .fib(let result, let flags):
      return "fib \(flags.map(\.rawValue).joined(separator: " . ")) \(result.rawValue)"
    case .rt(let key, let family):
      let implied = key == "nexthop" && family == nil ? "\(scope.family.rawValue) " : ""
      return "rt " + (family.map { "\($0.rawValue) " } ?? implied) + key
    case .socket(let key): return "socket \(key)"
    case .osf(let key, let ttl): return "osf " + (ttl.map { "ttl \($0.rawValue) " } ?? "") + key
    case .numgen(let mode, let modulus, let offset):
      return "numgen \(mode.rawValue) mod \(modulus)" + (offset == 0 ? "" : " offset \(offset)")
    case .jhash(let inner, let modulus, let seed, let offset):
      return "jhash \(text(inner)) mod \(modulus)"
        + (seed.map { " seed 0x\(String($0, radix: 16))" } ?? "")
        + (offset == 0 ? "" : " offset \(offset)")
    case .symhash(let modulus, let offset):
      return "symhash mod \(modulus)" + (offset == 0 ? "" : " offset \(offset)")
    case .concat(let parts):
      let fields = shape?.fields ?? []
      return parts.enumerated().map {
        text($0.element, fields.indices.contains($0.offset) ? fields[$0.offset] : nil)
      }.joined(separator: " . ")
    case .binary(let op, let left, let right):
      var own = self.shape(left) ?? shape
      if left.isRaw { own = Shape(.lladdr, bits: own?.bits) }
      let isShift = op == .shiftLeft || op == .shiftRight
      return "\(text(left, own)) \(op.rawValue) \(operand(right, isShift ? nil : own))"
    case .map(let key, let data): return "\(text(key)) map \(map(data, key, shape))"
    }
  }

  /// A bound of a range: nft prints numbers rather than names.
  private func bound(_ expression: Nftables.Expression, _ shape: Shape?) -> String {
    guard let shape, case .symbol(let name) = expression, let value = shape.type.value(of: name)
    else { return text(expression, shape) }
    return Self.number(value, shape)
  }

  /// An operand; flags are joined by an operator.
  private func operand(_ expression: Nftables.Expression, _ shape: Shape?) -> String {
    guard case .list(let members) = expression else { return text(expression, shape) }
    return "(" + members.map { text($0, shape) }.joined(separator: " | ") + ")"
  }

  func map(
    _ data: Nftables.Expression, _ key: Nftables.Expression, _ value: Shape?
  ) -> String {
    guard case .set(let elements) = data else { return text(data) }
    var own = shape(key)
    if case .raw = key { own = Shape(.lladdr, bits: own?.bits) }
    return "{ " + elements.map { text($0, own, value) }.joined(separator: ", ") + " }"
  }

  func text(_ element: Nftables.Element, _ key: Shape?, _ data: Shape?) -> String {
    var text = element.key.map { self.text($0, key) } ?? "*"
    if let timeout = element.timeout { text += " timeout \(Self.duration(timeout))" }
    for statement in element.statements { text += " \(self.text(statement))" }
    if let comment = element.comment { text += " comment \"\(comment)\"" }
    if let value = element.data { text += " : \(self.text(value, data))" }
    return text
  }

  func text(_ verdict: Nftables.Verdict) -> String {
    switch verdict {
    case .accept: "accept"
    case .drop: "drop"
    case .continue: "continue"
    case .return: "return"
    case .jump(let target): "jump \(target)"
    case .goto(let target): "goto \(target)"
    }
  }

  // MARK: - Constants

  private static func number(_ number: UInt64, _ shape: Shape?) -> String {
    func hex(_ digits: Int) -> String {
      let text = String(number, radix: 16)
      return "0x" + String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
    switch shape?.type {
    case .mark?: return hex(8)
    case .dscp?: return hex(2)
    case .etherType?: return hex(4)
    case .lladdr?, .bitmask?, .tcpFlag?, .ctState?, .ctStatus?, .ctEvent?: return hex(0)
    case .time?: return duration(number * 1000)
    default: return "\(number)"
    }
  }

  private static func symbol(_ text: String, _ shape: Shape?) -> String {
    switch shape?.type {
    case .hour?, .date?, .day?, .ifindex?, .deviceGroup?, .realm?, .mark?: "\"\(text)\""
    case let type? where type.base == .string: "\"\(text)\""
    default: text
    }
  }

  static func duration(_ milliseconds: UInt64) -> String {
    Nftables.Duration.text(milliseconds: milliseconds)
  }
}

extension Nftables.Expression {
  /// Whether it is raw bytes, or some of their bits.
  var isRaw: Bool {
    switch self {
    case .raw: true
    case .binary(_, let left, _): left.isRaw
    default: false
    }
  }
}
