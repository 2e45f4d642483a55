/// A route of one table.
public struct Route: ProtocolMarked {
  /// `rtm_type` by iproute2's names.
  public enum RouteType: UInt8, CaseIterable, Hashable, Sendable, ValueConvertible {
    case unicast = 1
    case local = 2
    case blackhole = 6
    case unreachable = 7
    case prohibit = 8
    case `throw` = 9

    public var name: String {
      switch self {
      case .unicast: "unicast"
      case .local: "local"
      case .blackhole: "blackhole"
      case .unreachable: "unreachable"
      case .prohibit: "prohibit"
      case .throw: "throw"
      }
    }

    public init?(name: String) {
      guard let type = Self.allCases.first(where: { $0.name == name }) else { return nil }
      self = type
    }

    /// Whether it drops the packets that it matches.
    public var isDiscarding: Bool { self != .unicast && self != .local }
    public var value: Value { .string(name) }
  }

  /// A next hop.
  public struct Hop: Hashable, Sendable, ValueConvertible {
    /// A gateway, of the route's family or, for IPv4, an IPv6 one.
    public var via: IPAddress?
    public var dev: LinkName?
    /// 1 to 256; meaningful only with several hops.
    public var weight: UInt16 = 1
    /// The gateway is on the link, whatever the addresses say.
    public var isOnlink = false

    public init(via: IPAddress? = nil, dev: LinkName? = nil) {
      self.via = via
      self.dev = dev
    }

    public var value: Value {
      .members(
        (via.map { [.init("via", $0.value)] } ?? [])
          + (dev.map { [.init("dev", $0.value)] } ?? [])
          + (weight == 1 ? [] : [.init("weight", weight.value)])
          + (isOnlink ? [.init("onlink", .bool(true))] : []))
    }

    /// Without a stated link the kernel finds one by the gateway.
    func agrees(with observed: Hop) -> Bool {
      via == observed.via && weight == observed.weight && isOnlink == observed.isOnlink
        && (dev == observed.dev || dev == nil && via != nil)
    }
  }

  public var dst: Prefix
  public var table = RouteTable.main
  /// `metric`; the kernel reads IPv6's 0 as 1024.
  public var metric: UInt32
  public var tos: UInt8 = 0
  public var type = RouteType.unicast
  /// IPv4 only.
  public var scope: Scope
  /// The only hop; nil for a discarding route, a multipath route, or one by a nexthop object.
  public var hop: Hop?
  /// The hops of a multipath route; `hop` is then nil.
  public var hops: [Hop] = []
  /// The nexthop object's id.
  public var nhid: UInt32?
  public var src: IPAddress?
  /// In bytes; nil: the link's.
  public var mtu: UInt32?
  public var advmss: UInt32?
  /// Made by somebody else: vpngw keeps it as stated, and it stays theirs.
  public var isAdopted = false
  /// Nil: ours.
  public var `protocol`: RouteProtocol?
  /// Observed, and taken for ours: its protocol in the kernel, which must be named to delete it.
  public var kernelProtocol: RouteProtocol?

  public init(_ dst: Prefix, type: RouteType = .unicast, hop: Hop? = nil) {
    self.dst = dst
    self.type = type
    self.hop = hop
    metric = Self.defaultMetric(dst.family)
    scope = Self.defaultScope(dst.family, type, hasGateway: hop?.via != nil, isBare: hop == nil)
  }

  /// The metric that the kernel uses if none is stated: `IP6_RT_PRIO_USER` for IPv6.
  public static func defaultMetric(_ family: Family) -> UInt32 { family == .inet ? 0 : 1024 }

  /// The scope that iproute2 sends if none is stated: host for local routes, link for routes
  /// without a gateway.
  public static func defaultScope(
    _ family: Family, _ type: RouteType, hasGateway: Bool, isBare: Bool
  ) -> Scope {
    if family == .inet6 { return .global }
    switch type {
    case .local: return .host
    case .unicast: return hasGateway || isBare ? .global : .link
    default: return .global
    }
  }

