import Model

extension Comparison {
  mutating func compareRules() {
    let rules = observed.rules
    if desired.rules.isEmpty, rules.isEmpty { return }
    var positions = Positions(rules)
    var isWanted = [Bool](repeating: false, count: rules.count)
    for rule in desired.rules {
      guard let position = positions.position(of: rule.id) else {
        add(rule, reason: nil)
        continue
      }
      isWanted[position] = true
      guard !rule.agrees(with: rules[position]) else { continue }
      if rule.mayChange(rules[position]) {
        steps.append(Step(Change(.update, rule, observed: rules[position])))
      } else {
        refuse(rule, rule.isTheirs(rules[position]))
      }
    }
    let wanted = Set(desired.absentRules.isEmpty ? [] : desired.rules.map(\.id))
    let isDeleted = rules.indices.map { position in
      let rule = rules[position]
      if rule.isOwned { return !isWanted[position] }
      return !wanted.contains(rule.id) && desired.absentRules.contains { $0.matches(rule) }
    }
    let peers = Dictionary(grouping: rules.indices) { Peers(rules[$0]) }
    for position in rules.indices where isDeleted[position] {
      let before = peers[Peers(rules[position])]!.prefix { $0 < position }
      delete(position, before.filter { !isDeleted[$0] }.map { rules[$0] })
    }
  }

  /// What rules share that the kernel may mistake for one another.
  private struct Peers: Hashable {
    let family: Family
    let priority: UInt32

    init(_ rule: Rule) { (family, priority) = (rule.family, rule.priority) }
  }

  /// `before` are the rules ahead of it at its priority that stay.
  private mutating func delete(_ position: Int, _ before: [Rule]) {
    let rule = observed.rules[position]
    let place = observed.rules[..<position].count { $0.family == rule.family }
    if observed.partialRules.contains(where: { $0.position <= place && $0.rule.isTaken(for: rule) })
    {
      return refuse(
        rule,
        "the kernel would delete another one in its place, which says more than vpngw can read: "
          + "delete it by `ip rule`")
    }
    var change = Change(.delete, rule, observed: rule)
    change.lookalikes = before.filter { $0.isTaken(for: rule) }
    steps.append(
      Step(
        change,
        reason: rule.maker.map {
          "made by \($0); the state file says that it must be absent"
        }))
  }
}
