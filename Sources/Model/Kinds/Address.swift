/// An address of an interface.
public struct Address: ProtocolMarked {
  public var link: LinkName
  /// The address itself with the length of its subnet: `192.168.26.254/22`.
  public var address: Prefix
  /// The other end of a point-to-point link.
  public var peer: Prefix?
  public var broadcast: IPAddress?
  /// IPv4 only; the kernel derives IPv6's.
  public var scope: Scope = .global
  /// Nil: forever. Observed: what is left of it.
  public var validLifetime: Duration?
  /// Nil: forever; zero: deprecated.
  public var preferredLifetime: Duration?
  /// Metric of the subnet's route; nil: the kernel's default.
  public var metric: UInt32?
  public var hasNoPrefixRoute = false
  /// IPv6: added without duplicate address detection. The kernel doesn't keep this flag.
  public var skipsDuplicateDetection = false
  /// Made by somebody else: vpngw keeps it as stated, and it stays theirs.
  public var isAdopted = false
  /// Nil: ours.
  public var `protocol`: AddressProtocol?
  /// What the file's lifetimes don't tell: whether it goes by itself once the daemon is dead.
  public var lease = Lease.none
  /// Observed only, IPv6 only.
  public var detection = Detection.over

  /// The progress of duplicate address detection (RFC 4862, section 5.4). Until it is over nothing
  /// is sent from the address, and no route may have it as its source.
  public enum Detection: Hashable, Sendable {
    case over, running
    /// Another machine on the link has the address.
    case failed
  }

  public init(_ address: Prefix, link: LinkName) {
    self.address = address
    self.link = link
  }

  /// IPv4 tells addresses apart also by their length and by their peer's subnet
  /// (`find_matching_ifa`); IPv6 doesn't.
  public struct ID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let link: LinkName
    public let address: Prefix
    public let peer: Prefix?

    private var known: (link: LinkName, address: IPAddress, subnet: Prefix) {
      let own = address.address
      return (link, own, own.family == .inet ? (peer ?? address).network : Prefix(own))
    }

    public static func == (a: ID, b: ID) -> Bool { a.known == b.known }
    public static func < (a: ID, b: ID) -> Bool { a.known < b.known }

    public func hash(into hasher: inout Hasher) {
      hasher.combine(link)
      hasher.combine(address.address)
    }

    public var description: String {
      "\(address)" + (peer.map { " peer \($0)" } ?? "") + " dev \(link)"
    }
  }

  public static let name = "address"
  public var id: ID { ID(link: link, address: address, peer: peer) }
  public var phase: Phase { .address }

  public var requirements: [Requirement] { [.link(link)] }

  public var provisions: [Provision] { [.network((peer ?? address).network)] }
  public func isLost(by loss: LinkLoss) -> Bool { address.family == .inet6 }

  public static let properties: [Property<Address>] = [
    .identity("link") { $0.link },
    Property(
      "address", .replacing, isIdentity: true, value: { $0.address.value },
      agrees: { $0.address == $1.address }),
    Property(
      "peer", .replacing, isIdentity: true, value: { $0.peer?.value },
      agrees: { $0.peer == $1.peer }),
    unstatedIsLeft("broadcast", .replacing) { $0.broadcast },
    Property(
      "scope", .replacing,
      value: { $0.address.family == .inet && $0.scope != .global ? $0.scope.value : nil },
      effective: { $0.scope.value },
      agrees: { $0.address.family == .inet6 || $0.scope == $1.scope }),
    validity, preference,
    unstatedIsLeft("metric") { $0.metric },
    Property(
      "noprefixroute",
      // inet_rtm_newaddr changes the flags of an IPv6 address only.
      mutability: { desired, _ in desired.address.family == .inet ? .replacing : .inPlace },
      value: { $0.hasNoPrefixRoute ? .bool(true) : nil }, effective: { $0.hasNoPrefixRoute.value },
      agrees: { $0.hasNoPrefixRoute == $1.hasNoPrefixRoute }),
    Property(
      "nodad", value: { $0.skipsDuplicateDetection ? .bool(true) : nil }, agrees: { _, _ in true }),
    .stated("protocol") { $0.protocol },
    Property("adopt", value: { $0.isAdopted ? .bool(true) : nil }, agrees: { _, _ in true }),
  ]

  /// What isn't stated stays as it is in somebody else's address, and is reset in ours.
  private static func unstatedIsLeft<V: ValueConvertible>(
    _ name: String, _ mutability: Property<Address>.Mutability = .inPlace,
    _ get: @escaping @Sendable (Address) -> V?
  ) -> Property<Address> {
    Property(
      name, mutability, value: { get($0)?.value },
      agrees: { get($0) == get($1) || get($0) == nil && !$1.isOwned })
  }

  private static let validity = Property<Address>(
    "valid_lft", value: { $0.validLifetime?.value }, effective: { $0.lifetimes.valid?.value },
    agrees: { desired, observed in
      switch desired.lease {
      case .none: hasLeft(desired.validLifetime, observed.validLifetime)
      case .either: true
      case .renewed: observed.validLifetime != nil
      }
    })

  private static let preference = Property<Address>(
    "preferred_lft", value: { $0.preferredLifetime?.value },
    effective: { $0.lifetimes.preferred?.value },
    agrees: { desired, observed in
      guard desired.lease != .none else {
        return hasLeft(desired.preferredLifetime, observed.preferredLifetime)
      }
      let isDeprecated = observed.preferredLifetime == .zero
      if desired.lease == .renewed, observed.preferredLifetime == nil { return false }
      return isDeprecated == (desired.preferredLifetime == .zero)
    })

  /// A lifetime counts down in the kernel: any value from zero to the stated one agrees.
  private static func hasLeft(_ wanted: Duration?, _ left: Duration?) -> Bool {
    switch (wanted, left) {
    case (nil, nil): true
    case (let wanted?, let left?): left <= wanted && (left > .zero) == (wanted > .zero)
    default: false
    }
  }
}

/// How far an address or a route reaches: `rtm_scope` by iproute2's names.
public enum Scope: UInt8, CaseIterable, Hashable, Sendable, ValueConvertible {
  case global = 0
  case site = 200
  case link = 253
  case host = 254
  case nowhere = 255

  public var name: String {
    switch self {
    case .global: "global"
    case .site: "site"
    case .link: "link"
    case .host: "host"
    case .nowhere: "nowhere"
    }
  }

  public init?(name: String) {
    guard let scope = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = scope
  }

  public var value: Value { .string(name) }
}

extension NetworkState {
  public var addresses: [Address] {
    get { self[Address.self] }
    _modify { yield &self[Address.self] }
  }
}

extension Address {
  public func objection(_ outlook: inout some Outlook) -> String? {
    guard address.family == .inet6, let mtu = outlook.mtu(link), mtu < Link.leastIPv6MTU
    else { return nil }
    return "the MTU of \(link) is \(mtu), and IPv6 takes \(Link.leastIPv6MTU)"
  }
}
