/// A rule's position in its chain; shown counted from 1.
struct RulePosition: CustomStringConvertible {
  let chain: String
  /// Counted from 0.
  let position: Int

  /// In a sentence: `chain c, rule 3`.
  var description: String { "chain \(chain), rule \(position + 1)" }
  /// As the subject of a plan's line: `chain c rule 3`.
  var title: String { "chain \(chain) rule \(position + 1)" }
}
