extension Nftables {
  /// Rules in order, under a name.
  public struct Chain: Hashable, Sendable {
    public var name: String
    /// Nil for a chain that is only jumped to.
    public var base: BaseChain?
    public var comment: String?
    public var rules: [Rule]

    public init(
      name: String, base: BaseChain? = nil, comment: String? = nil, rules: [Rule] = []
    ) {
      self.name = name
      self.base = base
      self.comment = comment
      self.rules = rules
    }
  }

  /// Where packets enter a chain by themselves.
  public struct BaseChain: Hashable, Sendable {
    /// `filter`, `nat` or `route`.
    public var type: String
    /// `prerouting`, `input`, `forward`, `output`, `postrouting`, `ingress`, `egress`.
    public var hook: String
    /// Lower goes first; names have been resolved (nft(8), STANDARD PRIORITY NAMES).
    public var priority: Int32
    /// Of netdev's and inet's `ingress` and `egress`.
    public var devices: [String]
    public var policy: Policy

    public enum Policy: String, Hashable, Sendable {
      case accept, drop
    }

    public init(
      type: String, hook: String, priority: Int32, devices: [String] = [],
      policy: Policy = .accept
    ) {
      self.type = type
      self.hook = hook
      self.priority = priority
      self.devices = devices
      self.policy = policy
    }
  }

  /// One line of a chain.
  public struct Rule: Hashable, Sendable {
    public var statements: [Statement]
    public var comment: String?

    public init(_ statements: [Statement], comment: String? = nil) {
      self.statements = statements
      self.comment = comment
    }
  }
}