  /// IPv4 identifies a route by its table, destination, metric and TOS. IPv6 has no TOS, and tells
  /// routes without a gateway apart by their link, and routes by nexthop objects by these
  /// (`rt6_duplicate_nexthop`); routes by gateways become one multipath route.
  public struct ID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let table: RouteTable
    public let dst: Prefix
    public let metric: UInt32
    public let tos: UInt8
    /// IPv6, without a gateway; discarding routes have `lo`, as in the kernel.
    public let dev: LinkName?
    /// IPv6, by a nexthop object.
    public let nhid: UInt32?

    public static func == (a: ID, b: ID) -> Bool {
      a.dst == b.dst && a.metric == b.metric && a.table == b.table && a.tos == b.tos
        && a.dev == b.dev && a.nhid == b.nhid
    }

    public static func < (a: ID, b: ID) -> Bool {
      if a.table != b.table { return a.table < b.table }
      if a.dst != b.dst { return a.dst < b.dst }
      if a.metric != b.metric || a.tos != b.tos { return (a.metric, a.tos) < (b.metric, b.tos) }
      if a.dev != b.dev { return (a.dev?.text ?? "") < (b.dev?.text ?? "") }
      return (a.nhid ?? 0) < (b.nhid ?? 0)
    }

    public var description: String {
      (dst.isDefault ? (dst.family == .inet6 ? "inet6 default" : "default") : dst.description)
        + (dev.map { $0 == .loopback ? "" : " dev \($0)" } ?? "")
        + (nhid.map { " nhid \($0)" } ?? "") + (tos == 0 ? "" : " tos 0x\(String(tos, radix: 16))")
        + (table == .main ? "" : " table \(table)")
        + (metric == Route.defaultMetric(dst.family) ? "" : " metric \(metric)")
    }

    /// What routes share among which the kernel chooses by their order.
    public var key: Key { Key(table: table, dst: dst, metric: metric, tos: tos) }

