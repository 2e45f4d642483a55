/// The nouns of nft(8) as plain values, shaped like libnftables-json(5).
///
/// Names aren't checked here, but by the compiler.
public enum Nftables {
  /// The packets that a table's hooks see.
  public enum Family: String, Hashable, Sendable, CaseIterable {
    case ip, ip6, inet, arp, bridge, netdev
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
