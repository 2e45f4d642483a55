/// An object of any kind.
public indirect enum Object: Hashable, Sendable {
  case sysctl(Sysctl)
  case link(Link)
  case address(Address)
  case neighbor(Neighbor)
  case fdb(FDBEntry)
  case nexthop(Nexthop)
  case route(Route)
  case rule(Rule)
  case table(NftablesTable)
  case ipvs(IPVSService)
  case ipvsTimeout(IPVSTimeout)
  case ipvsDaemon(IPVSDaemon)

  /// The value behind the case.
  public var resource: any Resource {
    switch self {
    case .sysctl(let value): value
    case .link(let value): value
    case .address(let value): value
    case .neighbor(let value): value
    case .fdb(let value): value
    case .nexthop(let value): value
    case .route(let value): value
    case .rule(let value): value
    case .table(let value): value
    case .ipvs(let value): value
    case .ipvsTimeout(let value): value
    case .ipvsDaemon(let value): value
    }
  }

  public var kind: Kind {
    switch self {
    case .sysctl: .sysctl
    case .link: .link
    case .address: .address
    case .neighbor: .neighbor
    case .fdb: .fdb
    case .nexthop: .nexthop
    case .route: .route
    case .rule: .rule
    case .table: .nftables
    case .ipvs: .ipvs
    case .ipvsTimeout: .ipvsTimeout
    case .ipvsDaemon: .ipvsDaemon
    }
  }

  public var phase: Phase {
    switch self {
    case .sysctl(let value): value.phase
    case .link(let value): value.phase
    case .address(let value): value.phase
    case .neighbor(let value): value.phase
    case .fdb(let value): value.phase
    case .nexthop(let value): value.phase
    case .route(let value): value.phase
    case .rule(let value): value.phase
    case .table(let value): value.phase
    case .ipvs(let value): value.phase
    case .ipvsTimeout(let value): value.phase
    case .ipvsDaemon(let value): value.phase
    }
  }

  public var id: ObjectID {
    switch self {
    case .sysctl(let value): .sysctl(value.id)
    case .link(let value): .link(value.id)
    case .address(let value): .address(value.id)
    case .neighbor(let value): .neighbor(value.id)
    case .fdb(let value): .fdb(value.id)
    case .nexthop(let value): .nexthop(value.id)
    case .route(let value): .route(value.id)
    case .rule(let value): .rule(value.id)
    case .table(let value): .table(value.id)
    case .ipvs(let value): .ipvs(value.id)
    case .ipvsTimeout(let value): .ipvsTimeout(value.id)
    case .ipvsDaemon(let value): .ipvsDaemon(value.id)
    }
  }
}

/// What identifies an object of any kind.
public enum ObjectID: Hashable, Sendable {
  case sysctl(Sysctl.ID)
  case link(Link.ID)
  case address(Address.ID)
  case neighbor(Neighbor.ID)
  case fdb(FDBEntry.ID)
  case nexthop(Nexthop.ID)
  case route(Route.ID)
  case rule(Rule.ID)
  case table(NftablesTable.ID)
  case ipvs(IPVSService.ID)
  case ipvsTimeout(IPVSTimeout.ID)
  case ipvsDaemon(IPVSDaemon.ID)

  public var kind: Kind {
    switch self {
    case .sysctl: .sysctl
    case .link: .link
    case .address: .address
    case .neighbor: .neighbor
    case .fdb: .fdb
    case .nexthop: .nexthop
    case .route: .route
    case .rule: .rule
    case .table: .nftables
    case .ipvs: .ipvs
    case .ipvsTimeout: .ipvsTimeout
    case .ipvsDaemon: .ipvsDaemon
    }
  }
}

extension ObjectID: Comparable {
  /// By kind, then in the kind's own order.
  public static func < (a: ObjectID, b: ObjectID) -> Bool {
    switch (a, b) {
    case (.sysctl(let a), .sysctl(let b)): a < b
    case (.link(let a), .link(let b)): a < b
    case (.address(let a), .address(let b)): a < b
    case (.neighbor(let a), .neighbor(let b)): a < b
    case (.fdb(let a), .fdb(let b)): a < b
    case (.nexthop(let a), .nexthop(let b)): a < b
    case (.route(let a), .route(let b)): a < b
    case (.rule(let a), .rule(let b)): a < b
    case (.table(let a), .table(let b)): a < b
    case (.ipvs(let a), .ipvs(let b)): a < b
    case (.ipvsTimeout(let a), .ipvsTimeout(let b)): a < b
    case (.ipvsDaemon(let a), .ipvsDaemon(let b)): a < b
    default: a.kind < b.kind
    }
  }
}

extension ObjectID: CustomStringConvertible {
  /// `link br0`, `route 10.0.0.0/8 table 57`.
  public var description: String {
    let title: String =
      switch self {
      case .sysctl(let id): id.description
      case .link(let id): id.description
      case .address(let id): id.description
      case .neighbor(let id): id.description
      case .fdb(let id): id.description
      case .nexthop(let id): id.description
      case .route(let id): id.description
      case .rule(let id): id.description
      case .table(let id): id.description
      case .ipvs(let id): id.description
      case .ipvsTimeout(let id): id.description
      case .ipvsDaemon(let id): id.description
      }
    return "\(kind.rawValue) \(title)"
  }
}
