/// A kind of kernel object, by the type of its values.
public struct Kind: Sendable {
  public let type: any Resource.Type

  init(_ type: any Resource.Type) { self.type = type }

  /// The registry: every kind, in the order in which plans list them.
  public static let all: [Kind] = [
    Kind(Sysctl.self),
    Kind(Link.self),
    Kind(WireGuard.self),
    Kind(Address.self),
    Kind(Neighbor.self),
    Kind(FDBEntry.self),
    Kind(Nexthop.self),
    Kind(Route.self),
    Kind(Rule.self),
    Kind(NftablesTable.self),
    Kind(IPVSService.self),
    Kind(IPVSTimeout.self),
    Kind(IPVSDaemon.self),
  ]

  private static let positions = Dictionary(
    uniqueKeysWithValues: all.enumerated().map { (ObjectIdentifier($1.type), $0) })

  /// Its position in ``all``.
  public var position: Int { Self.positions[ObjectIdentifier(type)]! }

  public var name: String { type.name }
}

extension Kind: Hashable, Comparable {
  public static func == (a: Kind, b: Kind) -> Bool { a.type == b.type }
  public static func < (a: Kind, b: Kind) -> Bool { a.position < b.position }
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(type)) }
}
