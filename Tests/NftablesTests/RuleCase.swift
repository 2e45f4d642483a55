import Testing

/// One rule in nft's language, in a chain of a table.
struct RuleCase: CustomTestStringConvertible, CustomStringConvertible, Sendable {
  let family: String
  /// What follows `type`; empty for a chain that is jumped to.
  let hook: String
  let rule: String
  /// What else is in the table.
  let with: String

  init(_ family: String, _ rule: String, hook: String = "", with: String = "") {
    self.family = family
    self.rule = rule
    self.hook = hook
    self.with = with
  }

  var description: String { "\(family): \(rule)" }
  var testDescription: String { description }

  var ruleset: String {
    """
    table \(family) t {
      \(with)
      chain c {
        \(hook.isEmpty ? "" : "type \(hook);")
        \(rule)
      }
    }
    """
  }

  static func each(
    _ families: String, hook: String = "", with: String = "", _ rules: [String]
  ) -> [RuleCase] {
    families.split(separator: " ").flatMap { family in
      rules.map { RuleCase(String(family), $0, hook: hook, with: with) }
    }
  }

  static func join(_ cases: [[RuleCase]]) -> [RuleCase] { Array(cases.joined()) }

  static let all: [RuleCase] =
    join([
      metaCases, ctCases, payloadCases, transportCases, operationCases, setCases, statementCases,
      natCases, fileCases,
    ])
}
