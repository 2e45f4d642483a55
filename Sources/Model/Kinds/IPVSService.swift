/// An IPVS virtual service with its real servers: `ipvsadm -A`, `-a`.
public struct IPVSService: Resource {
  /// Which packets belong to the service.
  public enum Match: Hashable, Sendable {
    /// `-t`, `-u`, `--sctp-service`; port 0: every port.
    case address(IPAddress, port: UInt16, protocol: IPVSProtocol)
    /// `-f`: packets of one family with this firewall mark.
    case mark(UInt32, Family)

    public var family: Family {
      switch self {
      case .address(let address, _, _): address.family
      case .mark(_, let family): family
      }
    }
  }

  public var match: Match
  /// The kernel module's name without `ip_vs_`: `wrr`, `mh`, `sh`.
  public var scheduler: String
  public var flags: Set<Flag>
  /// How long a client stays with its server; nil: no persistence.
  public var persistence: Persistence?
  /// Sorted by address and port, which is also the order in which they are added: `sh`, `mh` and
  /// `dh` depend on it.
  public var destinations: [IPVSDestination] {
    didSet {
      let isSorted = destinations.indices.dropFirst().allSatisfy {
        !(destinations[$0].id < destinations[$0 - 1].id)
      }
      if !isSorted { destinations.sort { $0.id < $1.id } }
    }
  }
  /// Observed only: the kernel's order, where it differs.
  public var actualOrder: [IPVSDestination.ID]?
  /// Made by somebody else: vpngw keeps it as stated, and neither it nor its address becomes ours.
  public var isAdopted = false
  /// Observed only: vpngw made it, or the file claims its address or mark.
  public var isOwned = false
  /// Observed only: the file claims its address or mark, but vpngw has no record of having made it.
  public var isMadeByOthers = false
  /// Observed only: destinations that vpngw has no record of having added, in a service that it
  /// made.
  public var foreignDestinations: Set<IPVSDestination.ID> = []

  public enum Flag: String, Hashable, Sendable, CaseIterable, Comparable {
    /// One-packet scheduling (UDP): each datagram is scheduled anew.
    case ops
    /// The scheduler's own flags 1, 2 and 3; 1 and 2 by their names for `sh` and `mh`.
    case fallback, port, flag3

    public static func < (a: Flag, b: Flag) -> Bool { a.position < b.position }
    private var position: Int { Self.allCases.firstIndex(of: self)! }

    /// ipvsadm's name: `mh-fallback`; `flag-1` for schedulers that name none.
    public func name(for scheduler: String) -> String {
      let isNamed = IPVSService.schedulersWithNamedFlags.contains(scheduler)
      switch self {
      case .ops: return "ops"
      case .fallback: return isNamed ? "\(scheduler)-fallback" : "flag-1"
      case .port: return isNamed ? "\(scheduler)-port" : "flag-2"
      case .flag3: return "flag-3"
      }
    }
  }

  public struct Persistence: Hashable, Sendable, ValueConvertible {
    /// In whole seconds.
    public var timeout: Duration
    /// Clients of one network of this prefix length count as one; 32, or 128 for IPv6, is each
    /// client.
    public var prefixLength: Int
    /// The persistence engine: `sip`, or nil.
    public var engine: String?

    public init(timeout: Duration, prefixLength: Int, engine: String? = nil) {
      self.timeout = timeout
      self.prefixLength = prefixLength
      self.engine = engine
    }

    public var value: Value {
      .members(
        [.init("timeout", timeout.value), .init("netmask", prefixLength.value)]
          + (engine.map { [.init("engine", .string($0))] } ?? []))
    }
  }

  public init(_ match: Match, scheduler: String = "wlc") {
    self.match = match
    self.scheduler = scheduler
    flags = []
    destinations = []
  }

  /// The schedulers of Linux 6.18; nobody answers a service of `none`.
  public static let schedulers = [
    "rr", "wrr", "lc", "wlc", "fo", "ovf", "lblc", "lblcr", "dh", "sh", "mh", "sed", "nq", "twos",
    "none",
  ]
  public static let schedulersWithNamedFlags = ["sh", "mh"]
  /// Schedulers whose tables depend on the order in which destinations were added.
  private static let schedulersByOrder: Set<String> = ["dh", "sh", "mh"]
  public var dependsOnOrder: Bool { Self.schedulersByOrder.contains(scheduler) }

  public struct ID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let match: Match

    public init(_ match: Match) { self.match = match }

    public static func < (a: ID, b: ID) -> Bool {
      switch (a.match, b.match) {
      case (.address(let a, let aPort, let aProtocol), .address(let b, let bPort, let bProtocol)):
        a != b ? a < b : (aPort, aProtocol) < (bPort, bProtocol)
      case (.mark(let a, let aFamily), .mark(let b, let bFamily)):
        a != b ? a < b : aFamily < bFamily
      case (.address, .mark): true
      case (.mark, .address): false
      }
    }

