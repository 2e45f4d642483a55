/// A kernel object as a plain value: desired by a state file or observed in the kernel.
public protocol Resource: Hashable, Sendable {
  /// What makes two values the same object of the kernel. Its description is the object's title
  /// in plans, in iproute2's words.
  associatedtype ID: Hashable & Comparable & Sendable & CustomStringConvertible

  /// The kind's name in plans, logs and metrics: `route`.
  static var name: String { get }
  /// What a sentence calls one of them, where that isn't the name.
  static var noun: String { get }
  var id: ID { get }
  /// Every key of the state file, in the order in which files and plans list them.
  static var properties: [Property<Self>] { get }
  /// Whether vpngw made it, by the mark that the kernel keeps: what is ours and no longer wanted
  /// is removed, what isn't is never removed.
  var isOwned: Bool { get }
  /// The same, observed, taken for ours: we made it, whatever mark it bears now.
  var takenForOurs: Self { get }
  /// Whether what was ours at the last look, and was replaced since, is still ours.
  static var staysOursWhenReplaced: Bool { get }
  /// What was there before vpngw wrote what is there now, of a kind that is never deleted: no longer
  /// wanted, it is as it was before.
  var former: Self? { get }
  /// As observed, to be wanted again by an undo.
  var toRestore: Self { get }
  /// Whether the observed object of the same identity may be changed into this one: what somebody
  /// else made stays, unless the file says that it is meant.
  func mayChange(_ observed: Self) -> Bool
  /// Who made it, for people: `proto dhcp`; nil where the kernel doesn't tell.
  var maker: String? { get }
  /// The objects that must exist before this one can.
  var requirements: [Requirement] { get }
  /// What of others' requirements it fulfils.
  var provisions: [Provision] { get }
  /// Why the kernel would refuse it; nil where nothing is known against it.
  func objection(_ outlook: inout some Outlook) -> String?
  /// Whether the kernel drops it without a word when its link changes so.
  func isLost(by loss: LinkLoss) -> Bool
  /// Takes from the list what can't be while these links and nexthops aren't; what goes joins them.
  static func removeDependents(of gone: inout Cascade, from list: inout [Self])
  /// With its members (a route's hops, a group's nexthops) in these states, of which what isn't known is
  /// left as `present` has it; nil where none is left.
  func keeping(_ states: [Signal.State], present: Self?) -> Self?
  /// The routing table that it is in or leads to.
  var routeTable: RouteTable? { get }
  /// Whether how one is changed depends on others that are like it.
  static var dependsOnAlikes: Bool { get }
  /// Of those that go together, the highest goes first.
  var removalRank: Int { get }
  /// What a file states, with what its blueprints add.
  static func adding(_ blueprint: [Self], to stated: [Self]) -> [Self]
  /// Whether a file names what it doesn't hold of it.
  static var needsSurroundings: Bool { get }
  /// With what the file names.
  func completed(by surroundings: some Surroundings) throws(Incompleteness) -> Self
  /// Whether it takes IPVS.
  static var needsIPVS: Bool { get }
  /// Observed: whether somebody else has put something in it, or made it, which a change may take away.
  var holdsOthersWork: Bool { get }
  /// When it is made, lowest first; it is removed in the reverse order.
  var phase: Phase { get }

  // Requirements, though nothing has them otherwise than below: so the compiler makes one for each
  // type, which is several times as fast.

  /// The properties that `observed` lacks or has otherwise, in file order.
  func differences(from observed: Self) -> [Property<Self>]
  func agrees(with observed: Self) -> Bool
  /// What it states beyond its identity, in file order.
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
    list.removeAll { gone.takes($0) }
  }

  public func keeping(_ states: [Signal.State], present: Self?) -> Self? { self }
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

/// The steps of making a network, each resting on those before it.
///
/// What protects comes first: while anything else is half done, it drops.
public enum Phase: Int, Hashable, Sendable, Comparable {
  case guardRule, guardRoute, guardTable
  /// Writing `ip_forward` resets other sysctls (`Documentation/networking/ip-sysctl.rst`).
  case forwarding
  case sysctl
  /// Services before the addresses that lead to them: a packet that comes in between would be
  /// answered by this machine.
  case ipvs
  case link
  case linkSysctl
  case address, neighbor, fdb
  /// Routes without a gateway: gateways are reached over them.
  case onLinkRoute
  case nexthop, nexthopGroup
  case route, rule
  /// Tables that name links.
  case table
  /// Its link must be up.
  case ipvsDaemon

  public static func < (a: Phase, b: Phase) -> Bool { a.rawValue < b.rawValue }

  /// Whether things are made in the order in which the file states them: of tables that hook in at
  /// one place with one priority, the kernel asks first the one that was made last.
  public var keepsStatedOrder: Bool { self == .guardTable || self == .table }
}
