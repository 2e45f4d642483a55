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
  /// Its share of new connections; 0: none.
  public var weight: UInt32
  /// Leaving on purpose: it gets no new connections and keeps those it has. Its weight in the
  /// kernel is 0; `mh` still reserves its places in the table by its share, so that nobody else's
  /// move.
  public var isDrained = false
  /// Above this many connections it gets no new ones, until it is below the lower threshold; 0: no
  /// limit.
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

  public struct ID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let address: IPAddress
    public let port: UInt16

    public static func < (a: ID, b: ID) -> Bool {
      a.address != b.address ? a.address < b.address : a.port < b.port
    }

    public var description: String { address.text(port: port) }
  }

  public var id: ID { ID(address: address, port: port) }

  /// The weight in the kernel.
  public var effectiveWeight: UInt32 { isDrained ? 0 : weight }

  /// What may differ between two destinations of one identity; all of it can be changed in place.
  static let changeable: [Property<IPVSDestination>] = [
    Property(
      "forwarding", value: { $0.forwarding == .masquerade ? nil : .string($0.forwarding.word) },
      effective: { .string($0.forwarding.word) },
      agrees: { $0.forwarding.word == $1.forwarding.word }),
    Property(
      "tunnel",
      value: { destination in
        if case .tunnel(let tunnel) = destination.forwarding, tunnel != .ipip {
          tunnel.value
        } else {
          nil
        }
      },
      effective: { destination in
        if case .tunnel(let tunnel) = destination.forwarding { tunnel.value } else { nil }
      },
      agrees: { desired, observed in
        guard case .tunnel(let wanted) = desired.forwarding else { return true }
        if case .tunnel(let present) = observed.forwarding { return wanted == present }
        return wanted == .ipip  // `forwarding` says that
      }),
    Property(
      "weight", value: { $0.weight == 1 ? nil : $0.weight.value },
      effective: { $0.effectiveWeight.value },
      agrees: { $0.effectiveWeight == $1.effectiveWeight }),
    .exact("upper_threshold", default: 0) { $0.upperThreshold },
    .exact("lower_threshold", default: 0) { $0.lowerThreshold },
  ]

  public func agrees(with observed: IPVSDestination) -> Bool {
    self == observed
      || id == observed.id && Self.changeable.allSatisfy { $0.agrees(self, observed) }
  }

  /// What a plan says about a new destination.
  var summary: Value {
    var members = [
      Value.Member("forwarding", .string(forwarding.word)),
      Value.Member("weight", effectiveWeight.value),
    ]
    for property in Self.changeable where property.name != "weight" && property.name != "forwarding"
    {
      if let value = property.value(self) { members.append(.init(property.name, value)) }
    }
    return .members(members)
  }
}

extension IPVSDestination: ValueConvertible {
  public var value: Value {
    .members(
      [.init("address", address.value), .init("port", port.value)]
        + Self.changeable.compactMap { property in
          property.value(self).map { .init(property.name, $0) }
        } + (isDrained ? [.init("drain", .bool(true))] : []))
  }
}

extension IPVSDestination.Forwarding {
  public var word: String {
    switch self {
    case .masquerade: "masquerade"
    case .direct: "direct"
    case .tunnel: "tunnel"
    }
  }
}

extension IPVSDestination.Tunnel: ValueConvertible {
  public var value: Value {
    func members(_ type: String, _ port: UInt16?, _ checksum: IPVSDestination.Checksum?) -> Value {
      .members(
        [.init("type", .string(type))] + (port.map { [.init("port", $0.value)] } ?? [])
          + (checksum.map { $0 == .none ? [] : [.init("checksum", .string($0.rawValue))] } ?? []))
    }
    return switch self {
    case .ipip: members("ipip", nil, nil)
    case .gue(let port, let checksum): members("gue", port, checksum)
    case .gre(let checksum): members("gre", nil, checksum)
    }
  }
}
