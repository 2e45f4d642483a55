/// A record that a provider knows by an identifier.
struct IdentifiedRecord: Hashable, Sendable {
  var id: String
  var value: RecordValue
  var ttl: UInt32?
}

/// What makes a set of identified records another one.
enum RecordEdit: Hashable, Sendable {
  case create(RecordValue)
  /// Makes one record another, or gives it another TTL.
  case update(String, RecordValue)
  case delete(String)
}

extension [IdentifiedRecord] {
  /// The edits in the order in which they are to be made. A record that goes becomes one that comes as
  /// long as there are both, so that no edit exceeds a provider's limit; then the rest comes, and at
  /// last the rest goes, so that an interruption leaves a name that can be resolved. Records of the
  /// same value are left once.
  func edits(to new: RecordSet?) -> [RecordEdit] {
    var missing = new?.values ?? []
    var kept: [IdentifiedRecord] = []
    var surplus: [IdentifiedRecord] = []
    for record in self {
      if let index = missing.firstIndex(of: record.value) {
        missing.remove(at: index)
        kept.append(record)
      } else {
        surplus.append(record)
      }
    }
    var edits: [RecordEdit] = []
    while let record = surplus.first, let value = missing.first {
      edits.append(.update(record.id, value))
      surplus.removeFirst()
      missing.removeFirst()
    }
    if let ttl = new?.ttl {
      edits += kept.filter { $0.ttl != nil && $0.ttl != ttl }.map { .update($0.id, $0.value) }
    }
    return edits + missing.map(RecordEdit.create) + surplus.map { .delete($0.id) }
  }

  /// The sets of a name.
  func sets(of name: RecordName) -> [RecordSet] {
    Dictionary(grouping: self, by: \.value.type).sorted { $0.key < $1.key }.map { type, records in
      // With several TTLs none is the set's: it is written again with one.
      let ttls = Set(records.map(\.ttl))
      let ttl = ttls.count == 1 ? records[0].ttl : 0
      return RecordSet(name, type, ttl: ttl, records.map(\.value))
    }
  }
}
