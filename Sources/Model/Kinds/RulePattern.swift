/// A pattern that no rule may match: every rule that has all that is stated here is removed,
/// whoever made it.
public struct RulePattern: Hashable, Sendable {
  /// Nil: either.
  public var family: Family?
  public var priority: UInt32?
  public var selector = Rule.Selector()
  public var action: Rule.Action?
  public var suppressPrefixLength: UInt32?
  /// Nil: made by anybody.
  public var `protocol`: RouteProtocol?

  public init() {}

  /// Every key of the state file, in its order.
  public static let properties: [Property<RulePattern>] =
    [
      .identity("absent") { _ in true },
      .identity("family") { $0.family },
      .identity("priority") { $0.priority },
    ] + Rule.selectors { $0.selector } + Rule.actions { $0.action } + [
      .identity("suppress_prefixlength") { $0.suppressPrefixLength },
      .identity("protocol") { $0.protocol },
    ]

  /// The pattern as a state file states it.
  public var members: [Value.Member] {
    Self.properties.compactMap { property in
      property.value(self).map { Value.Member(property.name, $0) }
    }
  }

  public func matches(_ rule: Rule) -> Bool {
    func fits<V: Equatable>(_ wanted: V?, _ present: V?) -> Bool {
      wanted == nil || wanted == present
    }
    let wanted = selector
    let present = rule.selector
    return fits(family, rule.family) && fits(priority, rule.priority) && fits(action, rule.action)
      && fits(suppressPrefixLength, rule.suppressPrefixLength)
      && fits(`protocol`, rule.protocol ?? .vpngw)
      && fits(wanted.from, present.from) && fits(wanted.to, present.to)
      && fits(wanted.iif, present.iif) && fits(wanted.oif, present.oif)
      && fits(wanted.fwmark, present.fwmark) && fits(wanted.ipproto, present.ipproto)
      && fits(wanted.sport, present.sport) && fits(wanted.dport, present.dport)
      && fits(wanted.tos, present.tos) && (!wanted.isInverted || present.isInverted)
  }
}
