/// Kernel objects by kind: all that a state file wants, or all that a kernel has.
public struct Configuration: Hashable, Sendable {
  public var sysctls: [Sysctl] = []
  public var links: [Link] = []
  public var addresses: [Address] = []
  public var neighbors: [Neighbor] = []
  public var fdb: [FDBEntry] = []
  public var nexthops: [Nexthop] = []
  public var routes: [Route] = []
  public var rules: [Rule] = []
  public var tables: [NftablesTable] = []
  /// Desired only: no rule may match one of these.
  public var absentRules: [RulePattern] = []
  public var ipvsServices: [IPVSService] = []
  public var ipvsTimeouts: [IPVSTimeout] = []
  public var ipvsDaemons: [IPVSDaemon] = []
  /// Desired only: routing tables that a blueprint fills, which nobody else may use.
  public var claimedTables: Set<RouteTable> = []
  /// Observed only: objects of others, and of the kernel, for which there are no words, by identity.
  public var wordless: [ObjectID: String] = [:]
  /// Observed only: rules of others for which there are no words.
  public var partialRules: [PartialRule] = []
  /// Desired only; nil: nothing is said about flows.
  public var flows: ServedFlows?
  /// Observed only: this kernel has no IPVS.
  public var lacksIPVS = false

  public init() {}

  /// Every object, kind by kind.
  public var objects: [Object] {
    Kind.allCases.flatMap(objects)
  }

  public func objects(of kind: Kind) -> [Object] {
    switch kind {
    case .sysctl: sysctls.map(Object.sysctl)
    case .link: links.map(Object.link)
    case .address: addresses.map(Object.address)
    case .neighbor: neighbors.map(Object.neighbor)
    case .fdb: fdb.map(Object.fdb)
    case .nexthop: nexthops.map(Object.nexthop)
    case .route: routes.map(Object.route)
    case .rule: rules.map(Object.rule)
    case .nftables: tables.map(Object.table)
    case .ipvs: ipvsServices.map(Object.ipvs)
    case .ipvsTimeout: ipvsTimeouts.map(Object.ipvsTimeout)
    case .ipvsDaemon: ipvsDaemons.map(Object.ipvsDaemon)
    }
  }

  public mutating func append(_ object: Object) {
    switch object {
    case .sysctl(let value): sysctls.append(value)
    case .link(let value): links.append(value)
    case .address(let value): addresses.append(value)
    case .neighbor(let value): neighbors.append(value)
    case .fdb(let value): fdb.append(value)
    case .nexthop(let value): nexthops.append(value)
    case .route(let value): routes.append(value)
    case .rule(let value): rules.append(value)
    case .table(let value): tables.append(value)
    case .ipvs(let value): ipvsServices.append(value)
    case .ipvsTimeout(let value): ipvsTimeouts.append(value)
    case .ipvsDaemon(let value): ipvsDaemons.append(value)
    }
  }
}
