/// IPVS's connection synchronisation, in one of its two roles: `ipvsadm --start-daemon`.
public struct IPVSDaemon: Resource {
  public enum Role: String, Hashable, Sendable, CaseIterable, Comparable, CustomStringConvertible {
    /// Sends its connections to the others.
    case master
    /// Receives the connections of others.
    case backup

    public static func < (a: Self, b: Self) -> Bool { a == .master && b == .backup }
    public var description: String { rawValue }
  }

  public var role: Role
  /// The link that the multicast traffic uses.
  public var link: LinkName
  /// Tells daemons on the same link apart; 0 hears all of them.
  public var syncID: UInt8
  /// The maximum length of a datagram; nil: by the link's MTU.
  public var maxLength: UInt16?
  public var group = Self.defaultGroup
  public var port = Self.defaultPort
  public var ttl = Self.defaultTTL
  /// Observed only: vpngw started it.
  public var isOwned = false

  // From ip_vs_sync.h and ip_vs_sync.c.
  public static let defaultGroup = IPAddress(v4: 0xe000_0051)
  public static let defaultPort: UInt16 = 8848
  public static let defaultTTL: UInt8 = 1

  public init(_ role: Role, link: LinkName, syncID: UInt8 = 0) {
    self.role = role
    self.link = link
    self.syncID = syncID
  }

  public static let name = "ipvs-sync"
  public var id: Role { role }
  public var phase: Phase { .ipvsDaemon }
  public var requirements: [Requirement] { [.link(link)] }

  public var takenForOurs: Self {
    var ours = self
    ours.isOwned = true
    return ours
  }
  public static var staysOursWhenReplaced: Bool { false }
  public static var needsIPVS: Bool { true }

  // A running daemon can't be changed: it is stopped and started again.
  public static let properties: [Property<IPVSDaemon>] = [
    .identity("role") { $0.role.rawValue },
    .exact("link", .replacing) { $0.link },
    .exact("id", .replacing, default: 0) { $0.syncID },
    Property(
      "maxlen", .replacing, value: { $0.maxLength?.value },
      agrees: { $0.maxLength == nil || $0.maxLength == $1.maxLength }),
    .exact("group", .replacing, default: defaultGroup) { $0.group },
    .exact("port", .replacing, default: defaultPort) { $0.port },
    .exact("ttl", .replacing, default: defaultTTL) { $0.ttl },
  ]
}

extension NetworkState {
  public var ipvsDaemons: [IPVSDaemon] {
    get { self[IPVSDaemon.self] }
    _modify { yield &self[IPVSDaemon.self] }
  }
}
