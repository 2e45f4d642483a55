/// A virtual service of IPVS: `ipvsadm -A`.
public struct IPVSService: Hashable, Sendable {
  /// What packets belong to it.
  public enum Match: Hashable, Sendable {
    /// `-t`, `-u`, `--sctp-service`.
    case address(IPAddress, port: UInt16, protocol: IPVSProtocol)
    /// `-f`: packets with this firewall mark, of one family.
    case mark(UInt32, Family)
  }

  public var match: Match
  /// The kernel module's name without `ip_vs_`: `wrr`, `mh`, `sh`.
  public var scheduler: String
  /// `mh-fallback`, `mh-port`, `sh-fallback`, `sh-port`, `ops`, `hashed`: sorted.
  public var flags: Set<Flag>
  /// How long a client stays with its server; nil: not persistent.
  public var persistence: Persistence?
  public var destinations: [IPVSDestination]

  public enum Flag: String, Hashable, Sendable, CaseIterable, Comparable {
    /// One-packet scheduling (UDP): each datagram anew.
    case ops
    /// The scheduler's own flags 1, 2 and 3, by their names for `sh` and `mh`.
    case fallback, port, flag3

    public static func < (a: Flag, b: Flag) -> Bool { a.rawValue < b.rawValue }
  }

  public struct Persistence: Hashable, Sendable {
    public var timeout: Duration
    /// Clients of one such network count as one: 32, or 128 for IPv6.
    public var prefixLength: Int
    /// `sip`, or nil.
    public var engine: String?

    public init(timeout: Duration, prefixLength: Int, engine: String? = nil) {
      self.timeout = timeout
      self.prefixLength = prefixLength
      self.engine = engine
    }
  }

  public init(_ match: Match, scheduler: String = "wlc") {
    self.match = match
    self.scheduler = scheduler
    flags = []
    destinations = []
  }
}

public enum IPVSProtocol: String, Hashable, Sendable, CaseIterable {
  case tcp, udp, sctp
}

/// A real server of a service: `ipvsadm -a`.
public struct IPVSDestination: Hashable, Sendable {
  /// How packets get there.
  public enum Forwarding: Hashable, Sendable {
    /// `-m`: by network address translation, both ways through the director.
    case masquerade
    /// `-g`: by the link layer, unchanged.
    case direct
    /// `-i`: in a tunnel.
    case tunnel(Tunnel)
  }

  public enum Tunnel: Hashable, Sendable {
    case ipip
    /// To a UDP port.
    case gue(port: UInt16, checksum: Checksum)
    case gre(checksum: Checksum)
  }

  public enum Checksum: String, Hashable, Sendable, CaseIterable {
    case none, plain, remote
  }

  public var address: IPAddress
  public var port: UInt16
  public var forwarding: Forwarding
  /// Its share; 0: no new connections.
  public var weight: UInt32
  /// Connections above which it gets no new ones, and below which it does again; 0: no limit.
  public var upperThreshold: UInt32
  public var lowerThreshold: UInt32

  public init(
    _ address: IPAddress, port: UInt16, forwarding: Forwarding = .masquerade, weight: UInt32 = 1
  ) {
    self.address = address
    self.port = port
    self.forwarding = forwarding
    self.weight = weight
    upperThreshold = 0
    lowerThreshold = 0
  }
}
