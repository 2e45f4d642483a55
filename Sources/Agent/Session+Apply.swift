import JSON
import Model
import Plan

extension Session {
  public enum Request: Sendable {
    /// A state file.
    case file(String)
    /// What `plan --out` wrote.
    case plan(String)
  }

  /// `vpngw apply`: makes the kernel equal to the file.
  ///
  /// With `confirm`, all is undone at the end of that time unless somebody says that it works.
  public func apply(
    _ request: Request, isDryRun: Bool = false, confirm: Duration? = nil,
    given inputs: Inputs = Inputs()
  ) throws -> Int32 {
    let reconciler = try reconciler()
    let declaration: Declaration
    var saved: SavedPlan?
    switch request {
    case .file(let path):
      guard let loaded = try load(path) else { return Status.failed }
      declaration = loaded
    case .plan(let path):
      saved = try SavedPlan(path: path)
      declaration = Declaration(saved!.desired)
    }
    let known = try signals(inputs, for: declaration)
    if isDryRun {
      let observed = try reconciler.observe(for: declaration)
      let plan = Plan(
        from: observed, to: settle(declaration, given: known, keeping: observed))
      print(plan)
      return status(of: plan)
    }
    guard let lock = try reconciler.runDirectory.takeLock("vpngw apply") else {
      throw Failure(
        "another vpngw is changing this namespace (\(reconciler.runDirectory.lockHolder)): nothing "
          + "was done")
    }
    defer { lock.release() }
    guard !reconciler.runDirectory.hasGuard else {
      throw Failure(
        "an earlier change waits for `vpngw confirm` or for its undoing: nothing was done")
    }
    // Read while nobody else of us can change it.
    let observed = try reconciler.observe(for: declaration)
    let desired = settle(declaration, given: known, keeping: observed)
    let plan = Plan(from: observed, to: desired)
    if let moved = saved?.differences(from: plan), !moved.isEmpty {
      throw Failure(
        "the kernel has moved since the plan was made, so nothing was done: plan again\n" + moved)
    }
    guard let confirm, !plan.steps.isEmpty else {
      return try carryOut(plan, to: desired, by: reconciler)
    }
    let confirmation = try Confirmation(
      of: Undo(of: plan, from: observed), within: confirm, in: reconciler.runDirectory, lock)
    let status = try carryOut(plan, to: desired, by: reconciler)
    lock.release()
    return try confirmation.ask() ? status : Status.failed
  }

  private func carryOut(
    _ plan: Plan, to desired: Configuration, by reconciler: Reconciler
  ) throws -> Int32 {
    let outcome = try reconciler.reconcile(startingWith: plan) { try reconciler.plan(to: desired) }
    report(outcome)
    let (ended, failure) = reconciler.flows.take()
    if ended > 0, !options.isJSON {
      Console.print("Ended \(ended) \(ended == 1 ? "flow" : "flows") of servers that went.\n")
    }
    if let failure { Console.complain("failed flows of servers that went: \(failure)\n") }
    return outcome.isComplete && failure == nil ? Status.done : Status.failed
  }

  private func report(_ outcome: Reconciler.Outcome) {
    if options.isJSON {
      Console.print(outcome.tree.text())
      return
    }
    var text = ""
    let isColored = Console.isColored
    for step in outcome.done { text += step.text(isColored: isColored) }
    if outcome.done.isEmpty && outcome.isComplete {
      text = Plan.steadyState + "\n"
    } else {
      text += "\n\(outcome.summary)\n"
    }
    Console.print(text, isColored: isColored)
    Console.complain(outcome.complaints)
  }
}

extension Reconciler.Outcome {
  /// `2 created, 1 changed, 1 failed.`
  var summary: String {
    let words: [(Change.Verb, String)] = [
      (.create, "created"), (.update, "changed"), (.replace, "replaced"), (.delete, "deleted"),
    ]
    var parts = words.compactMap { verb, word -> String? in
      let count = done.count { $0.change.verb == verb }
      return count == 0 ? nil : "\(count) \(word)"
    }
    if !failed.isEmpty { parts.append("\(failed.count) failed") }
    if !skipped.isEmpty { parts.append("\(skipped.count) skipped") }
    return (parts.isEmpty ? "Nothing done" : parts.joined(separator: ", ")) + "."
  }

  /// A line for each object that isn't as it should be.
  public var complaints: String {
    var text = ""
    for (step, error) in failed {
      text += "failed \(step.change.object.id): \(error)".visible + "\n"
    }
    for (step, cause) in skipped {
      text +=
        "skipped \(step.change.object.id): it rests on \(cause.change.object.id)".visible + "\n"
    }
    for conflict in conflicts {
      text += "cannot \(conflict.object.id): \(conflict.reason)".visible + "\n"
    }
    return text
  }

  var tree: Tree {
    .object([
      ("done", .array(done.map(\.tree))),
      (
        "failed",
        .array(
          failed.map { step, error in
            .object([
              ("object", .string("\(step.change.object.id)")), ("error", .string("\(error)")),
            ])
          })
      ),
      (
        "skipped",
        .array(
          skipped.map { step, cause in
            .object([
              ("object", .string("\(step.change.object.id)")),
              ("because", .string("\(cause.change.object.id)")),
            ])
          })
      ),
      (
        "conflicts",
        .array(
          conflicts.map {
            .object([("object", .string("\($0.object.id)")), ("reason", .string($0.reason))])
          })
      ),
    ])
  }
}
