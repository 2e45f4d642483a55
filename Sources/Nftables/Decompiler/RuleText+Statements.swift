internal import Addressing

extension RuleText {
  func text(_ statement: Nftables.Statement) -> String {
    switch statement {
    case .match(let relation, let left, let right): return match(relation, left, right)
    case .verdict(let verdict): return text(verdict)
    case .vmap(let key, let data): return "\(text(key)) vmap \(map(data, key, nil))"
    case .mangle(let key, let value):
      var own = shape(key)
      if case .raw = key { own = Shape(.lladdr, bits: own?.bits) }
      return "\(text(key)) set \(text(value, own))"
    case .reset(let name): return "reset tcp option \(name)"
    case .synproxy(let synproxy):
      return
        (["synproxy"] + (synproxy.mss.map { ["mss \($0)"] } ?? [])
        + (synproxy.wscale.map { ["wscale \($0)"] } ?? []) + synproxy.flags.map(\.rawValue)).joined(
          separator: " ")
    case .counter(let packets, let bytes):
      return showsCounts ? "counter packets \(packets) bytes \(bytes)" : "counter"
    case .quota(let quota): return text(quota)
    case .limit(let limit): return text(limit)
    case .log(let log): return text(log)
    case .reject(let reject): return text(reject)
    case .nat(let nat): return text(nat)
    case .tproxy(let family, let address, let port):
      let kind = family == .ip6 || scope.family == .ip6 && family == nil
      return "tproxy" + (family.map { " \($0.rawValue)" } ?? "") + " to "
        + place(address, port, Shape(kind ? .ipv6 : .ipv4))
    case .notrack: return "notrack"
    case .dup(let address, let device):
      if scope.family == .netdev { return "dup to \(text(address, Shape(.ifindex)))" }
      let shape = Shape(scope.family == .ip6 ? .ipv6 : .ipv4)
      return "dup to \(text(address, shape))"
        + (device.map { " device \(text($0, Shape(.ifindex)))" } ?? "")
    case .fwd(let device, let family, let address):
      let to = text(device, Shape(.ifindex))
      guard let address else { return "fwd to \(to)" }
      let shape = Shape(family == .ip6 ? .ipv6 : .ipv4)
      return "fwd" + (family.map { " \($0.rawValue)" } ?? "")
        + " to \(text(address, shape)) device \(to)"
    case .queue(let number, let flags):
      var parts = ["queue"]
      if !flags.isEmpty { parts.append("flags \(flags.map(\.rawValue).joined(separator: ","))") }
      if let number { parts.append("to \(text(number))") }
      return parts.joined(separator: " ")
    case .update(let operation, let set, let element):
      let type = scope.sets[set]
      // Counts of zero are left out.
      return "\(operation.rawValue) @\(set) { \(text(element, type?.key, type?.data)) }"
        .replacing("counter packets 0 bytes 0", with: "counter")
    case .meter(let meter):
      return "meter \(meter.name) size \(meter.size) { \(text(meter.element, nil, nil)) }"
        .replacing("counter packets 0 bytes 0", with: "counter")
    case .object(let kind, let name):
      let what =
        switch kind {
        case .ctHelper, .ctTimeout, .ctExpectation: "\(kind.rawValue) set"
        case .secmark: "meta secmark set"
        case .counter, .quota, .limit, .synproxy: "\(kind.rawValue) name"
        }
      return "\(what) \(text(name, Shape(.ifname)))"
    case .flow(let name): return "flow add @\(name)"
    case .connectionCount(let count, let isOver):
      return "ct count \(isOver ? "over " : "")\(count)"
    case .last: return "last"
    }
  }

  private func match(
    _ relation: Nftables.Relation, _ left: Nftables.Expression, _ right: Nftables.Expression
  ) -> String {
    var shape = shape(left)
    // Raw bytes are written as they are.
    if left.isRaw { shape = Shape(.lladdr, bits: shape?.bits) }
    if case .binary(.and, let field, .list(let mask)) = left, mask.count > 1,
      relation == .equal || relation == .notEqual, !isSet(right)
    {
      let op = relation == .notEqual ? "!= " : ""
      return "\(text(field)) \(op)\(flags(right, shape)) / \(flags(.list(mask), shape))"
    }
    var value = isSet(right) ? map(right, left, nil) : flags(right, shape)
    // All of these flags, and no others.
    if case .list(let flags) = right, relation != .in, relation != .none {
      value = flags.map { text($0, shape) }.joined(separator: " | ")
    }
    switch relation {
    case .in: return "\(text(left)) \(value)"
    case .equal:
      let isBare = !left.isOperation && !isSingleFlag(right, shape)
      return "\(text(left)) \(isBare || isSet(right) && !left.isOperation ? "" : "== ")\(value)"
    default: return "\(text(left)) \(relation.rawValue) \(value)"
    }
  }

  private func flags(_ expression: Nftables.Expression, _ shape: Shape?) -> String {
    guard case .list(let members) = expression else { return text(expression, shape) }
    return members.map { text($0, shape) }.joined(separator: ",")
  }

  private func isSet(_ expression: Nftables.Expression) -> Bool {
    switch expression {
    case .set, .reference: true
    default: false
    }
  }

