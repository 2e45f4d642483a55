/// A question that is asked again and again; what comes of it is the signal `probe.NAME`.
public struct Probe: Hashable, Sendable {
  public var name: String
  /// From the start of one try to the start of the next.
  public var interval: Duration
  /// How long a try may take in all before it counts as failed.
  public var timeout: Duration
  /// Tries in a row that must succeed before the signal is up.
  public var rise: Int
  /// Tries in a row that must fail before the signal is down.
  public var fall: Int
  /// The first try starts after a random part of it; nil: of the interval.
  public var jitter: Duration?
  /// The address to ask from; nil: the kernel's choice.
  public var source: IPAddress?
  /// The link that questions leave by (`SO_BINDTODEVICE`).
  public var link: LinkName?
  /// The mark of its packets (`SO_MARK`).
  public var mark: Mark?
  public var question: Question

  public init(name: String, question: Question) {
    self.name = name
    self.question = question
    interval = .seconds(1)
    timeout = .milliseconds(750)
    rise = 2
    fall = 2
  }

  /// What is asked, and which answer is good.
  public enum Question: Hashable, Sendable {
    case http(HTTP)
    case tcp(TCP)
    case udp(UDP)
    case dns(DNS)
    case icmp(IPAddress)
    case exec(Exec)
    case file(File)
    case gluetun(Gluetun)
  }

  /// A request over HTTP/1.1, in the clear or over TLS.
  public struct HTTP: Hashable, Sendable {
    public var address: IPAddress
    public var port: UInt16
    public var method: String
    /// With its query.
    public var path: String
    /// The `Host` header; nil: the address and port.
    public var host: String?
    public var headers: [Header]
    public var credentials: Credentials?
    /// The good statuses.
    public var statuses: [ClosedRange<Int>]
    /// What a good body contains.
    public var body: String?
    public var tls: TLS?

    public init(address: IPAddress, port: UInt16, tls: TLS? = nil) {
      self.address = address
      self.port = port
      self.tls = tls
      method = "GET"
      path = "/"
      headers = []
      statuses = [200...299]
    }

    public struct Header: Hashable, Sendable {
      public var name: String
      public var value: String

      public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
      }
    }
  }

  public struct TLS: Hashable, Sendable {
    /// Whether the certificate must be good for the name.
    public var isVerified: Bool
    /// The name to ask for (SNI) and to verify; nil: the `Host`'s, if it is a name.
    public var serverName: String?
    /// A file of certificates to trust, in PEM; nil: the system's.
    public var authorities: String?

    public init(isVerified: Bool = true, serverName: String? = nil, authorities: String? = nil) {
      self.isVerified = isVerified
      self.serverName = serverName
      self.authorities = authorities
    }
  }

  /// Read from a file at each try, so that a rotated secret counts and none is in the state file.
  public enum Credentials: Hashable, Sendable {
    /// A file with `USER:PASSWORD` (RFC 7617).
    case basic(file: String)
    /// A file with the key for the header `X-API-Key`.
    case apiKey(file: String)
  }

  /// A connection; good when it opens and, where something is expected, that comes.
  public struct TCP: Hashable, Sendable {
    public var address: IPAddress
    public var port: UInt16
    public var send: String?
    /// What the answer contains.
    public var expect: String?

    public init(address: IPAddress, port: UInt16) {
      self.address = address
      self.port = port
    }
  }

  /// A datagram; good when an answer comes that has what is expected.
  public struct UDP: Hashable, Sendable {
    public var address: IPAddress
    public var port: UInt16
    public var send: String
    /// What the answer contains; nil: any answer.
    public var expect: String?

    public init(address: IPAddress, port: UInt16, send: String) {
      self.address = address
      self.port = port
      self.send = send
    }
  }

  /// A question to a name server (RFC 1035).
  public struct DNS: Hashable, Sendable {
    public enum Transport: String, Hashable, Sendable, CaseIterable {
      case udp, tcp
    }

    public var address: IPAddress
    public var port: UInt16
    public var transport: Transport
    public var name: String
    /// `A`, `AAAA`, `TXT` and so on, by the number of RFC 1035, 3.2.2.
    public var type: UInt16
    /// The good response code: 0 is NOERROR, 3 NXDOMAIN.
    public var rcode: UInt8
    /// An address that must be among the answers.
    public var answer: IPAddress?

    public init(address: IPAddress, name: String) {
      self.address = address
      self.name = name
      port = 53
      transport = .udp
      type = 1
      rcode = 0
    }
  }

  /// A command without a shell; good when it exits with 0.
  public struct Exec: Hashable, Sendable {
    /// The program's path and its arguments.
    public var command: [String]

    public init(command: [String]) { self.command = command }
  }

  /// A file that something else keeps; good when it is there and all that is stated holds.
  public struct File: Hashable, Sendable {
    public var path: String
    /// What it contains.
    public var content: String?
    /// The time since it was last changed.
    public var maxAge: Duration?

    public init(path: String) { self.path = path }
  }

  /// gluetun, asked in both ways that it can be, since each alone lies: its health server and the
  /// VPN's status. Its public address and forwarded ports are read as well.
  public struct Gluetun: Hashable, Sendable {
    public var address: IPAddress
    public var healthPort: UInt16
    public var controlPort: UInt16
    /// For the control server (`X-API-Key` or basic).
    public var credentials: Credentials?

    public init(address: IPAddress) {
      self.address = address
      healthPort = 9999
      controlPort = 8000
    }
  }
}
