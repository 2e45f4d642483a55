public import Model

extension Plan {
  /// What a plan without changes says.
  public static let steadyState = "No changes. The kernel matches the state file."

  /// The plan for people, sorted by verb, kind and identity; with ANSI colours on request.
  public func text(isColored: Bool = false) -> String {
    if isEmpty { return Self.steadyState + "\n" }
    var text = ""
    for step in steps.sortedForReading() { text += step.text(isColored: isColored) }
    if !conflicts.isEmpty {
      if !text.isEmpty { text += "\n" }
      text += conflicts.text
    }
    return text + "\n\(summary)\n"
  }

  /// `1 to create, 2 to change, 1 blocked; 1 removes what others made.`
  public var summary: String {
    var counts: [Change.Verb: Int] = [:]
    for step in steps { counts[step.change.verb, default: 0] += 1 }
    var parts = Change.Verb.inReadingOrder.compactMap { verb in
      counts[verb].map { "\($0) to \(verb == .update ? "change" : verb.rawValue)" }
    }
    if !conflicts.isEmpty { parts.append("\(conflicts.count) blocked") }
    let theirs = steps.count(where: \.removesTheirs)
    let note = theirs == 0 ? "" : "; \(theirs) remove\(theirs == 1 ? "s" : "") what others made"
    return parts.joined(separator: ", ") + note + "."
  }
}

extension Step {
  /// The step's title, `+ link br0`, and a line for each property that it sets.
  public func text(isColored: Bool = false) -> String {
    let verb = change.verb
    let (on, off) = isColored ? (verb.color, "\u{1b}[0m") : ("", "")
    var title = "\(verb.symbol) \(change.object.id)"
    if let reason {
      title += String(repeating: " ", count: max(1, 35 - title.count)) + "(\(reason))"
    }
    // Names and comments of tables may be any text.
    var text = "\(on)\(title.visible)\(off)\n"
    // Of ten thousand elements a few are enough to see what changes.
    for run in differences(limit: Self.shownParts).runs {
      for difference in run.prefix(Self.shownParts) {
        text += "    " + difference.line(verb).visible
        if difference.isTheirs { text += " (theirs)" }
        text += "\n"
      }
      let count = run.reduce(run.count) { $0 + $1.omitted }
      if count > Self.shownParts {
        text += "      ... and \(count - Self.shownParts) more of \(run.first!.name.visible)\n"
      }
    }
    return text
  }

  private static let shownParts = 10
}

extension Difference {
  /// `mtu: 1500 -> 1420`; what is added to or removed from an existing object has a sign of its
  /// own.
  fileprivate func line(_ verb: Change.Verb) -> String {
    let (old, new) = (old?.description, new?.description)
    if verb == .create { return "\(name): \(new ?? "none")" }
    if verb == .delete { return "\(name): \(old ?? "none")" }
    switch (sort, old, new) {
    case (.property, _, _): return "\(name): \(old ?? "none") -> \(new ?? "none")"
    case (_, _, let new?): return "+ \(name): \(new)"
    case (.element, let old?, nil): return "- \(name): \(old)"
    case (_, _, nil): return "- \(name)"
    }
  }
}

extension Change.Verb {
  static let inReadingOrder: [Change.Verb] = [.create, .update, .replace, .delete]

  /// Terraform's signs: `+` create, `~` change, `!` replace, `-` delete.
  public var symbol: String {
    switch self {
    case .create: "+"
    case .update: "~"
    case .replace: "!"
    case .delete: "-"
    }
  }

  /// ANSI.
  public var color: String {
    switch self {
    case .create: "\u{1b}[32m"
    case .update: "\u{1b}[33m"
    case .replace: "\u{1b}[35m"
    case .delete: "\u{1b}[31m"
    }
  }
}

extension [Step] {
  /// Sorted by verb, then kind, then in the order of execution, which is by identity.
  fileprivate func sortedForReading() -> [Step] {
    let verbs = Change.Verb.inReadingOrder
    let keys = map { step in
      verbs.firstIndex(of: step.change.verb)! * Kind.all.count
        + step.change.object.kind.position
    }
    return indices.sorted { (keys[$0], $0) < (keys[$1], $1) }.map { self[$0] }
  }
}

extension [Difference] {
  /// Differences grouped by their names.
  fileprivate var runs: [ArraySlice<Difference>] {
    indices.reduce(into: []) { runs, index in
      if let last = runs.last, self[last.startIndex].name == self[index].name {
        runs[runs.count - 1] = self[last.startIndex...index]
      } else {
        runs.append(self[index...index])
      }
    }
  }
}
