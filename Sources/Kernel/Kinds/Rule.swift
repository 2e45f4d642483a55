import Model
import Netlink

/// How rules are read, created and deleted.
enum RuleKind: KernelKind {
  static func observe(
    _ observation: Kernel.Observation, into observed: inout NetworkState
  ) throws(NetlinkError) {
    for family in Family.allCases {
      let found = try observation.socket.dump("rule show", RTM.getRule) {
        $0.ruleHeader(family: family.number)
      } parse: {
        parse($0, family)
      }
      var position = 0
      for (rule, isWhole) in found {
        if isWhole {
          observed.rules.append(rule)
          position += 1
        } else {
          observed.partialRules.append(PartialRule(rule, position: position))
        }
      }
    }
  }

  /// FRA_SPORT_MASK and FRA_DPORT_MASK, Linux 6.15; missing from Debian 12's headers.
  private static let portMasks: ClosedRange<UInt16> = 28...29

  /// A rule with attributes that we don't know is partial: it isn't ours, and stays.
  private static func parse(
    _ message: Message, _ family: Family
  ) -> (rule: Rule, isWhole: Bool)? {
    guard let header = message.rule, header.family == family.number else { return nil }
    var selector = Rule.Selector()
    var table = UInt32(header.table)
    var goto: UInt32?
    var mark: UInt32?
    var mask: UInt32?
    var rule = Rule(family, priority: 0, .nop)
    var origin: UInt8 = 0
    var isWhole = true
    for attribute in message.attributes(after: RuleHeader.length) {
      switch attribute.type {
      case FRA.src:
        selector.from = attribute.ipAddress.flatMap { Prefix($0, length: header.srcLength) }
      case FRA.dst:
        selector.to = attribute.ipAddress.flatMap { Prefix($0, length: header.dstLength) }
      case FRA.iif: selector.iif = LinkName(attribute.string)
      case FRA.oif: selector.oif = LinkName(attribute.string)
      case FRA.fwmark: mark = attribute.uint32
      case FRA.fwmask: mask = attribute.uint32
      case FRA.ipproto: selector.ipproto = attribute.uint8
      case FRA.sport: selector.sport = attribute.portRange
      case FRA.dport: selector.dport = attribute.portRange
      case FRA.priority: rule.priority = attribute.uint32 ?? 0
      case FRA.table: table = attribute.uint32 ?? table
      case FRA.goto: goto = attribute.uint32
      case FRA.protocol: origin = attribute.uint8 ?? 0
      case FRA.suppressPrefixLength:
        rule.suppressPrefixLength = attribute.uint32.flatMap { $0 == .max ? nil : $0 }
      case FRA.suppressGroup:
        if attribute.uint32 != .max { isWhole = false }
      // Newer kernels send a full mask for a single port.
      case portMasks where attribute.uint16 == .max: continue
      case FRA.l3mdev, FRA.uidRange, FRA.flow, FRA.tunnelID: isWhole = false
      default:
        // Selectors that are newer than this code (FRA_DSCP and later).
        if attribute.type > FRA.dport { isWhole = false }
      }
    }
    if mark != nil || mask != nil { selector.fwmark = Mark(mark ?? 0, mask: mask ?? .max) }
    selector.tos = header.tos == 0 ? nil : header.tos
    selector.isInverted = header.flags & RuleFlag.invert != 0
    switch header.action {
    case RuleAction.toTable: rule.action = .lookup(RouteTable(table))
    case RuleAction.goto: rule.action = .goto(goto ?? 0)
    case RuleAction.nop: rule.action = .nop
    case RuleAction.unreachable: rule.action = .unreachable
    case RuleAction.blackhole: rule.action = .blackhole
    case RuleAction.prohibit: rule.action = .prohibit
    default: isWhole = false
    }
    rule.selector = selector
    rule.protocol = .observed(origin)
    return (rule, isWhole)
  }

  static func command(_ rule: Rule, _ word: String, _ change: Change) -> String {
    "rule \(word) \(rule.id)"
  }

  /// Not exclusive: the kernel would refuse `from all` beside `from 10.0.0.0/8` (`rule_exists`).
  ///
  /// If the kernel could delete another rule in place of this one, that rule is first added a second
  /// time, and one more rule is deleted, so that it exists at all times.
  static func encode(_ change: Change, _ rule: Rule, from present: Rule?, _ encoder: Encoder) {
    for lookalike in change.lookalikes { request(.create, lookalike, .create, encoder) }
    let count = 1 + change.lookalikes.count
    for _ in 0..<count {
      request(change.verb, rule, change.verb == .delete ? [] : .create, encoder)
    }
  }

  private static func request(
    _ verb: Change.Verb, _ rule: Rule, _ flags: RequestFlags, _ encoder: Encoder
  ) {
    // ip rule add not from PREFIX to PREFIX tos TOS fwmark MARK/MASK iif LINK oif LINK
    //   ipproto N sport N-N dport N-N priority N protocol N ACTION suppress_prefixlength N
    encoder.batch.request(verb == .delete ? RTM.delRule : RTM.newRule, flags) {
      let selector = rule.selector
      var table: UInt32 = 0
      if case .lookup(let number) = rule.action { table = number.number }
      $0.ruleHeader(
        family: rule.family.number, dstLength: selector.to?.length ?? 0,
        srcLength: selector.from?.length ?? 0, tos: selector.tos ?? 0, table: table,
        action: rule.action.number, flags: selector.isInverted ? RuleFlag.invert : 0)
      $0.put(FRA.priority, rule.priority)
      if let from = selector.from { $0.put(FRA.src, from.address) }
      if let to = selector.to { $0.put(FRA.dst, to.address) }
      if let iif = selector.iif { $0.put(FRA.iif, iif.text) }
      if let oif = selector.oif { $0.put(FRA.oif, oif.text) }
      if let fwmark = selector.fwmark {
        $0.put(FRA.fwmark, fwmark.bits)
        $0.put(FRA.fwmask, fwmark.mask)
      }
      if let ipproto = selector.ipproto { $0.put(FRA.ipproto, ipproto) }
      if let sport = selector.sport { put($0, FRA.sport, sport) }
      if let dport = selector.dport { put($0, FRA.dport, dport) }
      if table != 0 { $0.put(FRA.table, table) }
      if case .goto(let priority) = rule.action { $0.put(FRA.goto, priority) }
      if let length = rule.suppressPrefixLength { $0.put(FRA.suppressPrefixLength, length) }
      $0.put(FRA.protocol, (rule.protocol ?? .vpngw).number)
    }
  }

  /// `struct fib_rule_port_range`, in host byte order.
  private static func put(_ batch: Batch, _ type: UInt16, _ ports: PortRange) {
    withUnsafeBytes(of: (ports.first, ports.last)) { batch.put(type, bytes: $0) }
  }
}

extension Rule.Action {
  fileprivate var number: UInt8 {
    switch self {
    case .lookup: RuleAction.toTable
    case .goto: RuleAction.goto
    case .nop: RuleAction.nop
    case .unreachable: RuleAction.unreachable
    case .blackhole: RuleAction.blackhole
    case .prohibit: RuleAction.prohibit
    }
  }
}

extension Attribute {
  fileprivate var portRange: PortRange? {
    guard payload.count >= 4, let first = uint16 else { return nil }
    return PortRange(first, payload.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
  }
}
