import Model

extension [Plan.Conflict] {
  /// The conflicts to report: where many depend on one object, a few of them, and how many more
  /// there are.
  public var told: [(object: String, reason: String)] {
    let shown = 5
    var told: [(object: String, reason: String)] = []
    var counts: [ObjectID: Int] = [:]
    for conflict in self {
      if let cause = conflict.cause {
        counts[cause, default: 0] += 1
        guard counts[cause]! <= shown else { continue }
      }
      told.append(("\(conflict.object.id)", conflict.reason))
    }
    for (cause, count) in counts.sorted(by: { $0.key < $1.key }) where count > shown {
      let more = count - shown
      told.append(("\(more) more", "they rest on \(cause)"))
    }
    return told
  }

  /// `blocked link br0: why`, one line for each.
  public var text: String {
    told.map { "blocked \($0.object): \($0.reason)".visible + "\n" }.joined()
  }
}
