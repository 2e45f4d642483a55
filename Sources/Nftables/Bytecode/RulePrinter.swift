extension Nftables.Bytecode {
  /// Prints rules that no syntax can express, expression by expression.
  ///
  /// Whoever observes a table sets it; printers don't tell tables apart, so all are equal.
  public struct RulePrinter: Hashable, Sendable {
    private let print: @Sendable (RuleProgram) -> String

    /// A printer that knows no rule says only that vpngw can't read it.
    public init() { print = { _ in "(a rule that vpngw can't read)" } }

    public init(_ print: @escaping @Sendable (RuleProgram) -> String) { self.print = print }

    public func text(_ rule: RuleProgram) -> String { print(rule) }

    public static func == (_: Self, _: Self) -> Bool { true }

    public func hash(into hasher: inout Hasher) {}
  }
}
