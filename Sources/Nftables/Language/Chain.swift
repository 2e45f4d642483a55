extension Nftables {
  /// A named list of rules.
  public struct Chain: Hashable, Sendable {
    public var name: String
    /// Nil for a chain that can only be jumped to.
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

  /// What attaches a chain to a hook.
  public struct BaseChain: Hashable, Sendable {
    public var type: ChainType
    public var hook: Hook
    /// The lowest is called first; names have been resolved (nft(8), STANDARD PRIORITY NAMES).
    public var priority: Int32
    /// For `ingress` and `egress` of netdev and inet.
    public var devices: [String]
    public var policy: Policy

    public enum Policy: String, Hashable, Sendable {
      case accept, drop
    }

    public init(
      type: ChainType, hook: Hook, priority: Int32, devices: [String] = [],
      policy: Policy = .accept
    ) {
      self.type = type
      self.hook = hook
      self.priority = priority
      self.devices = devices
      self.policy = policy
    }
  }

  public enum ChainType: Word {
    case filter, nat, route
    /// Observed only: a type of a newer kernel.
    case unknown(String)

    public static let allCases: [ChainType] = [.filter, .nat, .route]

    public init?(rawValue: String) {
      guard let found = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
      self = found
    }

    public var rawValue: String {
      switch self {
      case .filter: "filter"
      case .nat: "nat"
      case .route: "route"
      case .unknown(let name): name
      }
    }
  }

  /// A point on a packet's path.
  public enum Hook: Word {
    case prerouting, input, forward, output, postrouting, ingress, egress
    /// Observed only: a hook of a newer kernel.
    case unknown(UInt32)

    public static let allCases: [Hook] = [
      .prerouting, .input, .forward, .output, .postrouting, .ingress, .egress,
    ]

    public init?(rawValue: String) {
      guard let found = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
      self = found
    }

    public var rawValue: String {
      switch self {
      case .prerouting: "prerouting"
      case .input: "input"
      case .forward: "forward"
      case .output: "output"
      case .postrouting: "postrouting"
      case .ingress: "ingress"
      case .egress: "egress"
      case .unknown(let number): "hook \(number)"
      }
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
