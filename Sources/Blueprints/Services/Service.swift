public import Model

/// Ports of virtual addresses in front of real servers: an entry of `services` in
/// `schemas/state.json`.
public struct Service: Hashable, Sendable {
  public var name: String
  public var vips: [IPAddress] = []
  /// Further virtual addresses that no link has: a route brings their packets to this machine.
  public var aliases: [IPAddress] = []
  public var ports: [UInt16] = []
  public var protocols: [IPVSProtocol] = [.tcp]
  /// Instead of addresses, ports and protocols: packets with these firewall marks.
  public var marks: [UInt32] = []
  /// The family of the marked packets; nil: the servers'.
  public var family: Family?
  public var servers: [Server]
  public var scheduler = "mh"
  public var flags: Set<IPVSService.Flag> = [.fallback]
  public var persistence: IPVSService.Persistence?
  public var forwarding = IPVSDestination.Forwarding.masquerade
  /// How servers are probed; one without a probe counts as alive.
  public var probes: [ProbeTarget: Probe] = [:]
  /// The least sum of the weights of live servers at which the service stays up; below it, the
  /// sorry server takes over.
  public var quorum: UInt32 = 1
  /// How far below the quorum the sum must fall for the quorum to be lost, and how far above it
  /// must rise to be regained.
  public var hysteresis: UInt32 = 0
  public var sorry: Server?
  public var onNone = OnNone.reject
  /// How long flows to a server that was removed from the file may continue.
  public var drain = Duration.seconds(300)
  public var inhibit = Inhibition.usual
  public var balancer = Balancer.ipvs

  public init(_ name: String, servers: [Server]) {
    self.name = name
    self.servers = servers
  }

  public struct Server: Hashable, Sendable {
    public var address: IPAddress
    /// Nil: the service's port.
    public var port: UInt16?
    public var weight: UInt32 = 1
    /// Gets no new flows, and keeps those it has.
    public var isDrained = false
    public var upperThreshold: UInt32 = 0
    public var lowerThreshold: UInt32 = 0
    /// Tells whether it is alive, instead of a probe.
    public var when: Condition?

    public init(_ address: IPAddress, port: UInt16? = nil) {
      self.address = address
      self.port = port
    }
  }

  /// Where a probe asks whether a real server is alive.
  public struct ProbeTarget: Hashable, Sendable {
    public var address: IPAddress
    public var port: UInt16
    /// Nil: a service by mark.
    public var `protocol`: IPVSProtocol?

    public init(_ address: IPAddress, port: UInt16, protocol: IPVSProtocol?) {
      self.address = address
      self.port = port
      self.protocol = `protocol`
    }
  }

  /// What clients get while no server is alive.
  public enum OnNone: String, Hashable, Sendable, CaseIterable {
    /// ICMP port unreachable, which IPVS sends by itself.
    case reject
    case drop
  }

  public enum Balancer: String, Hashable, Sendable, CaseIterable {
    case ipvs
    /// For kernels without IPVS: destination NAT by a map of buckets.
    case nft
  }
}

extension Service {
  /// The service's virtual addresses, ports and protocols, or marks, in canonical order.
  public var matches: [IPVSService.Match] {
    let addresses = (vips + aliases).flatMap { vip in
      ports.flatMap { port in
        protocols.map { IPVSService.Match.address(vip, port: port, protocol: $0) }
      }
    }
    let marked = family ?? servers.first?.address.family ?? .inet
    return addresses + marks.map { .mark($0, marked) }
  }

  /// The servers that a service of this family can reach: only tunnels cross families.
  func servers(of match: IPVSService.Match) -> [Server] {
    if case .tunnel = forwarding { return servers }
    return servers.filter { $0.address.family == match.family }
  }

  public func port(of server: Server, _ match: IPVSService.Match) -> UInt16 {
    if let port = server.port { return port }
    if case .address(_, let port, _) = match { return port }
    return 0
  }

  /// What tells whether the server is alive; nil if nothing does, and it counts as alive.
  public func condition(of server: Server, _ match: IPVSService.Match) -> Condition? {
    if let when = server.when { return when }
    let place = ProbeTarget(server.address, port: port(of: server, match), protocol: match.protocol)
    return probes[place].map { .signal($0.signal) }
  }

  /// Every signal that its expansion depends on.
  public var signals: Set<Signal> {
    servers.reduce(into: Set(probes.values.map(\.signal))) {
      $0.formUnion($1.when?.signals ?? [])
    }
  }
}

extension IPVSService.Match {
  var `protocol`: IPVSProtocol? {
    if case .address(_, _, let `protocol`) = self { `protocol` } else { nil }
  }
}
