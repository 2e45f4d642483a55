/// One set that differs from what is published.
public struct RecordChange: Hashable, Sendable {
  /// Nil if there is none.
  public var old: RecordSet?
  /// Nil to remove it.
  public var new: RecordSet?

  public init(old: RecordSet?, new: RecordSet?) {
    self.old = old
    self.new = new
  }

  /// Of the one that is there.
  public var set: RecordSet { new ?? old! }
  public var added: [RecordValue] { new?.additions(to: old) ?? [] }
  public var removed: [RecordValue] { old?.additions(to: new) ?? [] }
}

extension Publication {
  /// What to write so that the wanted values are published; nothing if `empty` keeps what is there.
  ///
  /// Where a limit leaves out some, those that are published already come first and then the order of
  /// the members decides: neither a restart nor another router changes the choice. `isForced`: what is
  /// as it should be is written again.
  public func changes(
    to wanted: [RecordType: [RecordValue]], from published: [RecordSet], isForced: Bool = false
  ) -> [RecordChange] {
    let isEmpty = wanted.values.allSatisfy(\.isEmpty)
    if isEmpty, empty != .remove { return [] }
    let limits = limits
    return types.sorted().compactMap { type in
      let known = published.first { $0.type == type }
      let old = known?.isEmpty == false ? known : nil
      let chosen = chosen(of: wanted[type] ?? [], published: old)
      let new = RecordSet(name, type, ttl: limits.ttls == nil ? nil : ttl, chosen)
      if new.isEmpty {
        guard limits.canRemove else { return nil }
        // A provider that can't be read is told once to remove the records.
        if !limits.isReadable, known == nil { return RecordChange(old: new, new: nil) }
        return old != nil ? RecordChange(old: old, new: nil) : nil
      }
      if let old, new.isPublished(as: old), !isForced { return nil }
      return RecordChange(old: old, new: new)
    }
  }

  private func chosen(of values: [RecordValue], published old: RecordSet?) -> [RecordValue] {
    guard values.count > limit else { return values }
    let before = values.filter { old?.values.contains($0) == true }
    return Array((before + values.filter { !before.contains($0) }).prefix(limit))
  }
}

/// One conversation with the provider: reads, and writes what differs.
public struct Attempt: Hashable, Sendable {
  public var values: [RecordType: [RecordValue]]
  /// What is published, if the provider can't be read.
  public var assumed: [RecordSet]
  public var mayWrite: Bool
  public var isForced: Bool

  /// Only reads, and compares.
  public static func reading(_ values: [RecordType: [RecordValue]]) -> Attempt {
    Attempt(values: values, assumed: [], mayWrite: false, isForced: false)
  }
}

/// What an attempt found, and did.
public struct PublicationReport: Hashable, Sendable {
  /// The records that the provider has now.
  public var published: [RecordSet]
  /// What differed; written unless the attempt might not.
  public var changes: [RecordChange]
  public var isWritten: Bool
}

extension Publication {
  public func exchange(
    _ attempt: Attempt, with provider: some Provider, _ context: ProviderContext
  ) throws(ProviderError) -> Exchange<PublicationReport> {
    guard limits.isReadable else { return try write(attempt, attempt.assumed, with: provider) }
    let reading =
      if let nameServer {
        try NameServer(nameServer, context).published(name, types)
      } else {
        try provider.published(name, types)
      }
    return try reading.then { published throws(ProviderError) in
      try write(attempt, published, with: provider)
    }
  }

  private func write(
    _ attempt: Attempt, _ published: [RecordSet], with provider: some Provider
  ) throws(ProviderError) -> Exchange<PublicationReport> {
    let changes = changes(to: attempt.values, from: published, isForced: attempt.isForced)
    guard attempt.mayWrite, !changes.isEmpty else {
      return .done(PublicationReport(published: published, changes: changes, isWritten: false))
    }
    var after = published
    for change in changes {
      after.removeAll { $0.type == change.set.type }
      // An empty one stands for what is known to be removed.
      after.append(change.new ?? RecordSet(name, change.set.type, ttl: nil, []))
    }
    let report = PublicationReport(published: after, changes: changes, isWritten: true)
    return try Self.carryOut(changes[...], with: provider, report)
  }

  private static func carryOut(
    _ changes: ArraySlice<RecordChange>, with provider: some Provider, _ report: PublicationReport
  ) throws(ProviderError) -> Exchange<PublicationReport> {
    guard let change = changes.first else { return .done(report) }
    return try provider.replace(change.old, by: change.new).then { () throws(ProviderError) in
      try carryOut(changes.dropFirst(), with: provider, report)
    }
  }
}
