/// The nouns of nft(8) as plain values, shaped like libnftables-json(5).
///
/// Names aren't checked here, but by the compiler.
public enum Nftables {
  /// The packets that a table's hooks see.
  public enum Family: String, Word {
    case ip, ip6, inet, arp, bridge, netdev

    /// `NFPROTO_*` of connections: of one family, or of both.
    public var connectionNumber: UInt16 { self == .ip ? 2 : self == .ip6 ? 10 : 1 }

    public init?(connectionNumber: UInt16) {
      switch connectionNumber {
      case 1: self = .inet
      case 2: self = .ip
      case 10: self = .ip6
      default: return nil
      }
    }
  }

  /// The family of an address.
  public enum AddressFamily: String, Word {
    case ip, ip6

    /// `NFPROTO_IPV4`, `NFPROTO_IPV6`.
    public var number: UInt32 { self == .ip ? 2 : 10 }

    /// Nil for other families.
    public init?(number: UInt32) {
      switch number {
      case 2: self = .ip
      case 10: self = .ip6
      default: return nil
      }
    }
  }

  /// What a connection is of.
  public enum TransportProtocol: String, Word {
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

    public init?(number: UInt8) {
      guard let match = Self.allCases.first(where: { $0.number == number }) else { return nil }
      self = match
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
