internal import JSON
internal import Model

extension Draft {
  /// An entry of `virtual_rules` or `static_rules`: the words of `ip rule`.
  mutating func addRule(_ statement: Statement, when: Tree?) {
    var rule = VirtualRule()
    var words = statement.words[...]
    while let word = words.popFirst() {
      if let reason = take(word, &words, &rule, statement) { return left(statement, reason) }
    }
    let told = rule.from?.family ?? rule.to?.family
    if let from = rule.from, let to = rule.to, from.family != to.family {
      return left(statement, "from and to are of two families")
    }
    // keepalived's own guess where nothing tells it.
    let family = told ?? rule.family ?? .inet
    if let tos = rule.numbers["tos"], tos > 252 || tos & 3 != 0 || family == .inet && tos > 28 {
      return left(statement, "such a tos has no counterpart")
    }
    guard let action = rule.action else { return left(statement, "it has no action") }
    let priority = rule.numbers["priority"] ?? network.priority()
    if rule.numbers["priority"] == nil {
      note(
        statement.location,
        "a rule without a preference: it has \(priority), counted from 16384 in the order of the file"
      )
    }
    if case .integer(let target) = action.1, action.0 == "goto", target <= priority {
      return left(statement, "it leads back, to \(target)")
    }
    var members: [(String, Tree)] = [("priority", .integer(priority))]
    if told == nil { members.append(("family", .string(family.rawValue))) }
    if rule.isInverted { members.append(("not", true)) }
    if let from = rule.from { members.append(("from", .string(from.description))) }
    if let to = rule.to { members.append(("to", .string(to.description))) }
    members += rule.texts
    if let tos = rule.numbers["tos"], tos > 0 { members.append(("tos", .integer(tos))) }
    members.append(action)
    if let length = rule.numbers["suppress_prefixlength"] {
      guard action.0 == "lookup", length <= 128 else {
        return left(statement, "suppress_prefixlength is for rules that look up a table")
      }
      members.append(("suppress_prefixlength", .integer(length)))
    }
    if let place = network.take("rule \(Tree.object(members).text())", statement.location) {
      return left(statement, "there is one already (\(place))")
    }
    if let when { members.append(("when", when)) }
    network.append(rule: .object(members))
  }

  private mutating func left(_ statement: Statement, _ reason: String) {
    note(
      statement.location,
      "the rule \(shown(statement.words.joined(separator: " "))) is left out: \(reason)")
  }

  /// Why the rule can't be stated; nil: so far it can.
  private mutating func take(
    _ word: String, _ words: inout ArraySlice<String>, _ rule: inout VirtualRule,
    _ statement: Statement
  ) -> String? {
    switch word {
    case "not": rule.isInverted = true
    case "from", "to":
      let text = words.popFirst() ?? ""
      if ["all", "any", "default"].contains(text) { return nil }
      guard let prefix = Prefix(text) else { return "\(shown(text)) is no prefix" }
      if prefix.length == 0 {
        rule.family = rule.family ?? prefix.family
      } else if word == "from" {
        rule.from = prefix.network
      } else {
        rule.to = prefix.network
      }
    case "iif", "dev", "oif":
      guard let link = words.popFirst().flatMap(LinkName.init) else {
        return "\(word) without a link's name"
      }
      rule.texts.append((word == "oif" ? "oif" : "iif", .string(link.text)))
    case "fwmark":
      guard let mark = mark(words.popFirst() ?? "") else { return "not a mark" }
      rule.texts.append(("fwmark", .string("\(mark)")))
    case "ipproto", "ip_proto":
      let text = words.popFirst() ?? ""
      guard let number = UInt8(text) ?? VirtualRule.protocols[text.lowercased()], number > 0 else {
        return "not a protocol: \(shown(text))"
      }
      rule.texts.append(("ipproto", .integer(Int(number))))
    case "sport", "dport":
      guard let ports = words.popFirst().flatMap({ self.ports($0) }) else { return "not a port" }
      rule.texts.append((word, ports))
    case "tos", "dsfield", "preference", "priority", "order", "pref", "suppress_prefixlength",
      "suppress_prefixlen":
      let text = words.popFirst() ?? ""
      let number = text.hasPrefix("0x") ? UInt32(text.dropFirst(2), radix: 16) : UInt32(text)
      guard let number else { return "\(word) \(shown(text)) is no number" }
      rule.numbers[VirtualRule.keys[word] ?? "priority"] = Int(number)
    case "table", "lookup":
      guard let table = table(words.popFirst() ?? "") else { return Self.unknownTable }
      rule.action = ("lookup", UInt32(table).map { .integer(Int($0)) } ?? .string(table))
    case "goto":
      guard let target = words.popFirst().flatMap({ UInt32($0) }) else {
        return "goto without a preference"
      }
      rule.action = ("goto", .integer(Int(target)))
    case "nop", "blackhole", "unreachable", "prohibit": rule.action = (word, true)
    case "inet", "inet6": rule.family = Family(rawValue: word)
    case "type", "no_track": break
    case "track_group", "protocol", "realms":
      note(statement.location, "\(shown(word)) of a rule is not carried over")
      _ = words.popFirst()
    default: return "\(shown(word)) has no counterpart"
    }
    return nil
  }

  private func mark(_ text: String) -> Mark? {
    let numbers = text.split(separator: "/", omittingEmptySubsequences: false).map {
      $0.hasPrefix("0x") ? UInt32($0.dropFirst(2), radix: 16) : UInt32($0)
    }
    guard (1...2).contains(numbers.count), let bits = numbers[0],
      let mask = numbers.count == 2 ? numbers[1] : .max, mask != 0, bits & ~mask == 0
    else { return nil }
    return Mark(bits, mask: mask)
  }

  private func ports(_ text: String) -> Tree? {
    let ends = text.split(separator: "-").compactMap { UInt16($0) }
    guard (1...2).contains(ends.count), ends.allSatisfy({ (1...65_534).contains($0) }) else {
      return nil
    }
    guard ends.count == 2, ends[0] != ends[1] else { return .integer(Int(ends[0])) }
    return ends[0] < ends[1] ? .string("\(ends[0])-\(ends[1])") : nil
  }
}

private struct VirtualRule {
  var isInverted = false
  var from: Prefix?
  var to: Prefix?
  var family: Family?
  /// What it selects by, beside addresses.
  var texts: [(String, Tree)] = []
  var numbers: [String: Int] = [:]
  var action: (String, Tree)?

  static let keys = [
    "tos": "tos", "dsfield": "tos", "suppress_prefixlength": "suppress_prefixlength",
    "suppress_prefixlen": "suppress_prefixlength",
  ]
  static let protocols: [String: UInt8] = [
    "icmp": 1, "tcp": 6, "udp": 17, "ipv6-icmp": 58, "icmpv6": 58, "esp": 50, "ah": 51, "sctp": 132,
  ]
}
