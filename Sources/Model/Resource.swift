/// A kernel object as a plain value: desired by a state file or observed in the kernel.
public protocol Resource: Hashable, Sendable {
  /// What makes two values the same object of the kernel. Its description is the object's title
  /// in plans, in iproute2's words.
  associatedtype ID: Hashable & Comparable & Sendable & CustomStringConvertible

  static var kind: Kind { get }
  var id: ID { get }
  /// Every key of the state file, in the order in which files and plans list them.
  static var properties: [Property<Self>] { get }
  /// Whether vpngw made it, by the mark that the kernel keeps: what is ours and no longer wanted
  /// is removed, what isn't is never removed.
  var isOwned: Bool { get }
  /// Whether the observed object of the same identity may be changed into this one: what somebody
  /// else made stays, unless the file says that it is meant.
  func mayChange(_ observed: Self) -> Bool
  /// Who made it, for people: `proto dhcp`; nil where the kernel doesn't tell.
  var maker: String? { get }
  /// The objects that must exist before this one can.
  var requirements: [Requirement] { get }
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
