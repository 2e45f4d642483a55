/// A permanent entry of the ARP or neighbor discovery table, or a proxied address.
public struct Neighbor: ProtocolMarked {
  public var link: LinkName
  public var address: IPAddress
  /// Nil for a proxied address.
  public var mac: MACAddress?
  /// This machine answers for the address (`ip neighbor add proxy`).
  public var isProxy = false
  /// IPv6: the neighbor is a router.
  public var isRouter = false
  /// Made by somebody else: vpngw keeps it as stated, and it stays theirs.
  public var isAdopted = false
  /// Nil: ours.
  public var `protocol`: RouteProtocol?

  public init(_ address: IPAddress, link: LinkName) {
    self.address = address
    self.link = link
  }

  public struct ID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let link: LinkName
    public let address: IPAddress
    public let isProxy: Bool

    public static func < (a: ID, b: ID) -> Bool {
      if a.link != b.link { return a.link < b.link }
      return a.address != b.address ? a.address < b.address : !a.isProxy && b.isProxy
    }

    public var description: String { "\(isProxy ? "proxy " : "")\(address) dev \(link)" }
  }

  public static let name = "neighbor"
  public var id: ID { ID(link: link, address: address, isProxy: isProxy) }
  public var phase: Phase { .neighbor }

  public var requirements: [Requirement] { [.link(link)] }

  public func isLost(by loss: LinkLoss) -> Bool {
    loss == .endsIPv6 && address.family == .inet6
  }

  public static let properties: [Property<Neighbor>] = [
    .identity("link") { $0.link },
    .identity("address") { $0.address },
    .exact("mac") { $0.mac },
    .identity("proxy") { $0.isProxy ? true : nil },
    .exact("router", default: false) { $0.isRouter },
    .stated("protocol") { $0.protocol },
    Property("adopt", value: { $0.isAdopted ? .bool(true) : nil }, agrees: { _, _ in true }),
  ]
}

extension NetworkState {
  public var neighbors: [Neighbor] {
    get { self[Neighbor.self] }
    _modify { yield &self[Neighbor.self] }
  }
}
