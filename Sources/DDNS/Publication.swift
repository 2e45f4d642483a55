public import Addressing
public import Model

/// What the file says of the records under one name.
public struct Publication: OutputDeclaration {
  /// What the file calls it.
  public var key: String
  public var name: RecordName
  public var records: Records
  /// Whose addresses and ports are published, in the order in which a limit chooses among them.
  public var members: [PublicMember] = []
  /// Where the members come from; nil: nowhere.
  public var source: Source?
  /// Published besides.
  public var addresses: [IPAddress] = []
  /// The condition under which records are written; nil: always.
  public var when: Condition?
  /// In seconds; nil: the provider's choice.
  public var ttl: UInt32?
  /// How many records a set may have; nil: as many as there are.
  public var most: Int?
  public var empty = Empty.keep
  /// From one reading of what is published to the next, when nothing changes.
  public var check = Duration.seconds(300)
  /// How often it is written even if it is as it should be; nil: never.
  public var refresh: Duration?
  /// The least time between two writes.
  public var pause = Duration.zero
  /// How long an attempt may take in all.
  public var timeout = Duration.seconds(30)
  /// The wait after the first failure; it doubles with each.
  public var retry = Duration.seconds(1)
  public var provider: ProviderSettings

  public init(_ key: String, _ name: RecordName, _ records: Records, provider: ProviderSettings) {
    self.key = key
    self.name = name
    self.records = records
    self.provider = provider
  }

  /// What is published under the name.
  public enum Records: Hashable, Sendable {
    /// A, AAAA or both: the members' public addresses.
    case addresses(Set<RecordType>)
    /// SRV: one for each member and port.
    case services(priority: UInt16, weight: UInt16, port: Port, target: Template)
    /// TXT: one for each member, or each of its ports if the text names them.
    case texts(Template)
    /// HTTPS: one for each member and port.
    case bindings(Binding)
  }

  public struct Binding: Hashable, Sendable {
    public var priority: UInt16 = 1
    /// Nil: the name itself.
    public var target: Template?
    public var protocols: [String] = []
    /// Nil: 443.
    public var port: Port?
    /// Whether the members' addresses are stated as hints.
    public var hasHints = false

    public init() {}
  }

  public enum Port: Hashable, Sendable {
    case fixed(UInt16)
    /// Each of those that its VPN provider forwards to the member.
    case forwarded
  }

  public enum Source: Hashable, Sendable {
    /// The members of all blueprints that have public ones, or of the named group.
    case gateways(group: String?)
    case probes([Signal])
  }

  /// What to do when no member is alive.
  public enum Empty: Hashable, Sendable {
    /// The last records stay.
    case keep
    case remove
    case fallback([IPAddress])
  }

  public var signals: Set<Signal> {
    members.reduce(into: when?.signals ?? []) { $0.formUnion($1.signals) }
  }

  public var readSignals: Set<Signal> { Set(members.flatMap(\.readSignals)) }

  public var files: [String] { provider.files }

  public mutating func learn(_ blueprints: [any Blueprint]) {
    switch source {
    case .gateways(let group):
      members = blueprints.flatMap(\.publicMembers).filter { group == nil || $0.group == group }
    case .probes(let signals):
      members = signals.map(PublicMember.init(probe:))
    case nil: break
    }
  }

  public var types: Set<RecordType> {
    switch records {
    case .addresses(let types): types
    case .services: [.srv]
    case .texts: [.txt]
    case .bindings: [.https]
    }
  }

  public var limits: ProviderLimits {
    var limits = Providers.named(provider.type)?.limits(provider) ?? ProviderLimits()
    if nameServer != nil { limits.isReadable = true }
    return limits
  }

  /// Who is asked what is published, if the provider can't be.
  var nameServer: String? { provider.text(ProviderKey.nameServer.name) }

  /// How many records a set has at most.
  var limit: Int {
    min(most ?? .max, limits.most ?? .max)
  }
}

/// A text with `{gateway}`, `{address}` and `{port}` in it.
public struct Template: Hashable, Sendable {
  public let text: String
  public static let words = ["gateway", "address", "port"]

  /// Nil if a brace encloses anything else.
  public init?(_ text: String) {
    var rest = text[...]
    while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
      guard rest[open] == "{", let close = rest[open...].firstIndex(of: "}"),
        Self.words.contains(String(rest[rest.index(after: open)..<close]))
      else { return nil }
      rest = rest[rest.index(after: close)...]
    }
    self.text = text
  }

  func names(_ word: String) -> Bool { text.contains("{\(word)}") }

  func filled(_ values: [String: String]) -> String {
    values.reduce(text) { $0.replacing("{\($1.key)}", with: $1.value) }
  }
}