  private func isSingleFlag(_ expression: Nftables.Expression, _ shape: Shape?) -> Bool {
    guard let type = shape?.type, type.base == .bitmask, type != .bitmask else { return false }
    switch expression {
    case .symbol, .number: return true
    default: return false
    }
  }

  private func text(_ log: Nftables.Log) -> String {
    var parts = ["log"]
    if let prefix = log.prefix { parts.append("prefix \"\(prefix)\"") }
    if let group = log.group { parts.append("group \(group)") }
    if let snaplen = log.snaplen { parts.append("snaplen \(snaplen)") }
    if let threshold = log.queueThreshold { parts.append("queue-threshold \(threshold)") }
    if let level = log.level { parts.append("level \(level.rawValue)") }
    if log.flags == [.all] {
      parts.append("flags all")
    } else {
      let flags = log.flags.map(\.rawValue)
      let tcp = flags.filter { $0.hasPrefix("tcp ") }.map { $0.dropFirst(4) }
      if !tcp.isEmpty { parts.append("flags tcp \(tcp.joined(separator: ","))") }
      for flag in flags where !flag.hasPrefix("tcp ") { parts.append("flags \(flag)") }
    }
    return parts.joined(separator: " ")
  }

  private func text(_ limit: Nftables.Limit) -> String {
    let units: [UInt64: String] = [
      1: "second", 60: "minute", 3600: "hour", 86400: "day", 604800: "week",
    ]
    let per = units[limit.per] ?? "\(limit.per) seconds"
    let over = limit.isOver ? "over " : ""
    if !limit.isBytes {
      let burst = limit.burst == 5 || limit.burst == 0 ? "" : " burst \(limit.burst) packets"
      return "limit rate \(over)\(limit.rate)/\(per)\(burst)"
    }
    let burst = limit.burst == 0 ? "" : " burst \(Self.bytes(UInt64(limit.burst)))"
    return "limit rate \(over)\(Self.bytes(limit.rate))/\(per)\(burst)"
  }

  private func text(_ quota: Nftables.Quota) -> String {
    let used = quota.used == 0 ? "" : " used \(Self.bytes(quota.used))"
    return "quota \(quota.isOver ? "over " : "")\(Self.bytes(quota.bytes))\(used)"
  }

  /// In the largest unit that divides it.
  static func bytes(_ count: UInt64) -> String {
    if count != 0, count % (1 << 20) == 0 { return "\(count >> 20) mbytes" }
    if count != 0, count % (1 << 10) == 0 { return "\(count >> 10) kbytes" }
    return "\(count) bytes"
  }

  private func text(_ reject: Nftables.Reject) -> String {
    guard let type = reject.type else { return "reject" }
    let kind: DataType
    switch type {
    case .tcpReset: return "reject with tcp reset"
    case .icmp: kind = .icmpCode
    case .icmpv6: kind = .icmpv6Code
    case .icmpx: kind = .icmpxCode
    }
    let isDefault =
      type == (scope.family == .ip ? .icmp : scope.family == .ip6 ? .icmpv6 : .icmpx)
    guard let code = reject.code else { return "reject" }
    if isDefault, code == .symbol("port-unreachable") { return "reject" }
    return "reject with \(type.rawValue) \(text(code, Shape(kind)))"
  }

  private func text(_ nat: Nftables.NAT) -> String {
    var text = nat.kind.rawValue
    let isV6 = nat.family == .ip6 || nat.family == nil && scope.family == .ip6
    if let family = nat.family {
      text += " \(family.rawValue)"
    } else if leadsToMore(nat.address) {
      text += isV6 ? " ip6" : " ip"
    }
    if nat.flags.contains(.netmap) { text += " prefix" }
    if nat.address != nil || nat.port != nil {
      text += " to \(place(nat.address, nat.port, Shape(isV6 ? .ipv6 : .ipv4)))"
    }
    let flags = nat.flags.filter { $0 != .netmap }
    if !flags.isEmpty { text += " \(flags.map(\.rawValue).joined(separator: ","))" }
    return text
  }

  /// nft always prints the family for a map to intervals, or to addresses and ports.
  private func leadsToMore(_ address: Nftables.Expression?) -> Bool {
    guard case .map(_, let data)? = address else { return false }
    switch data {
    case .reference(let name): return scope.sets[name]?.data?.isConcat == true
    case .set(let elements):
      return elements.contains { element in
        if case .concat? = element.data { return true }
        return element.data?.isInterval == true
      }
    default: return false
    }
  }

  /// `10.0.0.1:80`, `[fe80::1]:80`.
  private func place(
    _ address: Nftables.Expression?, _ port: Nftables.Expression?, _ shape: Shape
  ) -> String {
    var text = address.map { self.text($0, shape) } ?? ""
    guard let port else { return text }
    if shape.type == .ipv6, case .symbol? = address { text = "[\(text)]" }
    if shape.type == .ipv6, case .range(let low, let high)? = address {
      text = "[\(self.text(low, shape))]-[\(self.text(high, shape))]"
    }
    return text + ":\(self.text(port, Shape(.inetService)))"
  }
}
