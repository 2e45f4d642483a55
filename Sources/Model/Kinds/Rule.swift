/// A routing policy rule (`ip rule`).
public struct Rule: ProtocolMarked {
  public enum Action: Hashable, Sendable {
    case lookup(RouteTable)
    /// Continues at the rule of that priority.
    case goto(UInt32)
    case nop, unreachable, blackhole, prohibit

    /// Whether it drops the packets that it matches.
    public var isDiscarding: Bool {
      switch self {
      case .unreachable, .blackhole, .prohibit: true
      default: false
      }
    }
  }

  public struct Selector: Hashable, Sendable {
    public var from: Prefix?
    public var to: Prefix?
    public var iif: LinkName?
    public var oif: LinkName?
    public var fwmark: Mark?
    /// `IPPROTO_*`.
    public var ipproto: UInt8?
    public var sport: PortRange?
    public var dport: PortRange?
    /// Nil: any.
    public var tos: UInt8?
    /// The rule applies to packets that don't match.
    public var isInverted = false

    public init() {}
  }

  public var family: Family
  /// 0 to 2^32 - 1; the lowest is asked first.
  public var priority: UInt32
  public var selector = Selector()
  public var action: Action
  /// Ignores a route found by a prefix of this length or less.
  public var suppressPrefixLength: UInt32?
  /// Nil: ours.
  public var `protocol`: RouteProtocol?

  public init(_ family: Family, priority: UInt32, _ action: Action) {
    self.family = family
    self.priority = priority
    self.action = action
  }

  /// The kernel identifies a rule by everything that it states.
  public struct ID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let family: Family
    public let priority: UInt32
    public let selector: Selector
    public let action: Action
    public let suppressPrefixLength: UInt32?

    public static func < (a: ID, b: ID) -> Bool {
      if a.family != b.family { return a.family < b.family }
      return a.priority != b.priority
        ? a.priority < b.priority : a.description < b.description
    }

    /// As `ip rule` prints it: `1000: from all fwmark 0x1900 lookup 50`.
    public var description: String {
      let named = selector.from ?? selector.to
      return (family == .inet6 && named == nil ? "inet6 " : "")
        + "\(priority): \(selector) \(action)"
        + (suppressPrefixLength.map { " suppress_prefixlength \($0)" } ?? "")
    }
  }

  public static let name = "rule"
  public var id: ID {
    ID(
      family: family, priority: priority, selector: selector, action: action,
      suppressPrefixLength: suppressPrefixLength)
  }
  public var phase: Phase { action.isDiscarding ? .guardRule : .rule }
  /// A rule is never changed: a rule that differs is another rule.
  public var isAdopted: Bool { false }
  public var requirements: [Requirement] { [] }

  /// A rule that differs is another rule.
  public static var staysOursWhenReplaced: Bool { false }
  public static var dependsOnAlikes: Bool { true }

  public var routeTable: RouteTable? {
    if case .lookup(let table) = action { table } else { nil }
  }

  /// The kernel may delete a rule that states more in place of one that states less.
  public var removalRank: Int { precision }

  public static let properties: [Property<Rule>] =
    [
      Property(
        "family", .identity,
        value: { ($0.selector.from ?? $0.selector.to) == nil ? $0.family.value : nil },
        agrees: { _, _ in true }),
      .identity("priority") { $0.priority },
    ]
    + selectors { $0.selector } + actions { $0.action } + [
      .identity("suppress_prefixlength") { $0.suppressPrefixLength },
      .stated("protocol") { $0.protocol },
    ]

  static func actions<R>(_ get: @escaping @Sendable (R) -> Action?) -> [Property<R>] {
    func flag(_ name: String, _ action: Action) -> Property<R> {
      .identity(name) { get($0) == action ? true : nil }
    }
    return [
      .identity("lookup") { if case .lookup(let table)? = get($0) { table } else { nil } },
      .identity("goto") { if case .goto(let priority)? = get($0) { priority } else { nil } },
      flag("nop", .nop), flag("unreachable", .unreachable), flag("blackhole", .blackhole),
      flag("prohibit", .prohibit),
    ]
  }

  static func selectors<R>(_ get: @escaping @Sendable (R) -> Selector) -> [Property<R>] {
    [
      .identity("not") { get($0).isInverted ? true : nil },
      .identity("from") { get($0).from },
      .identity("to") { get($0).to },
      .identity("iif") { get($0).iif },
      .identity("oif") { get($0).oif },
      .identity("fwmark") { get($0).fwmark },
      .identity("ipproto") { get($0).ipproto.map(IPProtocol.init) },
      .identity("sport") { get($0).sport },
      .identity("dport") { get($0).dport },
      .identity("tos") { get($0).tos },
    ]
  }
}

