/// Which flows through destination-NAT services continue: those to servers that are there.
///
/// Conntrack keeps a flow at its server for as long as packets arrive, whatever the map of buckets
/// says by then; a UDP client with a fixed port would ask a dead server for ever.
public struct ServedFlows: Hashable, Sendable {
  public struct Server: Hashable, Sendable {
    public var address: IPAddress
    public var port: UInt16

    public init(_ address: IPAddress, port: UInt16) {
      self.address = address
      self.port = port
    }
  }

  private struct Front: Hashable, Sendable {
    /// Servers that aren't known to be down, including those that get no new flows.
    var servers: Set<Server> = []
    /// Whether a new flow would reach a server.
    var isServed = false
  }

  private var fronts: [IPVSService.Match: Front] = [:]

  public var isEmpty: Bool { fronts.isEmpty }

  /// Whether a flow to the address has to start again. A flow that this machine itself answers
  /// began while no server was alive.
  public func isStale(
    to vip: IPAddress, port: UInt16, _ protocol: IPVSProtocol, answeredBy server: Server
  ) -> Bool {
    guard let front = fronts[.address(vip, port: port, protocol: `protocol`)] else { return false }
    if server == Server(vip, port: port) { return front.isServed }
    return !front.servers.contains(server)
  }

  /// The nftables table that leads to the servers.
  public let table: NftablesTable.ID

  public init(by table: NftablesTable.ID) { self.table = table }

  /// Adds an address and the servers behind it: all that aren't known to be down, including those
  /// that get no new flows. `isServed` tells whether a new flow would reach one.
  public mutating func add(_ match: IPVSService.Match, to servers: Set<Server>, isServed: Bool) {
    fronts[match] = Front(servers: servers, isServed: isServed)
  }
}
