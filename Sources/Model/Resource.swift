/// A kernel object as a plain value: desired by a state file or observed in the kernel.
public protocol Resource: Hashable, Sendable {
  /// Identifies one object in the kernel. Its description is the object's title in plans, in
  /// iproute2's words.
  associatedtype ID: Hashable & Comparable & Sendable & CustomStringConvertible

  /// The kind's name in plans, logs and metrics: `route`.
  static var name: String { get }
  /// What sentences call an object of the kind, if not by its name.
  static var noun: String { get }
  var id: ID { get }
  /// Every key of the state file, in the order in which files and plans list them.
  static var properties: [Property<Self>] { get }
  /// Whether vpngw made it, by the mark that the kernel keeps. What is ours and no longer wanted is
  /// removed; what isn't ours is never removed.
  var isOwned: Bool { get }
  /// The observed object taken for ours: vpngw made it, whatever mark it has now.
  var takenForOurs: Self { get }
  /// Whether an object that was ours in the last pass stays ours when somebody has replaced it
  /// since.
  static var staysOursWhenReplaced: Bool { get }
  /// The value before vpngw changed it, for a kind that is never deleted: restored when the object
  /// is no longer wanted.
  var former: Self? { get }
  /// The observed object as an undo will want it again.
  var toRestore: Self { get }
  /// Whether the observed object of the same identity may be changed into this one. What somebody
  /// else made is left alone unless the file adopts it.
  func mayChange(_ observed: Self) -> Bool
  /// Who made it, for people: `proto dhcp`; nil if the kernel doesn't tell.
  var maker: String? { get }
  /// What must exist before this object can.
  var requirements: [Requirement] { get }
  /// What it provides for others.
  var provisions: [Provision] { get }
  /// Why the kernel would refuse it; nil if no reason is known.
  func objection(_ outlook: inout some Outlook) -> String?
  /// Whether the kernel silently drops it when its link changes in this way.
  func isLost(by loss: LinkLoss) -> Bool
  /// Removes from the list what can't exist without these links and nexthops; what is removed joins
  /// them.
  static func removeDependents(of gone: inout Cascade, from list: inout [Self])
  /// The object with its members (a route's hops, a group's nexthops) in these states; an unknown
  /// member stays as `present` has it. Nil if none is left.
  func keeping(_ states: [Signal.State], present: Self?) -> Self?
  /// Whether ``standing(under:isRenewed:)`` may change anything: asked for each of 100,000 objects.
  static var canBeLeased: Bool { get }
  /// The object as it stands while its condition is up. `isRenewed`: a daemon keeps it alive.
  func standing(under condition: Condition, isRenewed: Bool) -> Self
  /// The routing table that it is in or that it leads to.
  var routeTable: RouteTable? { get }
  /// Whether the way to change an object depends on others that are like it.
  static var dependsOnAlikes: Bool { get }
  /// Where several are deleted together, the highest is deleted first.
  var removalRank: Int { get }
  /// What a file states, with what its blueprints expand to.
  static func adding(_ blueprint: [Self], to stated: [Self]) -> [Self]
  /// Whether a file names things that it doesn't contain, such as secrets.
  static var needsSurroundings: Bool { get }
  /// Completed with what the file names.
  func completed(by surroundings: some Surroundings) throws(Incompleteness) -> Self
  /// Whether it needs IPVS.
  static var needsIPVS: Bool { get }
  /// Observed: whether somebody else made it or put something into it, which a change may destroy.
  var holdsOthersWork: Bool { get }
  /// When it is made, lowest first; removal goes in the reverse order.
  var phase: Phase { get }

  // Requirements, though no kind overrides them: the compiler then specialises them for each type,
  // which is several times as fast.

  /// The properties in which `observed` differs, in file order.
  func differences(from observed: Self) -> [Property<Self>]
  func agrees(with observed: Self) -> Bool
  /// What it states besides its identity, in file order.
  var statements: [Difference] { get }
}

extension Resource {
  public static var kind: Kind { Kind(Self.self) }
  public static var noun: String { name }
  public var holdsOthersWork: Bool { false }
  public static var staysOursWhenReplaced: Bool { true }
  public var former: Self? { nil }
  public var toRestore: Self { self }
  public var provisions: [Provision] { [] }
  public func objection(_ outlook: inout some Outlook) -> String? { nil }
  public func isLost(by loss: LinkLoss) -> Bool { false }

  public static func removeDependents(of gone: inout Cascade, from list: inout [Self]) {
    list.removeAll { gone.cause(of: $0) != nil }
  }

  public func keeping(_ states: [Signal.State], present: Self?) -> Self? { self }
  public static var canBeLeased: Bool { false }
  public func standing(under condition: Condition, isRenewed: Bool) -> Self { self }
  public var routeTable: RouteTable? { nil }
  public static var dependsOnAlikes: Bool { false }
  public var removalRank: Int { 0 }
  public static func adding(_ blueprint: [Self], to stated: [Self]) -> [Self] { stated + blueprint }
  public static var needsIPVS: Bool { false }
  public static var needsSurroundings: Bool { false }
  public func completed(by surroundings: some Surroundings) throws(Incompleteness) -> Self { self }

  public func mayChange(_ observed: Self) -> Bool { observed.isOwned }
  public var maker: String? { nil }

  public func differences(from observed: Self) -> [Property<Self>] {
    Self.properties.filter { !$0.agrees(self, observed) }
  }

  public func agrees(with observed: Self) -> Bool {
    self == observed || Self.properties.allSatisfy { $0.agrees(self, observed) }
  }

  public var statements: [Difference] {
    var statements: [Difference] = []
    for property in Self.properties where !property.isIdentity {
      if let details = property.details {
        statements += details(self, nil)
      } else if let value = property.value(self) {
        statements.append(Difference(property.name, old: nil, new: value))
      }
    }
    return statements
  }

  /// The object as a state file states it.
  public var members: [Value.Member] {
    Self.properties.compactMap { property in
      property.value(self).map { Value.Member(property.name, $0) }
    }
  }
}

/// The phases of building a network, each depending on those before it.
///
/// What protects comes first: it drops packets while everything else is half done.
public enum Phase: Int, Hashable, Sendable, Comparable {
  case guardRule, guardRoute, guardTable
  /// Writing `ip_forward` resets other sysctls (`Documentation/networking/ip-sysctl.rst`).
  case forwarding
  case sysctl
  /// Services come before the addresses that lead to them: otherwise this machine itself would
  /// answer a packet that arrives in between.
  case ipvs
  case link
  case linkSysctl
  case address, neighbor, fdb
  /// Routes without a gateway: gateways are reached through them.
  case onLinkRoute
  case nexthop, nexthopGroup
  case route, rule
  /// Tables that name links.
  case table
  /// Its link must be up.
  case ipvsDaemon

  public static func < (a: Phase, b: Phase) -> Bool { a.rawValue < b.rawValue }

  /// Whether objects are made in the order in which the file states them: of tables attached at one
  /// hook with one priority, the kernel asks the last one made first.
  public var keepsStatedOrder: Bool { self == .guardTable || self == .table }
}
