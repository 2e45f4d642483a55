/// A VXLAN's forwarding entry: the endpoint behind which a MAC address is (`bridge fdb`).
///
/// The all-zero MAC stands for every unknown destination, and may have several endpoints.
public struct FDBEntry: Resource {
  public var link: LinkName
  public var mac: MACAddress
  public var dst: IPAddress
  /// Nil: the link's own.
  public var port: UInt16?
  /// Nil: the link's own.
  public var vni: UInt32?
  /// The link by which the endpoint is reached; nil: the routing table decides.
  public var via: LinkName?
  /// Made by somebody else: vpngw keeps it as stated, without our mark.
  public var isAdopted = false
  /// Observed only: it has our mark.
  public var isOwned = false

  public init(_ mac: MACAddress, link: LinkName, dst: IPAddress) {
    self.mac = mac
    self.link = link
    self.dst = dst
  }

  /// Entries for the all-zero MAC and for multicast MACs may have many endpoints, told apart by all
  /// their attributes (`vxlan_fdb_find_rdst`); other entries have one.
  public struct ID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let link: LinkName
    public let mac: MACAddress
    public let endpoint: Endpoint?

    public struct Endpoint: Hashable, Comparable, Sendable, CustomStringConvertible {
      let dst: IPAddress
      let port: UInt16?
      let vni: UInt32?
      let via: LinkName?

      public static func < (a: Endpoint, b: Endpoint) -> Bool {
        if a.dst != b.dst { return a.dst < b.dst }
        return (a.port ?? 0, a.vni ?? 0, a.via?.text ?? "")
          < (b.port ?? 0, b.vni ?? 0, b.via?.text ?? "")
      }

      public var description: String {
        "\(dst)" + (port.map { " port \($0)" } ?? "") + (vni.map { " vni \($0)" } ?? "")
          + (via.map { " via \($0)" } ?? "")
      }
    }

    public static func < (a: ID, b: ID) -> Bool {
      if a.link != b.link { return a.link < b.link }
      if a.mac != b.mac { return a.mac < b.mac }
      guard let bEndpoint = b.endpoint else { return false }
      return a.endpoint.map { $0 < bEndpoint } ?? true
    }

    public var description: String {
      "\(mac) dev \(link)" + (endpoint.map { " dst \($0)" } ?? "")
    }
  }

  public static let name = "fdb"
  public func mayChange(_ observed: FDBEntry) -> Bool { observed.isOwned || isAdopted }
  public var id: ID {
    ID(
      link: link, mac: mac,
      endpoint: mac.isZero || mac.isMulticast
        ? ID.Endpoint(dst: dst, port: port, vni: vni, via: via) : nil)
  }
  public var phase: Phase { .fdb }
  public var requirements: [Requirement] {
    [link, via].compactMap { $0.map(Requirement.link) }
  }

  public var takenForOurs: Self {
    var ours = self
    ours.isOwned = true
    return ours
  }
  public static var noun: String { "forwarding entry" }

  public static let properties: [Property<FDBEntry>] = [
    .identity("link") { $0.link },
    .identity("mac") { $0.mac },
    .exact("dst", .replacing) { $0.dst },
    .exact("port", .replacing) { $0.port },
    .exact("vni", .replacing) { $0.vni },
    .exact("via", .replacing) { $0.via },
    Property("adopt", value: { $0.isAdopted ? .bool(true) : nil }, agrees: { _, _ in true }),
  ]
}

extension NetworkState {
  public var fdb: [FDBEntry] {
    get { self[FDBEntry.self] }
    _modify { yield &self[FDBEntry.self] }
  }
}
