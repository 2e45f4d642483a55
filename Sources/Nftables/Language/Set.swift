extension Nftables {
  /// A set, or a map when it has `data`.
  public struct NamedSet: Hashable, Sendable {
    public enum Flag: String, Hashable, Sendable, CaseIterable {
      case constant, interval, timeout, dynamic
    }

    public var name: String
    public var key: TypeOf
    /// Nil for a set.
    public var data: Data?
    public var flags: Swift.Set<Flag>
    /// In milliseconds, as is `gcInterval`.
    public var timeout: UInt64?
    public var gcInterval: UInt64?
    public var size: UInt32?
    public var policy: SetPolicy?
    public var autoMerge: Bool
    public var comment: String?
    /// Statements that each element carries (`counter`).
    public var statements: [Statement]
    public var elements: [Element]

    public init(
      name: String, key: TypeOf, data: Data? = nil, flags: Swift.Set<Flag> = [],
      timeout: UInt64? = nil, gcInterval: UInt64? = nil, size: UInt32? = nil,
      policy: SetPolicy? = nil, autoMerge: Bool = false, comment: String? = nil,
      statements: [Statement] = [], elements: [Element] = []
    ) {
      self.name = name
      self.key = key
      self.data = data
      self.flags = flags
      self.timeout = timeout
      self.gcInterval = gcInterval
      self.size = size
      self.policy = policy
      self.autoMerge = autoMerge
      self.comment = comment
      self.statements = statements
      self.elements = elements
    }
  }

  /// The type of a key or a value, as it was stated.
  public enum TypeOf: Hashable, Sendable {
    /// `type ipv4_addr . inet_service`: one name for each field.
    case types([String])
    /// `typeof ip saddr . tcp dport`: one expression for each field.
    case expressions([Expression])
  }

  /// What a map leads to.
  public enum Data: Hashable, Sendable {
    case verdict
    case value(TypeOf)
    case object(ObjectKind)
  }

  /// One entry of a set or map.
  public struct Element: Hashable, Sendable {
    /// Nil for the catch-all element, `*`.
    public var key: Expression?
    public var data: Expression?
    /// In milliseconds.
    public var timeout: UInt64?
    public var expires: UInt64?
    public var comment: String?
    public var statements: [Statement]

    public init(
      _ key: Expression?, data: Expression? = nil, timeout: UInt64? = nil, expires: UInt64? = nil,
      comment: String? = nil, statements: [Statement] = []
    ) {
      self.key = key
      self.data = data
      self.timeout = timeout
      self.expires = expires
      self.comment = comment
      self.statements = statements
    }
  }
}
