/// Where a rule stands; people count from 1.
struct RulePosition: CustomStringConvertible {
  let chain: String
  /// From 0.
  let position: Int

  /// In a sentence: `chain c, rule 3`.
  var description: String { "chain \(chain), rule \(position + 1)" }
  /// As what a line of a plan is about: `chain c rule 3`.
  var title: String { "chain \(chain) rule \(position + 1)" }
}
