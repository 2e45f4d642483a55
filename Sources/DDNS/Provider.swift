/// Where records are published. A provider is a codec: it makes requests of record sets, and record
/// sets of answers. It is made anew for each attempt.
///
/// ``Providers/all`` lists them; a new one needs a file in `Providers`, a line there, and its keys in
/// `schemas/state.json`.
public protocol Provider: Sendable {
  /// The value of `type`: `cloudflare`.
  static var name: String { get }
  /// The keys that an object of it has in the state file, besides `type`.
  static var keys: [ProviderKey] { get }
  /// What it can hold, as far as the settings tell.
  static func limits(_ settings: ProviderSettings) -> ProviderLimits
  /// What is wrong with the settings for a record's name, beyond what each key's form says.
  static func problems(_ settings: ProviderSettings, for name: RecordName) -> [ProviderProblem]
  init(_ settings: ProviderSettings, _ context: ProviderContext) throws(ProviderError)
  /// Reads what is published under a name; types without a record have no set. Not called if the
  /// provider can't be read.
  func published(
    _ name: RecordName, _ types: Set<RecordType>
  ) throws(ProviderError) -> Exchange<[RecordSet]>
  /// Makes the published set the new one. `old` is what was read, nil if there is no record; `new` is
  /// nil or empty to remove all. At least one of them is there. The two have one name and type.
  ///
  /// Where several requests are needed, additions come before removals, so that an interruption
  /// leaves a name that can be resolved.
  func replace(
    _ old: RecordSet?, by new: RecordSet?
  ) throws(ProviderError) -> Exchange<Void>
}

extension Provider {
  public static func problems(
    _ settings: ProviderSettings, for name: RecordName
  ) -> [ProviderProblem] { [] }
}

/// The time and the random number that an attempt may use.
public struct ProviderContext: Hashable, Sendable {
  /// Seconds since 1970, for signatures.
  public var time: UInt64
  /// Anything, different each time: for identifiers of messages.
  public var random: UInt64

  public init(time: UInt64, random: UInt64) {
    self.time = time
    self.random = random
  }
}

/// What a provider can hold.
public struct ProviderLimits: Hashable, Sendable {
  /// The types of records that it has.
  public var types: Set<RecordType>
  /// How many records a set may have; nil: as many as one wants. 1: it holds no sets.
  public var most: Int?
  /// Whether what is published can be read.
  public var isReadable = true
  /// Whether a name may be left without a record.
  public var canRemove = true
  /// The TTLs that can be chosen, in seconds; nil: none can.
  public var ttls: ClosedRange<UInt32>? = 0...2_147_483_647
  /// The least time between two writes of one name.
  public var interval = Duration.zero

  public init(types: Set<RecordType> = Set(RecordType.allCases), most: Int? = nil) {
    self.types = types
    self.most = most
  }
}

/// What is wrong with a provider's settings.
public struct ProviderProblem: Hashable, Sendable {
  /// Nil: the object as a whole.
  public var key: String?
  public var message: String

  public init(_ key: String?, _ message: String) {
    self.key = key
    self.message = message
  }
}
