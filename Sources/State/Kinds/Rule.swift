internal import JSON
internal import Model

enum RuleKey: Int, ObjectKey {
  case absent, family, priority, not, from, to, iif, oif, fwmark, ipproto, sport, dport, tos
  case lookup, goto, nop, unreachable, blackhole, prohibit, suppressPrefixlength, `protocol`
  case when

  static let names = spelledNames()
  static let example = "{ \"priority\": 1000, \"from\": \"192.0.2.0/24\", \"lookup\": 57 }"
  static let actions: [RuleKey] = [.lookup, .goto, .nop, .unreachable, .blackhole, .prohibit]
}

/// The section holds rules, and patterns that no rule may match.
enum RuleSection: SectionReader {
  static let key = "rules"

  static func read(_ file: inout ObjectReader<FileKey>, into contents: inout Contents) {
    var rules = Section<Rule>(key)
    var patterns = Section<RulePattern>(key)
    _ = file.each(fileKey, of: Rule.noun) { (object: inout ObjectReader<RuleKey>, index) in
      let read = object.ruleOrPattern()
      let when = object.when()
      switch read {
      case .rule(let rule): rules.append(Declared(rule, when: when), at: .index(index))
      case .pattern(let pattern): patterns.append(Declared(pattern, when: when), at: .index(index))
      case nil: break
      }
    }
    contents[Rule.self] = rules
    contents.absentRules = patterns
  }

  static func check(_ check: CrossCheck) {
    check.checkIdentities(of: Rule.self)
    check.checkAbsentRules()
  }

  static func tree(_ state: NetworkState) -> Tree? {
    list(trees(of: Rule.self, state) + state.absentRules.map { Tree($0.members) })
  }
}

private enum RuleOrPattern {
  case rule(Rule)
  case pattern(RulePattern)
}

extension ObjectReader<RuleKey> {
  fileprivate mutating func ruleOrPattern() -> RuleOrPattern? {
    if has(.absent) {
      _ = optional(.absent, .flag)
      return pattern().map(RuleOrPattern.pattern)
    }
    return rule().map(RuleOrPattern.rule)
  }

  private mutating func rule() -> Rule? {
    let priority = required(.priority, .uint32(0, to: .max))
    let selector = selector()
    let family = family(selector)
    if !has(.family), !has(.from), !has(.to) {
      reportMissing(.family, ", \"inet\" or \"inet6\": neither \"from\" nor \"to\" tells it")
    }
    let action = action(priority)
    if first(of: RuleKey.actions) == nil {
      report("this rule needs an action: " + actionNames)
    }
    let suppressed = suppressedLength()
    let maker = optional(.protocol, .routeProtocol(findings.names))
    // The kernel identifies a rule by everything that it states, so a rule that was read in part
    // identifies none.
    guard isSound, let family, let priority, let action else { return nil }
    var rule = Rule(family, priority: priority, action)
    rule.selector = selector
    rule.suppressPrefixLength = suppressed
    rule.protocol = maker.map(RouteProtocol.init)
    return rule
  }

  private mutating func pattern() -> RulePattern? {
    var pattern = RulePattern()
    pattern.priority = optional(.priority, .uint32(0, to: .max))
    pattern.selector = selector()
    _ = family(pattern.selector)
    pattern.family = optional(.family, .family)
    pattern.action = action(pattern.priority)
    pattern.suppressPrefixLength = suppressedLength()
    pattern.protocol = optional(.protocol, .routeProtocol(findings.names)).map(RouteProtocol.init)
    var bare = RulePattern()
    bare.family = pattern.family
    if isSound, pattern == bare {
      let which = pattern.family.map { "\($0.rawValue) " } ?? ""
      report("an absent rule needs more to go by: this would remove every \(which)rule")
    }
    return isSound ? pattern : nil
  }

  private mutating func selector() -> Rule.Selector {
    var selector = Rule.Selector()
    selector.isInverted = optional(.not, .bool) ?? false
    selector.from = optional(.from, .selector)
    selector.to = optional(.to, .selector)
    selector.iif = optional(.iif, .link)
    selector.oif = optional(.oif, .link)
    selector.fwmark = optional(.fwmark, .mark)
    selector.ipproto = optional(.ipproto, .ipProtocol)
    // fib_rule_port_range_valid excludes 65535.
    selector.sport = optional(.sport, .ports(1, to: 65534))
    selector.dport = optional(.dport, .ports(1, to: 65534))
    selector.tos = optional(.tos, TosForm(range: 4...252))
    if let from = selector.from, let to = selector.to, from.family != to.family {
      report(.to, "\"\(to)\" is of another family than \"\(from)\"")
    }
    return selector
  }

  /// The stated family, or the one that an address tells.
  private mutating func family(_ selector: Rule.Selector) -> Family? {
    let told = (selector.from ?? selector.to)?.family
    guard has(.family) else { return checked(told, selector) }
    guard let stated = optional(.family, .family) else { return nil }
    if let told, told != stated {
      let key = selector.from == nil ? "to" : "from"
      report(.family, "must be \"\(told.rawValue)\", as \"\(key)\" is, or left out")
    }
    return checked(stated, selector)
  }

  private mutating func checked(_ family: Family?, _ selector: Rule.Selector) -> Family? {
    // fib4_rule_configure takes RFC 1349's four bits without ECN's (IPTOS_TOS_MASK).
    if family == .inet, let tos = selector.tos, tos & ~0x1c != 0 {
      report(.tos, "must be a multiple of 4 from 4 to 28 in an IPv4 rule, not the number \(tos)")
    }
    return family
  }

  private mutating func action(_ priority: UInt32?) -> Rule.Action? {
    if let first = first(of: RuleKey.actions) {
      refuse(RuleKey.actions.filter { $0 != first }) {
        "\($0) can't stand beside \"\(first.name)\": a rule has one action"
      }
    }
    if let table = optional(.lookup, .table(findings.names)) { return .lookup(table) }
    if let target = optional(.goto, .uint32(0, to: .max)) {
      if let priority, target <= priority {
        report(
          .goto, "must be above the rule's own priority, \(priority), not the number \(target)")
      }
      return .goto(target)
    }
    if optional(.nop, .flag) == true { return .nop }
    if optional(.unreachable, .flag) == true { return .unreachable }
    if optional(.blackhole, .flag) == true { return .blackhole }
    return optional(.prohibit, .flag) == true ? .prohibit : nil
  }

  private mutating func suppressedLength() -> UInt32? {
    if has(.suppressPrefixlength), !has(.lookup), let other = first(of: RuleKey.actions) {
      refuse(
        .suppressPrefixlength,
        "\"suppress_prefixlength\" is for rules with \"lookup\", not \"\(other.name)\"")
    }
    return optional(.suppressPrefixlength, .uint32(0, to: 128))
  }

  private var actionNames: String {
    Spelling.list(
      RuleKey.actions.map { "\"\($0.name)\"" + ($0 == .lookup || $0 == .goto ? "" : ": true") },
      "or")
  }
}

extension Form where Self == NumberForm<UInt8> {
  fileprivate static var ipProtocol: Self { ipProtocolForm }
}

private let ipProtocolForm = NumberForm<UInt8>(
  noun: "protocol", range: 1...255, known: IPProtocol.names.map { ($0.1, $0.0) })
