extension Nftables.Bytecode {
  /// A set as the kernel takes it.
  public struct SetProgram: Hashable, Sendable {
    public enum Data: Hashable, Sendable {
      case verdict
      case value(type: UInt32, length: UInt32)
      /// `NFT_OBJECT_*`.
      case object(UInt32)
    }

    /// Empty for an anonymous set, unless it is a meter's.
    public var name: String
    public var keyType: UInt32
    /// In bytes.
    public var keyLength: UInt32
    public var data: Data?
    /// `NFT_SET_*`.
    public var flags: UInt32
    /// In milliseconds.
    public var timeout: UInt64?
    public var gcInterval: UInt32?
    public var size: UInt32?
    /// `NFT_SET_POL_*`.
    public var policy: UInt32
    /// The length in bytes of each field, for a concatenation of intervals.
    public var fields: [UInt32]
    public var userData: [UInt8]
    public var statements: [Instruction]
    /// Sorted by key.
    public var elements: [ElementProgram]

    public init(
      name: String, keyType: UInt32, keyLength: UInt32, data: Data? = nil, flags: UInt32,
      timeout: UInt64? = nil, gcInterval: UInt32? = nil, size: UInt32? = nil, policy: UInt32,
      fields: [UInt32], userData: [UInt8], statements: [Instruction], elements: [ElementProgram]
    ) {
      self.name = name
      self.keyType = keyType
      self.keyLength = keyLength
      self.data = data
      self.flags = flags
      self.timeout = timeout
      self.gcInterval = gcInterval
      self.size = size
      self.policy = policy
      self.fields = fields
      self.userData = userData
      self.statements = statements
      self.elements = elements
    }
  }
}

extension Nftables.Bytecode.SetProgram {
  /// An anonymous set that packets fill: it belongs to one rule, and the rule names it.
  public var isMeter: Bool {
    let bits = Nftables.Bytecode.SetFlag.anonymous | Nftables.Bytecode.SetFlag.dynamic
    return flags & bits == bits
  }

  /// The name to send: the kernel puts a number into an anonymous set's.
  public var kernelName: String {
    guard flags & Nftables.Bytecode.SetFlag.anonymous != 0, !isMeter else { return name }
    switch data {
    case nil: return "__set%d"
    case .object?: return "__objmap%d"
    case .verdict?, .value?: return "__map%d"
    }
  }
}

extension Nftables.Bytecode {
  /// An element as the kernel takes it.
  public struct ElementProgram: Hashable, Sendable {
    public enum Data: Hashable, Sendable {
      case verdict(Nftables.Verdict)
      case value(ElementBytes)
      case object(String)
    }

    /// Empty for the catch-all.
    public var key: ElementBytes
    public var data: Data?
    /// `NFT_SET_ELEM_*`.
    public var flags: UInt32 = 0
    private var box: Box?

    public init(
      key: ElementBytes, keyEnd: ElementBytes? = nil, data: Data? = nil, flags: UInt32 = 0,
      timeout: UInt64? = nil, userData: [UInt8] = [], statements: [Instruction] = []
    ) {
      self.key = key
      self.data = data
      self.flags = flags
      rare = Rare(
        keyEnd: keyEnd, timeout: timeout, userData: userData, statements: statements)
    }

    /// The upper bound of a concatenation of intervals.
    public var keyEnd: ElementBytes? {
      get { box?.rare.keyEnd }
      set { rare.keyEnd = newValue }
    }

    /// In milliseconds.
    public var timeout: UInt64? {
      get { box?.rare.timeout }
      set { rare.timeout = newValue }
    }

    public var userData: [UInt8] {
      get { box?.rare.userData ?? [] }
      set { rare.userData = newValue }
    }

    public var statements: [Instruction] {
      get { box?.rare.statements ?? [] }
      set { rare.statements = newValue }
    }

    /// What few elements have is stored separately, so that a hundred thousand others take less.
    private struct Rare: Hashable {
      var keyEnd: ElementBytes?
      var timeout: UInt64?
      var userData: [UInt8] = []
      var statements: [Instruction] = []

      var isEmpty: Bool {
        keyEnd == nil && timeout == nil && userData.isEmpty && statements.isEmpty
      }
    }

    private final class Box: Sendable {
      let rare: Rare

      init(_ rare: Rare) { self.rare = rare }
    }

    private var rare: Rare {
      get { box?.rare ?? Rare() }
      set { box = newValue.isEmpty ? nil : Box(newValue) }
    }

    public static func == (a: Self, b: Self) -> Bool {
      a.key == b.key && a.flags == b.flags && a.data == b.data
        && (a.box === b.box || a.rare == b.rare)
    }

    public func hash(into hasher: inout Hasher) {
      hasher.combine(key)
      hasher.combine(flags)
      hasher.combine(data)
      hasher.combine(rare)
    }
  }
}

extension Nftables.Bytecode.ElementProgram: Comparable {
  /// Ordered by key; an interval's end comes before the start of the next interval.
  public static func < (left: Self, right: Self) -> Bool {
    if left.key != right.key { return left.key < right.key }
    if left.flags != right.flags { return left.flags > right.flags }
    return (left.keyEnd ?? []) < (right.keyEnd ?? [])
  }
}

extension [Nftables.Bytecode.ElementProgram] {
  /// Sorted by key. Neighboring positions are swapped, since elements are costly to move.
  public func sortedByKey() -> Self {
    if indices.dropFirst().allSatisfy({ !(self[$0] < self[$0 - 1]) }) { return self }
    var order = indices.map { (head: self[$0].key.head, index: $0) }
    order.sort {
      $0.head != $1.head ? $0.head < $1.head : self[$0.index] < self[$1.index]
    }
    return order.map { self[$0.index] }
  }
}

extension Nftables.Bytecode {
  /// `NFT_SET_*`.
  public enum SetFlag {
    public static let anonymous: UInt32 = 0x1
    public static let constant: UInt32 = 0x2
    public static let interval: UInt32 = 0x4
    public static let map: UInt32 = 0x8
    public static let timeout: UInt32 = 0x10
    public static let dynamic: UInt32 = 0x20
    public static let object: UInt32 = 0x40
    public static let concat: UInt32 = 0x80
    public static let expression: UInt32 = 0x100
  }
}

extension Nftables.Bytecode {
  /// `NFT_SET_ELEM_*`.
  public enum ElementFlag {
    public static let intervalEnd: UInt32 = 0x1
    public static let catchAll: UInt32 = 0x2
  }
}