    public struct Key: Hashable, Sendable {
      let table: RouteTable
      let dst: Prefix
      let metric: UInt32
      let tos: UInt8
    }
  }

  public static let name = "route"
  public var id: ID {
    let isToldByWay = dst.family == .inet6 && hops.isEmpty && hop?.via == nil
    return ID(
      table: table, dst: dst, metric: metric, tos: tos,
      dev: isToldByWay && nhid == nil ? (type.isDiscarding ? .loopback : hop?.dev) : nil,
      nhid: isToldByWay ? nhid : nil)
  }

  /// IPv6: whether `NLM_F_REPLACE` may put one in the other's place (`rt6_qualify_for_ecmp`).
  /// Routes by gateways, except those from router advertisements, form a class of their own.
  public var isMultipathCapable: Bool {
    nhid == nil && (hop?.via != nil || !hops.isEmpty) && `protocol` != .routerAdvertisement
  }

  public var phase: Phase {
    // A route with a source can't be made before its address.
    if type.isDiscarding { return src == nil ? .guardRoute : .onLinkRoute }
    if nhid != nil || hop?.via != nil || hops.contains(where: { $0.via != nil }) { return .route }
    return .onLinkRoute
  }

  public var requirements: [Requirement] {
    var requirements: [Requirement] = []
    if let nhid { requirements.append(.nexthop(nhid)) }
    for hop in hop.map({ [$0] }) ?? hops {
      if let dev = hop.dev { requirements.append(.link(dev)) }
      if let via = hop.via, !hop.isOnlink { requirements.append(.reachable(via)) }
    }
    return requirements
  }

  public var takenForOurs: Self {
    var ours = self
    ours.kernelProtocol = self.protocol ?? kernelProtocol
    ours.protocol = nil
    return ours
  }
  public static var dependsOnAlikes: Bool { true }
  public var routeTable: RouteTable? { table }

  public func isLost(by loss: LinkLoss) -> Bool { loss == .goesDown || dst.family == .inet6 }

  /// A route with several hops keeps the others.
  public static func removeDependents(of gone: inout Cascade, from list: inout [Self]) {
    list = list.compactMap { route in
      if route.nhid.map(gone.has(nexthop:)) ?? false { return nil }
      let hops = route.allHops
      guard hops.contains(where: { gone.has($0.dev) }) else { return route }
      return route.keeping(hops.map { gone.has($0.dev) ? .down : .up }, present: nil)
    }
  }

  public static let properties: [Property<Route>] = [
    .exact("type", default: .unicast) { $0.type },
    Property("dst", .identity, value: { $0.dst.value }, agrees: { _, _ in true }),
    Property(
      "table", .identity, value: { $0.table == .main ? nil : $0.table.value },
      agrees: { _, _ in true }),
    Property(
      "metric", .identity,
      value: { $0.metric == defaultMetric($0.dst.family) ? nil : $0.metric.value },
      agrees: { _, _ in true }),
    Property(
      "tos", .identity, value: { $0.tos == 0 ? nil : $0.tos.value }, agrees: { _, _ in true }),
    Property(
      "via", value: { $0.hop?.via?.value }, agrees: { $0.hop?.via == $1.hop?.via }),
    Property(
      "dev", value: { $0.hop?.dev?.value },
      agrees: { desired, observed in
        desired.type.isDiscarding || desired.nhid != nil
          || desired.hop?.dev == nil && desired.hop?.via != nil
          || desired.hop?.dev == observed.hop?.dev
      }),
    Property(
      "onlink", value: { $0.hop?.isOnlink == true ? .bool(true) : nil },
      effective: { ($0.hop?.isOnlink ?? false).value },
      agrees: { ($0.hop?.isOnlink ?? false) == ($1.hop?.isOnlink ?? false) }),
    Property(
      "nexthops", value: { $0.hops.isEmpty ? nil : $0.hops.value },
      agrees: { desired, observed in
        desired.hops.count == observed.hops.count
          && zip(desired.hops, observed.hops).allSatisfy { $0.agrees(with: $1) }
      }),
    .exact("nhid") { $0.nhid },
    Property(
      "scope",
      value: { route in
        let usual = defaultScope(
          route.dst.family, route.type,
          hasGateway: route.hop?.via != nil || !route.hops.isEmpty, isBare: route.hop == nil)
        return route.scope == usual ? nil : route.scope.value
      },
      effective: { $0.scope.value },
      agrees: { $0.dst.family == .inet6 || $0.nhid != nil || $0.scope == $1.scope }),
    unstatedIsLeft("src") { $0.src },
    unstatedIsLeft("mtu") { $0.mtu },
    unstatedIsLeft("advmss") { $0.advmss },
    .stated("protocol") { $0.protocol },
    Property("adopt", value: { $0.isAdopted ? .bool(true) : nil }, agrees: { _, _ in true }),
  ]

  /// What isn't stated stays as it is in somebody else's route, such as the kernel's own for an
  /// address.
  private static func unstatedIsLeft<V: ValueConvertible>(
    _ name: String, _ get: @escaping @Sendable (Route) -> V?
  ) -> Property<Route> {
    Property(
      name, value: { get($0)?.value },
      agrees: { get($0) == get($1) || get($0) == nil && !$1.isOwned })
  }
}

extension NetworkState {
  public var routes: [Route] {
    get { self[Route.self] }
    _modify { yield &self[Route.self] }
  }
}

extension Route {
  public func objection(_ outlook: inout some Outlook) -> String? {
    if let src, let reason = outlook.objection(toSource: src) { return reason }
    guard type == .unicast else { return nil }
    if let hop {
      return outlook.objection(toWay: hop.via, hop.dev, isOnlink: hop.isOnlink, dst.family)
    }
    for hop in hops {
      if let reason = outlook.objection(
        toWay: hop.via, hop.dev, isOnlink: hop.isOnlink, dst.family)
      {
        return reason
      }
    }
    return nil
  }
}
