/// Where a public address is learnt: stated, or asked of a host on the internet, which sees where the
/// question comes from.
public struct AddressSource: Hashable, Sendable {
  public var question: Question
  public var family: Family
  /// From the end of an attempt that succeeded to the start of the next.
  public var interval = Duration.seconds(60)
  /// How long an attempt may take in all, with the lookup of a name.
  public var timeout = Duration.seconds(5)
  /// As of a probe; where all three are nil, the probe's.
  public var source: IPAddress?
  public var link: LinkName?
  public var mark: Mark?

  public init(_ question: Question, _ family: Family) {
    self.question = question
    self.family = family
  }

  public enum Question: Hashable, Sendable {
    case fixed(IPAddress)
    case http(HTTP)
    case dns(DNS)
    /// A binding request over UDP (RFC 8489).
    case stun(HostPort)
  }

  /// A web page that says the address, as the whole text or in JSON.
  public struct HTTP: Hashable, Sendable {
    public var url: WebURL
    /// Where it is in the JSON (RFC 6901); nil: the answer is the address.
    public var pointer: String?
    /// A PEM file of certificates to trust; nil: the system's.
    public var authorities: String?

    public init(_ url: WebURL) { self.url = url }
  }

  /// A name that stands for whoever asks for it: an address in A, AAAA or TXT.
  public struct DNS: Hashable, Sendable {
    public var name: String
    public var server: HostPort
    public var type: UInt16
    /// 1: IN, 3: CH.
    public var recordClass: UInt16 = 1

    public init(_ name: String, at server: HostPort, type: UInt16) {
      self.name = name
      self.server = server
      self.type = type
    }
  }

  /// Whether it says by itself where its question comes from.
  public var hasOrigin: Bool { source != nil || link != nil || mark != nil }

  var authorities: String? {
    if case .http(let http) = question { http.authorities } else { nil }
  }

  /// Whether anybody is asked.
  public var isAsked: Bool {
    if case .fixed = question { false } else { true }
  }
}

extension Probe {
  /// Lets sources that don't say where their questions come from ask with a mark.
  public mutating func askAddresses(with mark: Mark) {
    for index in addressSources.indices
    where addressSources[index].isAsked && !addressSources[index].hasOrigin {
      addressSources[index].mark = mark
    }
  }
}
