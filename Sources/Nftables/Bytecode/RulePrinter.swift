extension Nftables.Bytecode {
  /// Prints rules that no syntax can express, expression by expression.
  ///
  /// Set by whoever observes a table. Tables that differ only in their printer are equal, so all
  /// printers are.
  public struct RulePrinter: Hashable, Sendable {
    private let print: @Sendable (RuleProgram) -> String

    /// The default printer, which says only that vpngw can't read the rule.
    public init() { print = { _ in "(a rule that vpngw can't read)" } }

    public init(_ print: @escaping @Sendable (RuleProgram) -> String) { self.print = print }

    public func text(_ rule: RuleProgram) -> String { print(rule) }

    public static func == (_: Self, _: Self) -> Bool { true }

    public func hash(into hasher: inout Hasher) {}
  }
}