    public var description: String {
      switch match {
      case .address(let address, let port, let `protocol`):
        "\(`protocol`.rawValue) " + address.text(port: port)
      case .mark(let bits, let family):
        "mark \(Mark(bits))" + (family == .inet ? "" : " inet6")
      }
    }
  }

  /// What becomes ours as a whole once the file names it: an address, or a mark.
  public enum Claim: Hashable, Sendable {
    case address(IPAddress)
    case mark(UInt32, Family)
  }

  public var claim: Claim {
    switch match {
    case .address(let address, _, _): .address(address)
    case .mark(let bits, let family): .mark(bits, family)
    }
  }

  public var family: Family { match.family }

  public static let name = "ipvs"
  public func mayChange(_ observed: IPVSService) -> Bool { true }
  public var maker: String? { isMadeByOthers ? "somebody else" : nil }
  public var id: ID { ID(match) }
  public var phase: Phase { .ipvs }
  public var requirements: [Requirement] { [] }

  public var takenForOurs: Self {
    var ours = self
    ours.isOwned = true
    return ours
  }
  public static var noun: String { "service" }
  public var holdsOthersWork: Bool { isMadeByOthers || !foreignDestinations.isEmpty }
  public static var staysOursWhenReplaced: Bool { false }
  public static var needsIPVS: Bool { true }

  public static let properties: [Property<IPVSService>] = [
    .identity("address") { service -> IPAddress? in
      if case .address(let address, _, _) = service.match { address } else { nil }
    },
    .identity("port") { service -> UInt16? in
      if case .address(_, let port, _) = service.match { port } else { nil }
    },
    .identity("protocol") { service -> String? in
      if case .address(_, _, let `protocol`) = service.match { `protocol`.rawValue } else { nil }
    },
    .identity("mark") { service -> Mark? in
      if case .mark(let bits, _) = service.match { Mark(bits) } else { nil }
    },
    .identity("family") { service -> Family? in
      if case .mark(_, let family) = service.match { family } else { nil }
    },
    Property(
      "scheduler", value: { .string($0.scheduler) }, agrees: { $0.scheduler == $1.scheduler }),
    Property(
      "flags", value: { $0.flags.isEmpty ? nil : $0.flagNames }, effective: \.flagNames,
      agrees: { $0.flags == $1.flags }),
    .exact("persistence") { $0.persistence },
    Property(
      "destinations", value: { $0.destinations.isEmpty ? nil : $0.destinations.value },
      agrees: { desired, observed in
        desired.destinations.elementsEqual(observed.destinations) { $0.agrees(with: $1) }
          && !desired.mustReorder(observed)
      }, details: destinationDetails),
    Property("adopt", value: { $0.isAdopted ? .bool(true) : nil }, agrees: { _, _ in true }),
  ]

  private var flagNames: Value { .list(flags.sorted().map { .string($0.name(for: scheduler)) }) }

  /// Whether the kernel's order matters and differs from the one that other machines get from the
  /// same file.
  public func mustReorder(_ observed: IPVSService) -> Bool {
    dependsOnOrder && !isAdopted && observed.actualOrder != nil
  }

  private static func destinationDetails(
    _ desired: IPVSService, _ observed: IPVSService?
  ) -> [Difference] {
    func name(_ destination: IPVSDestination) -> String { "destination \(destination.id)" }
    guard let observed else {
      return desired.destinations.map { Difference(name($0), old: nil, new: $0.summary) }
    }
    let present = Dictionary(
      observed.destinations.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    let wanted = Set(desired.destinations.map(\.id))
    var details: [(id: IPVSDestination.ID, Difference)] = []
    for destination in desired.destinations {
      guard let found = present[destination.id] else {
        details.append(
          (
            destination.id,
            Difference(name(destination), old: nil, new: destination.summary, sort: .member)
          ))
        continue
      }
      for property in IPVSDestination.changeable where !property.agrees(destination, found) {
        let title = "\(name(destination)) \(property.name)"
        details.append(
          (
            destination.id,
            Difference(title, old: property.effective(found), new: property.effective(destination))
          ))
      }
    }
    for found in observed.destinations where !wanted.contains(found.id) {
      details.append(
        (
          found.id,
          Difference(
            name(found), old: found.summary, new: nil, sort: .member,
            isTheirs: observed.isMadeByOthers || observed.foreignDestinations.contains(found.id))
        ))
    }
    var differences = details.sorted { $0.id < $1.id }.map(\.1)
    if desired.mustReorder(observed) {
      differences.append(
        Difference(
          "order of destinations", old: .string("as they were added"),
          new: .string("by address")))
    }
    return differences
  }
}

public enum IPVSProtocol: String, Hashable, Sendable, CaseIterable, Comparable {
  case tcp, udp, sctp

  public static func < (a: Self, b: Self) -> Bool { a.position < b.position }
  private var position: Int { Self.allCases.firstIndex(of: self)! }
}

extension IPAddress {
  /// `192.0.2.1:53`, `[2001:db8::1]:53`.
  func text(port: UInt16) -> String {
    family == .inet ? "\(self):\(port)" : "[\(self)]:\(port)"
  }
}

extension NetworkState {
  public var ipvsServices: [IPVSService] {
    get { self[IPVSService.self] }
    _modify { yield &self[IPVSService.self] }
  }
}
