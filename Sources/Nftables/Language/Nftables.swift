/// The nouns of nft(8) as plain values, shaped like libnftables-json(5).
///
/// Names aren't checked here, but by the compiler.
public enum Nftables {
  /// The packets that a table's hooks see.
  public enum Family: String, NumberedWord {
    case ip, ip6, inet, arp, bridge, netdev

    /// `NFPROTO_*`.
    public var number: UInt8 {
      switch self {
      case .inet: 1
      case .ip: 2
      case .arp: 3
      case .netdev: 5
      case .bridge: 7
      case .ip6: 10
      }
    }
  }

  /// The family of an address.
  public enum AddressFamily: String, NumberedWord {
    case ip, ip6

    /// `NFPROTO_IPV4`, `NFPROTO_IPV6`.
    public var number: UInt32 { self == .ip ? 2 : 10 }
  }

  /// The protocol of a connection.
  public enum TransportProtocol: String, NumberedWord {
    case tcp, udp, dccp, sctp, udplite

    /// As in IP headers.
    public var number: UInt8 {
      switch self {
      case .tcp: 6
      case .udp: 17
      case .dccp: 33
      case .sctp: 132
      case .udplite: 136
      }
    }
  }

  /// A ruleset's unit of ownership.
  public struct Table: Hashable, Sendable {
    public var family: Family
    public var name: String
    public var flags: [TableFlag]
    public var comment: String?
    public var sets: [NamedSet]
    public var objects: [NamedObject]
    public var flowtables: [Flowtable] = []
    public var chains: [Chain]

    public init(
      family: Family, name: String, flags: [TableFlag] = [], comment: String? = nil,
      sets: [NamedSet] = [], objects: [NamedObject] = [], chains: [Chain] = []
    ) {
      self.family = family
      self.name = name
      self.flags = flags
      self.comment = comment
      self.sets = sets
      self.objects = objects
      self.chains = chains
    }
  }
}
