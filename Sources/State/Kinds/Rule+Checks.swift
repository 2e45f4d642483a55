internal import JSON
internal import Model

extension CrossCheck {
  func checkAbsentRules() {
    let (patterns, rules) = (contents.absentRules, contents[Rule.self])
    var seen: [RulePattern: Int] = [:]
    for (position, pattern) in patterns.items.enumerated() {
      if let first = seen[pattern], !patterns.areExclusive(first, position) {
        findings.report(
          at: patterns.pointer(position), "the same absent rule as \(patterns.pointer(first))")
      } else {
        seen[pattern] = position
      }
    }
    for (position, rule) in rules.items.enumerated() {
      let when = rules.when(position)
      if let match = patterns.items.indices.first(where: { match in
        patterns.items[match].matches(rule)
          && !(when.flatMap { rule in patterns.when(match).map(rule.excludes) } ?? false)
      }) {
        findings.report(
          at: rules.pointer(position),
          "rule \(rule.id) would be removed by the absent rule \(patterns.pointer(match))")
      }
    }
  }
}
