import Model

extension [Plan.Conflict] {
  /// The conflicts to report: where many depend on one object, a few of them, and how many more
  /// there are.
  public var summary: [(object: String, reason: String)] {
    let shown = 5
    var lines: [(object: String, reason: String)] = []
    var counts: [ObjectID: Int] = [:]
    let shared = Dictionary(grouping: filter(\.isShared), by: \.reason)
    var said: Set<String> = []
    for conflict in self {
      if conflict.isShared {
        guard said.insert(conflict.reason).inserted else { continue }
        let more = shared[conflict.reason]!.count - 1
        lines.append(
          ("\(conflict.object.id)" + (more > 0 ? " and \(more) more" : ""), conflict.reason))
        continue
      }
      if let cause = conflict.cause {
        counts[cause, default: 0] += 1
        guard counts[cause]! <= shown else { continue }
      }
      lines.append(("\(conflict.object.id)", conflict.reason))
    }
    for (cause, count) in counts.sorted(by: { $0.key < $1.key }) where count > shown {
      let more = count - shown
      lines.append(("\(more) more", "they depend on \(cause)"))
    }
    return lines
  }

  /// `blocked link br0: why`, one line for each.
  public var text: String {
    summary.map { "blocked \($0.object): \($0.reason)".visible + "\n" }.joined()
  }
}
