import Addressing

/// Converts what the kernel holds to what a state file states.
public struct TableDecompiler {
  let scope: TableScope
  private let printer: RulePrinter

  /// `linkName` maps an interface index to the link's name, `link` the other way round.
  public init(
    _ table: TableProgram, names: MachineNames = MachineNames(),
    link: @escaping (String) -> UInt32?,
    linkName: @escaping (UInt32) -> String?
  ) {
    var scope = TableScope(table, link: link)
    scope.linkName = linkName
    scope.names = names
    self.scope = scope
    printer = table.printer
  }

  /// Nil for a rule that we can't read; otherwise the result compiles to exactly that rule.
  public func rule(_ program: RuleProgram) -> Nftables.Rule? {
    RuleDecompiler.decompile(program.instructions, scope).map {
      Nftables.Rule($0, comment: UserData.comment(in: program.userData))
    }
  }
}

extension TableDecompiler {
  /// One line, as `nft list ruleset` prints it.
  public func text(_ rule: Nftables.Rule, showsCounts: Bool = true) -> String {
    RuleText(scope: scope, showsCounts: showsCounts).text(rule)
  }

  /// In nft's syntax, or as bytecode if that can't express it; without counts.
  public func anyText(_ rule: RuleProgram) -> String {
    let rule = rule.normalized
    return self.rule(rule).map { text($0, showsCounts: false) } ?? bytecode(rule)
  }

  /// For a rule that no syntax can express.
  public func bytecode(_ rule: RuleProgram) -> String {
    let comment = UserData.comment(in: rule.userData).map { " comment \"\($0)\"" } ?? ""
    return printer.text(rule.normalized) + comment
  }
}
