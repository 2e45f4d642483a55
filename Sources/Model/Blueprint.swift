/// A short form in the state file that expands to plain objects: what it claims, what it expands to
/// for given signals, and what there is to report about it. A new one needs a line in State's
/// registry of sections and none elsewhere.
public protocol Blueprint: Hashable, Sendable {
  /// The section of the state file: `gateways`.
  static var section: String { get }
  /// Whether it can have ``counters``.
  static var countsDrops: Bool { get }

  // MARK: - Claims

  /// The probes that tell which of its members are alive.
  var probes: [Probe] { get }
  /// The signals whose readings it expands with.
  var readSignals: Set<Signal> { get }
  var parts: [BlueprintPart] { get }
  var claims: BlueprintClaims { get }
  /// Learns what it needs from the rest of the file: the addresses, whatever their conditions are,
  /// and the other blueprints.
  mutating func learn(addresses: [Address], others: [any Blueprint])
  mutating func learn(wireGuards: [WireGuard])
  /// The signals that it says itself, from others.
  var derivedSignals: [DerivedSignal] { get }
  /// Whether it names hosts.
  var needsSurroundings: Bool { get }
  /// With the addresses that its hosts have now.
  func completed(by surroundings: some Surroundings) -> Self
  /// Hosts that seem to be elsewhere by now.
  func deadHosts(given signals: [Signal: Signal.State]) -> Set<String>

  // MARK: - Expansion

  /// The plain objects that it expands to.
  func expanded(in context: BlueprintContext) -> NetworkState
  /// The members that get no new flows but may finish those they have.
  func drainings(
    given signals: [Signal: Signal.State], keeping observed: NetworkState
  ) -> [Draining]
  /// Whether the object is one of those that lead packets to its members.
  func owns(_ object: Object) -> Bool

  // MARK: - Statements

  /// What works differently from what one might expect, though nothing failed.
  func notes(in observed: NetworkState) -> [Trouble]
  /// What the file asks for that can't work as it is meant.
  func mistakes(in file: DesiredState) -> [Trouble]
  /// Its probes' signals tell about these: a gateway, a server.
  var subjects: [Signal: SignalSubject] { get }
  /// Whether its objects lead packets anywhere, group by group; empty if that question doesn't apply.
  func availabilities(
    in wanted: NetworkState, given signals: [Signal: Signal.State]
  ) -> [Availability]
  /// What must be up for the machine to do its work, which `GET /healthz` tells; nil if that
  /// question doesn't apply.
  var healthCondition: Condition? { get }
  /// The kernel's counters of what it dropped; nil if it drops nothing.
  var counters: DropCounters? { get }
  /// Its members whose public addresses can be published.
  var publicMembers: [PublicMember] { get }
  /// Networks whose hosts may not ask this machine for its status.
  func untrusted(in wanted: NetworkState) -> [Prefix]
}

extension Blueprint {
  public static var countsDrops: Bool { false }
  public var readSignals: Set<Signal> { [] }
  public mutating func learn(addresses: [Address], others: [any Blueprint]) {}
  public mutating func learn(wireGuards: [WireGuard]) {}
  public var derivedSignals: [DerivedSignal] { [] }
  public var needsSurroundings: Bool { false }
  public func completed(by surroundings: some Surroundings) -> Self { self }
  public func deadHosts(given signals: [Signal: Signal.State]) -> Set<String> { [] }
  public func drainings(
    given signals: [Signal: Signal.State], keeping observed: NetworkState
  ) -> [Draining] { [] }
  public func owns(_ object: Object) -> Bool { false }
  public func notes(in observed: NetworkState) -> [Trouble] { [] }
  public func mistakes(in file: DesiredState) -> [Trouble] { [] }
  public var subjects: [Signal: SignalSubject] { [:] }
  public func availabilities(
    in wanted: NetworkState, given signals: [Signal: Signal.State]
  ) -> [Availability] { [] }
  public var healthCondition: Condition? { nil }
  public var counters: DropCounters? { nil }
  public var publicMembers: [PublicMember] { [] }
  public func untrusted(in wanted: NetworkState) -> [Prefix] { [] }

  /// The signals that any of its parts depend on.
  public var signals: Set<Signal> { parts.reduce(into: []) { $0.formUnion($1.signals) } }

  func isEqual(to other: any Blueprint) -> Bool { (other as? Self) == self }
}

/// What a blueprint is expanded with.
public struct BlueprintContext {
  public let signals: [Signal: Signal.State]
  /// What inputs have read; a signal that it lacks has read nothing yet.
  public let readings: [Signal: SignalReading]
  public let observed: NetworkState
  /// The file's own objects, with their conditions decided.
  public let stated: NetworkState
  /// Whether a draining destination's time is over.
  public let isOver: (Draining.ID) -> Bool
}

