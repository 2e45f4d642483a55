public import Model
public import Nftables

/// All entries of `services`.
public struct Services: Hashable, Sendable {
  public var list: [Service]

  public init(_ list: [Service] = []) { self.list = list }

  public var probes: [Probe] {
    Set(list.flatMap { $0.probes.values }).sorted { $0.name < $1.name }
  }

  /// Every signal that their expansion depends on.
  public var signals: Set<Signal> { list.reduce(into: []) { $0.formUnion($1.signals) } }

  /// The plain objects that they expand to.
  public struct Expansion: Hashable, Sendable {
    public var configuration = NetworkState()
    /// For what IPVS doesn't do; nil if there is nothing of that.
    public var table: Nftables.Table?
  }

  /// See ``Service/expanded(given:keeping:isOver:)``; `tables` are observed.
  public func expanded(
    given signals: [Signal: Signal.State], keeping observed: [IPVSService] = [],
    _ tables: [NftablesTable] = [], isOver: (Draining.ID) -> Bool = { _ in true }
  ) -> Expansion {
    var expansion = Expansion()
    if list.isEmpty { return expansion }
    let present = observed.byMatch
    expansion.configuration.sysctls = sysctls
    expansion.configuration.routes = routes
    expansion.configuration.ipvsServices = list.flatMap {
      $0.expanded(given: signals, keeping: present, isOver: isOver)
    }
    expansion.configuration.ipvsTimeouts = timeouts
    let flows = flows(given: signals)
    expansion.configuration.flows = flows.isEmpty ? nil : flows
    expansion.table = table(
      given: signals, keeping: present,
      tables.first { $0.id == Self.tableID })
    return expansion
  }

  public func drainings(
    given signals: [Signal: Signal.State], keeping observed: [IPVSService]
  ) -> [Draining] {
    if list.isEmpty { return [] }
    let present = observed.byMatch
    return list.flatMap { $0.drainings(given: signals, keeping: present) }
  }

  /// The real servers' ports behind these addresses, for servers that answer from the port that
  /// clients know.
  public func served(behind vips: Set<IPAddress>) -> Set<Gateways.Served> {
    var found: Set<Gateways.Served> = []
    for service in list where service.forwarding == .masquerade {
      for match in service.matches {
        guard case .address(let vip, let port, let `protocol`) = match, vips.contains(vip),
          `protocol` != .sctp
        else { continue }
        for server in service.servers(of: match) + [service.sorry].compactMap(\.self)
        where server.address.family == match.family && service.port(of: server, match) == port {
          found.insert(
            Gateways.Served(address: server.address, protocol: `protocol`, port: port))
        }
      }
    }
    return found
  }

  /// The addresses of all real servers.
  public var servers: Set<IPAddress> {
    Set(list.flatMap { ($0.servers + [$0.sorry].compactMap(\.self)).map(\.address) })
  }

  private var matches: [IPVSService.Match] { list.flatMap(\.matches) }
  private var isByIPVS: Bool { list.contains { $0.balancer == .ipvs } }

  /// Settings that measurements called for: without each of them flows didn't open, or didn't
  /// survive a failover.
  public var sysctls: [Sysctl] {
    if list.isEmpty { return [] }
    func sysctl(_ parts: String...) -> Sysctl { Sysctl(Sysctl.Key(parts: ["net"] + parts)!, "1") }
    var sysctls = [sysctl("ipv4", "ip_forward")]
    if matches.contains(where: { $0.family == .inet6 }) {
      sysctls.append(sysctl("ipv6", "conf", "all", "forwarding"))
    }
    sysctls += Sysctl.takeover
    guard isByIPVS else { return sysctls }
    return sysctls + [
      // Otherwise the answer's connection has no mark, and leaves by any gateway.
      sysctl("ipv4", "vs", "conntrack"),
      // A flow that began on another router may start in the middle here.
      sysctl("ipv4", "vs", "sloppy_tcp"),
      // Clients of a server that was removed learn of it at once.
      sysctl("ipv4", "vs", "expire_nodest_conn"),
    ]
  }

  /// IPVS's own 15 minutes for TCP would end idle flows that clients, gateways and conntrack still
  /// keep. For UDP, more than conntrack's 180 s above: a flow that only conntrack has forgotten
  /// opens again.
  private var timeouts: [IPVSTimeout] {
    guard isByIPVS else { return [] }
    return [
      IPVSTimeout(.tcp, .seconds(90_000)), IPVSTimeout(.tcpfin, .seconds(120)),
      IPVSTimeout(.udp, .seconds(300)),
    ]
  }

  /// The settings that exist only with IPVS.
  var ipvsSettings: [Sysctl.Key] {
    sysctls.map(\.key).filter { $0.parts.starts(with: ["net", "ipv4", "vs"]) }
  }

  /// IPVS sees packets for this machine only: the routes make addresses local that no link has.
  private var routes: [Route] {
    let aliases = list.filter { $0.balancer == .ipvs }.flatMap(\.aliases)
    return Set(aliases).sorted().map { alias in
      var route = Route(Prefix(alias), type: .local, hop: Route.Hop(dev: .loopback))
      route.table = .local
      return route
    }
  }
}