extension Rule.Selector: CustomStringConvertible {
  public var description: String {
    var words = isInverted ? ["not"] : []
    words += ["from", from?.ruleText ?? "all"]
    if let to { words += ["to", to.ruleText] }
    if let tos { words += ["tos", "0x" + String(tos, radix: 16)] }
    if let fwmark { words += ["fwmark", fwmark.description] }
    if let iif { words += ["iif", iif.text] }
    if let oif { words += ["oif", oif.text] }
    if let ipproto { words += ["ipproto", IPProtocol(ipproto).description] }
    if let sport { words += ["sport", sport.description] }
    if let dport { words += ["dport", dport.description] }
    return words.joined(separator: " ")
  }
}

extension Rule.Action: CustomStringConvertible {
  public var description: String {
    switch self {
    case .lookup(let table): "lookup \(table)"
    case .goto(let priority): "goto \(priority)"
    case .nop: "nop"
    case .unreachable: "unreachable"
    case .blackhole: "blackhole"
    case .prohibit: "prohibit"
    }
  }
}

extension Prefix {
  fileprivate var ruleText: String { isHost ? address.description : description }
}

extension Rule {
  /// Whether the kernel, asked to delete this rule, would delete the other one: it compares only
  /// what the request states, and neither `not` nor the target of `goto` (`rule_find`).
  public func isTaken(for other: Rule) -> Bool {
    func fits<V: Equatable>(_ asked: V?, _ present: V?) -> Bool {
      asked == nil || asked == present
    }
    func fits(_ asked: Prefix?, _ present: Prefix?) -> Bool {
      asked == nil || asked!.length == 0 || asked == present
    }
    let asked = other.selector
    let isActionEqual =
      switch (action, other.action) {
      case (.goto, .goto): true
      default: action == other.action
      }
    return family == other.family && priority == other.priority && isActionEqual
      && (other.protocol == .unspecified || `protocol` == other.protocol)
      && fits(asked.from, selector.from) && fits(asked.to, selector.to)
      && fits(asked.iif, selector.iif) && fits(asked.oif, selector.oif)
      && (asked.fwmark.map { $0.bits == 0 || $0.bits == selector.fwmark?.bits ?? 0 } ?? true)
      && (asked.fwmark.map { $0.mask == 0 || $0.mask == selector.fwmark?.mask ?? 0 } ?? true)
      && fits(asked.ipproto, selector.ipproto) && fits(asked.sport, selector.sport)
      && fits(asked.dport, selector.dport) && fits(asked.tos, selector.tos)
      && fits(other.suppressPrefixLength, suppressPrefixLength)
  }

  /// How much a request to delete it states. A rule that could be deleted in place of another one
  /// states at least as much, and so is deleted first.
  public var precision: Int {
    [
      selector.from?.length ?? 0 > 0, selector.to?.length ?? 0 > 0, selector.iif != nil,
      selector.oif != nil,
      selector.fwmark != nil, selector.ipproto != nil, selector.sport != nil,
      selector.dport != nil, selector.tos != nil, suppressPrefixLength != nil,
    ].count { $0 }
  }
}

extension NetworkState {
  public var rules: [Rule] {
    get { self[Rule.self] }
    _modify { yield &self[Rule.self] }
  }
}
