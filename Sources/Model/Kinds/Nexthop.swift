/// A nexthop object (`ip nexthop`): a single next hop, a blackhole, or a group of others.
public struct Nexthop: ProtocolMarked {
  public enum Target: Hashable, Sendable {
    /// By a gateway, a link, or both.
    case hop(via: IPAddress?, dev: LinkName?, onlink: Bool)
    case blackhole
    case group(Group)
  }

  public struct Group: Hashable, Sendable {
    public var members: [Member]
    /// Nil: a hash-threshold group.
    public var resilient: Resilient?

    public init(_ members: [Member], resilient: Resilient? = nil) {
      self.members = members.sorted { $0.id < $1.id }
      self.resilient = resilient
    }
  }

  public struct Member: Hashable, Sendable, ValueConvertible {
    public var id: UInt32
    /// 1 to 256.
    public var weight: UInt16

    public init(id: UInt32, weight: UInt16 = 1) {
      self.id = id
      self.weight = weight
    }

    public var value: Value {
      .members([.init("id", id.value)] + (weight == 1 ? [] : [.init("weight", weight.value)]))
    }
  }

  /// Keeps flows on their members by buckets
  /// (`Documentation/networking/nexthop-group-resilient.rst`).
  public struct Resilient: Hashable, Sendable, ValueConvertible {
    public var buckets: UInt16
    /// How long a bucket must be idle before it moves; nil: the kernel's default, 120 s.
    public var idleTimer: Duration?
    /// After how long an unbalanced group moves busy buckets as well; nil: the kernel's default,
    /// never.
    public var unbalancedTimer: Duration?

    public init(buckets: UInt16) { self.buckets = buckets }

    public var value: Value {
      .members(
        [.init("buckets", buckets.value)]
          + (idleTimer.map { [.init("idle_timer", $0.value)] } ?? [])
          + (unbalancedTimer.map { [.init("unbalanced_timer", $0.value)] } ?? []))
    }
  }

  /// Not zero.
  public var number: UInt32
  public var family: Family
  public var target: Target
  /// Made by somebody else: vpngw keeps it as stated, and it stays theirs.
  public var isAdopted = false
  /// Nil: ours.
  public var `protocol`: RouteProtocol?

  public init(_ id: UInt32, family: Family, _ target: Target) {
    self.number = id
    self.family = family
    self.target = target
  }

  public struct ID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let number: UInt32

    public init(_ number: UInt32) { self.number = number }

    public static func < (a: ID, b: ID) -> Bool { a.number < b.number }
    public var description: String { String(number) }
  }

  public static let name = "nexthop"
  public var id: ID { ID(number) }
  public var phase: Phase { group == nil ? .nexthop : .nexthopGroup }

  public var requirements: [Requirement] {
    switch target {
    case .hop(let via, let dev, let onlink):
      (dev.map { [.link($0)] } ?? [])
        + (onlink ? [] : via.map { [.reachable($0)] } ?? [])
    case .blackhole: []
    case .group(let group): group.members.map { .nexthop($0.id) }
    }
  }

  public var group: Group? { if case .group(let group) = target { group } else { nil } }
  public var via: IPAddress? { if case .hop(let via, _, _) = target { via } else { nil } }
  public var dev: LinkName? { if case .hop(_, let dev, _) = target { dev } else { nil } }
  public var isOnlink: Bool { if case .hop(_, _, let onlink) = target { onlink } else { false } }

  // rtm_to_nh_config: a group stays a group, of its type.
  private static func mutability(
    _ desired: Nexthop, _ observed: Nexthop
  ) -> Property<Nexthop>.Mutability {
    (desired.group == nil) != (observed.group == nil)
      || (desired.group?.resilient == nil) != (observed.group?.resilient == nil)
      || desired.group?.resilient?.buckets != observed.group?.resilient?.buckets
      ? .replacing : .inPlace
  }

  public var provisions: [Provision] { [.nexthop(number)] }

  public func isLost(by loss: LinkLoss) -> Bool { loss == .goesDown || family == .inet6 }

  public static func removeDependents(of gone: inout Cascade, from list: inout [Self]) {
    gone.spread(over: list)
    list = list.compactMap { gone.has(nexthop: $0.number) ? nil : gone.reduced($0) }
  }

  public static let properties: [Property<Nexthop>] = [
    .identity("id") { $0.number },
    Property(
      "family", .replacing,
      value: { $0.via == nil && $0.group == nil ? $0.family.value : nil },
      agrees: { $0.group != nil || $1.group != nil || $0.family == $1.family }),
    .exact("via") { $0.via },
    Property(
      "dev", value: { $0.dev?.value },
      // Without a stated link the kernel finds one by the gateway.
      agrees: { $0.dev == nil && $0.via != nil || $0.dev == $1.dev }),
    .exact("onlink", default: false) { $0.isOnlink },
    .exact("blackhole", default: false) { $0.target == .blackhole },
    Property(
      "group", mutability: mutability, value: { $0.group?.members.value },
      agrees: { $0.group?.members == $1.group?.members }),
    Property(
      "resilient", mutability: mutability, value: { $0.group?.resilient?.value },
      agrees: { desired, observed in
        guard let wanted = desired.group?.resilient, let present = observed.group?.resilient
        else { return (desired.group?.resilient == nil) == (observed.group?.resilient == nil) }
        return wanted.buckets == present.buckets
          && (wanted.idleTimer == nil || wanted.idleTimer == present.idleTimer)
          && (wanted.unbalancedTimer == nil || wanted.unbalancedTimer == present.unbalancedTimer)
      }),
    .stated("protocol") { $0.protocol },
    Property("adopt", value: { $0.isAdopted ? .bool(true) : nil }, agrees: { _, _ in true }),
  ]
}

extension NetworkState {
  public var nexthops: [Nexthop] {
    get { self[Nexthop.self] }
    _modify { yield &self[Nexthop.self] }
  }
}

extension Nexthop {
  public func objection(_ outlook: inout some Outlook) -> String? {
    guard case .hop(let via, let dev, let isOnlink) = target else { return nil }
    return outlook.objection(toWay: via, dev, isOnlink: isOnlink, family)
  }
}
