/// A question that is asked again and again; the answers make the signal `probe.NAME`.
public struct Probe: Hashable, Sendable {
  public var name: String
  /// From the start of one attempt to the start of the next.
  public var interval: Duration
  /// How long an attempt may take in all before it fails.
  public var timeout: Duration
  /// How many attempts in a row must succeed before the signal is up.
  public var rise: Int
  /// How many attempts in a row must fail before the signal is down.
  public var fall: Int
  /// The first attempt starts after a random part of this; nil: of the interval.
  public var jitter: Duration?
  /// The address to ask from; nil: the kernel's choice.
  public var source: IPAddress?
  /// The link that questions leave by (`SO_BINDTODEVICE`).
  public var link: LinkName?
  /// The mark of its packets (`SO_MARK`).
  public var mark: Mark?
  /// Whether each attempt also reads what seldom changes: the forwarded ports.
  public var readsAlways = false
  public var question: Question
  /// Where the public address of whoever is probed is learnt: at most one for each family.
  public var addressSources: [AddressSource] = []

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
    /// Nobody: it succeeds while a public address is known.
    case address
  }

  /// A request over HTTP/1.1, with or without TLS.
  public struct HTTP: Hashable, Sendable {
    public var address: IPAddress
    public var port: UInt16
    public var method: String
    /// The path, with its query.
    public var path: String
    /// The `Host` header; nil: the address and port.
    public var host: String?
    public var headers: [Header]
    public var credentials: Credentials?
    /// The statuses that count as success.
    public var statuses: [ClosedRange<Int>]
    /// What the body must contain.
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
    /// Whether the certificate must be valid for the name.
    public var isVerified: Bool
    /// The name to send (SNI) and to verify; nil: the `Host`'s, if it is a name.
    public var serverName: String?
    /// A PEM file of certificates to trust; nil: the system's.
    public var authorities: String?

    public init(isVerified: Bool = true, serverName: String? = nil, authorities: String? = nil) {
      self.isVerified = isVerified
      self.serverName = serverName
      self.authorities = authorities
    }
  }

  /// Read from a file at each attempt, so that a rotated secret takes effect, and none is in the
  /// state file.
  public enum Credentials: Hashable, Sendable {
    /// A file with `USER:PASSWORD` (RFC 7617).
    case basic(file: String)
    /// A file with the key for the header `X-API-Key`.
    case apiKey(file: String)
  }

  /// A connection; succeeds when it opens and, if something is expected, that arrives.
  public struct TCP: Hashable, Sendable {
    public var address: IPAddress
    public var port: UInt16
    public var send: String?
    /// What the server must send.
    public var expect: String?

    public init(address: IPAddress, port: UInt16) {
      self.address = address
      self.port = port
    }
  }

  /// A datagram; succeeds when an answer arrives that contains what is expected.
  public struct UDP: Hashable, Sendable {
    public var address: IPAddress
    public var port: UInt16
    public var send: String
    /// What the answer must contain; nil: any answer will do.
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
    /// The expected response code: 0 is NOERROR, 3 NXDOMAIN.
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

  /// A command, run without a shell; succeeds when it exits with 0.
  public struct Exec: Hashable, Sendable {
    /// The program's path and its arguments.
    public var command: [String]

    public init(command: [String]) { self.command = command }
  }

  /// A file that something else maintains; succeeds while it is there and meets all that is stated.
  public struct File: Hashable, Sendable {
    public var path: String
    /// What it must contain.
    public var content: String?
    /// How long ago it may have been changed at most.
    public var maxAge: Duration?

    public init(path: String) { self.path = path }
  }

  /// gluetun, asked in both of its ways, since each alone can be wrong: its health server and the
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
