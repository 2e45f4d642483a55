/// All records of one name and type: what is published, or what is to be.
public struct RecordSet: Hashable, Sendable {
  public let name: RecordName
  public let type: RecordType
  /// In seconds; nil if the provider doesn't say or doesn't let it be chosen.
  public var ttl: UInt32?
  /// Sorted, each once. An empty set is the same as none.
  public let values: [RecordValue]

  public init(
    _ name: RecordName, _ type: RecordType, ttl: UInt32?, _ values: some Sequence<RecordValue>
  ) {
    self.name = name
    self.type = type
    self.ttl = ttl
    self.values = Set(values).sorted()
  }

  public var isEmpty: Bool { values.isEmpty }

  /// The values that this set has and the other lacks.
  public func additions(to other: RecordSet?) -> [RecordValue] {
    values.filter { other?.values.contains($0) != true }
  }

  /// Whether nothing needs to be written to get from the other to this one.
  public func isPublished(as other: RecordSet) -> Bool {
    values == other.values && (ttl == nil || other.ttl == nil || ttl == other.ttl)
  }
}

extension RecordSet: CustomStringConvertible {
  public var description: String { "\(name) \(type.rawValue)" }
}
