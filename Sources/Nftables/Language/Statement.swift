extension Nftables {
  /// libnftables-json(5), STATEMENTS.
  public enum Statement: Hashable, Sendable {
    case match(Relation, Expression, Expression)
    case verdict(Verdict)
    case vmap(key: Expression, data: Expression)
    /// `meta mark set ...`: the field, and its new value.
    case mangle(Expression, Expression)
    /// Overwrites a TCP option, by its name or number, with `nop`.
    case reset(option: String)
    case counter(packets: UInt64, bytes: UInt64)
    case quota(Quota)
    case limit(Limit)
    case log(Log)
    case reject(Reject)
    case nat(NAT)
    case tproxy(family: AddressFamily?, address: Expression?, port: Expression?)
    case notrack
    case synproxy(Synproxy)
    case dup(address: Expression, device: Expression?)
    case fwd(device: Expression, family: AddressFamily?, address: Expression?)
    case queue(Expression?, flags: [QueueFlag])
    /// `add @set { key timeout 1m }`, and for a map `{ key : data }`.
    case update(SetOperation, set: String, Element)
    case meter(Meter)
    /// A reference to a named object of that kind.
    case object(kind: ObjectKind, name: Expression)
    /// `flow add @f`: the flow bypasses the rules from now on.
    case flow(String)
    case connectionCount(UInt32, isOver: Bool)
    case last
  }

  /// How a match compares.
  public enum Relation: String, Word {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case greater = ">"
    case lessOrEqual = "<="
    case greaterOrEqual = ">="
    /// Written without an operator: any of these flags; equality for values that aren't flags.
    case `in`
    /// None of these flags.
    case none = "!"
  }

  public enum SetOperation: String, Word {
    case add, update, delete
  }

  public struct Log: Hashable, Sendable {
    public var prefix: String?
    public var group: UInt16?
    public var snaplen: UInt32?
    public var queueThreshold: UInt16?
    /// Nil means `warn` unless there is a group.
    public var level: LogLevel?
    public var flags: [LogFlag]

    public init(
      prefix: String? = nil, group: UInt16? = nil, snaplen: UInt32? = nil,
      queueThreshold: UInt16? = nil, level: LogLevel? = nil, flags: [LogFlag] = []
    ) {
      self.prefix = prefix
      self.group = group
      self.snaplen = snaplen
      self.queueThreshold = queueThreshold
      self.level = level
      self.flags = flags
    }
  }

  public struct Reject: Hashable, Sendable {
    /// Nil for the family's default.
    public var type: RejectType?
    public var code: Expression?

    public init(type: RejectType? = nil, code: Expression? = nil) {
      self.type = type
      self.code = code
    }
  }

  public struct NAT: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable {
      case snat, dnat, masquerade, redirect
    }

    public var kind: Kind
    /// `ip` or `ip6`; stated in an inet table only.
    public var family: AddressFamily?
    public var address: Expression?
    public var port: Expression?
    public var flags: [NATFlag]

    public init(
      _ kind: Kind, family: AddressFamily? = nil, address: Expression? = nil,
      port: Expression? = nil,
      flags: [NATFlag] = []
    ) {
      self.kind = kind
      self.family = family
      self.address = address
      self.port = port
      self.flags = flags
    }
  }
}