/// A part of a blueprint that signals decide about.
public struct BlueprintPart: Hashable, Sendable {
  /// For people: `gateway gw0`.
  public let name: String
  public let signals: Set<Signal>
  /// What decides, if the signals decide together; nil: each on its own.
  private let when: Condition?

  public init(_ name: String, signals: Set<Signal>) {
    self.name = name
    self.signals = signals
    when = nil
  }

  public init(_ name: String, when: Condition) {
    self.name = name
    self.when = when
    signals = when.signals
  }

  public func isUndecided(given states: [Signal: Signal.State]) -> Bool {
    if let when { return when.state(given: states) == .unknown }
    return signals.contains { states[$0] ?? .unknown == .unknown }
  }
}

/// What a blueprint claims for itself: the rest of the file must leave it alone.
public struct BlueprintClaims: Hashable, Sendable {
  /// Claimed whatever the signals say.
  public var sysctls: [Sysctl] = []
  /// The nftables tables that it makes.
  public var tables: [NftablesTable.ID] = []
  public var routingTables: Set<UInt32> = []
  public var rules: [Rule] = []
  /// Within these priorities, no other rule may lead packets elsewhere.
  public var priorities: ClosedRange<UInt32>?
  public var marks: [ClosedRange<UInt32>] = []
  /// The links that it makes, which others may name.
  public var made: [LinkName] = []
  /// The links that it names, by the key of its section.
  public var links: [LinksOfKey] = []
  public var needsIPVS = false

  public struct LinksOfKey: Hashable, Sendable {
    public let key: String
    /// The position of the object with the key, if the section is a list.
    public let index: Int?
    public let links: [LinkName]

    public init(_ key: String, of index: Int? = nil, _ links: [LinkName]) {
      self.key = key
      self.index = index
      self.links = links
    }
  }

  public init() {}
}

/// Something to report about an object of the file or the kernel, in a sentence.
public struct Trouble: Hashable, Sendable {
  public let object: String
  public let reason: String

  public init(object: String, reason: String) {
    self.object = object
    self.reason = reason
  }
}

/// The member of a blueprint that a probe's signal is about.
public struct SignalSubject: Hashable, Sendable {
  public struct Word: Hashable, Sendable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// Members of the signal's status: `gateway`, `192.168.25.128`.
  public let words: [Word]
  /// Signals that must all be down as well before the loss of this one deserves a warning.
  public let peers: Set<Signal>
  /// What that loss means; nil if the signal says enough.
  public let loss: String?

  public init(_ words: [Word], peers: Set<Signal>, loss: String? = nil) {
    self.words = words
    self.peers = peers
    self.loss = loss
  }

  /// Whether the signal and all of its peers are down.
  public func isLost(given states: [Signal: Signal.State]) -> Bool {
    peers.allSatisfy { states[$0] == .down }
  }
}

/// How many of its members a blueprint leads packets to.
public struct Availability: Hashable, Sendable {
  /// As the status and the log call it: `egress`.
  public let name: String
  /// Of which group of members; nil: there is one alone.
  public let group: String?
  /// What its members are called: `gateways`.
  public let noun: String
  /// The names of the members that get new flows.
  public let leading: [String]
  /// The number of all members.
  public let count: Int
  /// Every member is known to be down: nothing gets through.
  public let isClosed: Bool
  /// The sentence for the log and the status while nothing gets through.
  public let reason: String

  public init(
    name: String, group: String? = nil, noun: String, leading: [String], count: Int, isClosed: Bool,
    reason: String
  ) {
    self.name = name
    self.group = group
    self.noun = noun
    self.leading = leading
    self.count = count
    self.isClosed = isClosed
    self.reason = reason
  }
}

/// Named nftables counters, one for each reason to drop packets.
public struct DropCounters: Hashable, Sendable {
  public struct Reason: Hashable, Sendable {
    public let name: String
    /// Of which group of members; nil: of all.
    public let group: String?
    /// What was dropped, where, and what would help against it.
    public let meaning: String

    public init(_ name: String, group: String? = nil, meaning: String) {
      self.name = name
      self.group = group
      self.meaning = meaning
    }

    /// The counter's name.
    public var counter: String { group.map { "\(name).\($0)" } ?? name }
  }

  public let table: NftablesTable.ID
  public let reasons: [Reason]

  public init(table: NftablesTable.ID, reasons: [Reason]) {
    self.table = table
    self.reasons = reasons
  }
}
