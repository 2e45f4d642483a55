import JSON
import Kernel
import Model
import Plan

extension Session {
  public enum Request: Sendable {
    /// A state file.
    case file(String)
    /// What `plan --out` wrote.
    case plan(String)
  }

  public struct ApplyOptions: Sendable {
    public var isDryRun = false
    /// Everything is undone after this time unless somebody confirms that it works.
    public var confirm: Duration?
    /// A failed step has everything undone.
    public var isAllOrNothing = false

    public init() {}
  }

  /// `vpngw apply`: makes the kernel equal to the file.
  public func apply(
    _ request: Request, _ apply: ApplyOptions = ApplyOptions(), given inputs: Inputs = Inputs()
  ) throws -> Int32 {
    let desiredState: DesiredState
    var saved: SavedPlan?
    switch request {
    case .file(let path):
      guard let loaded = try load(path) else { return Status.failed }
      desiredState = loaded
    case .plan(let path):
      saved = try SavedPlan(path: path)
      desiredState = DesiredState(saved!.desired)
    }
    let known = try signals(inputs, for: desiredState)
    let reconciler = try reconciler()
    if apply.isDryRun {
      let observed = try reconciler.observe(for: desiredState)
      let plan = Plan(
        from: observed, to: expand(desiredState, given: known, keeping: observed))
      print(plan)
      return status(of: plan)
    }
    guard let lock = try reconciler.runDirectory.takeLock("vpngw apply") else {
      throw CommandError(
        "another vpngw is changing this namespace (\(reconciler.runDirectory.lockHolder)): nothing "
          + "was done")
    }
    defer { lock.release() }
    guard !reconciler.runDirectory.hasGuard else {
      throw CommandError(
        "an earlier change waits for `\(command("confirm"))` or for its undoing: nothing was done")
    }
    if let other = NamespaceLock.confirmation.otherHolder {
      throw CommandError(
        "an earlier change waits for its confirmation or for its undoing (\(other)): nothing was done"
      )
    }
    // Observed under the lock: no other vpngw can change anything.
    let observed = try reconciler.observe(for: desiredState)
    let desired = expand(desiredState, given: known, keeping: observed)
    let plan = Plan(from: observed, to: desired)
    if let moved = saved?.differences(from: plan), !moved.isEmpty {
      throw CommandError(
        "the kernel has changed since the plan was made, so nothing was done: plan again\n" + moved)
    }
    if apply.isAllOrNothing, !plan.conflicts.isEmpty {
      throw CommandError("not all of it can be done, so nothing was done\n" + plan.conflicts.text)
    }
    let mayUndo = apply.isAllOrNothing || apply.confirm != nil
    let undo = mayUndo ? Undo(of: plan, from: observed) : nil
    let interruption = Interruption()
    defer { interruption.end() }
    var confirmation: Confirmation?
    if let limit = apply.confirm, let undo, !plan.steps.isEmpty {
      confirmation = try Confirmation(of: undo, within: limit, in: reconciler.runDirectory, lock)
    }
    reconciler.onWait = { Console.complain("vpngw: \($0)\n") }
    reconciler.shouldStop = { outcome in
      lock.forgetAskers()
      return interruption.isPending || apply.isAllOrNothing && !outcome.failed.isEmpty
    }
    let outcome: Reconciler.Outcome
    do {
      // Renewals: nobody has approved another plan than the saved one.
      outcome = try reconciler.reconcile(startingWith: plan, renewals: saved == nil ? 10 : 0) {
        try reconciler.plan(to: desired)
      }
    } catch {
      // The kernel couldn't be read, or the disk written: nobody knows what was done.
      if let confirmation {
        lock.release()
        if try confirmation.undoNow() { throw error }
      }
      if let undo { try takeBack(undo, by: reconciler) }
      throw error
    }
    report(outcome)
    // Conflicts were known before, except those that came up on the way.
    let foreseen = Set(plan.conflicts.map(\.object.id))
    let isWhole =
      outcome.isWhole && outcome.conflicts.allSatisfy { foreseen.contains($0.object.id) }
    let flowsFailed = reportFlows(reconciler)
    if interruption.isPending, confirmation == nil || !isWhole {
      Console.complain("Interrupted.\n")
    }
    let status = outcome.isComplete && !flowsFailed ? Status.done : Status.failed
    if let confirmation {
      lock.release()
      // Nobody can want to keep half of it; to keep it all the same, leave --confirm away.
      guard isWhole else {
        if try !confirmation.undoNow() { try takeBack(undo!, by: reconciler) }
        return Status.failed
      }
      let stays = try confirmation.ask(
        command("confirm"), String(outcome.summary.dropLast()), interruption)
      return stays ? status : Status.failed
    }
    if apply.isAllOrNothing, !outcome.isComplete {
      try takeBack(undo!, by: reconciler)
    } else if outcome.isInterrupted {
      Console.complain("What is done stays; another apply goes on from there.\n")
    }
    return status
  }

  /// Reports flows to removed servers; returns whether ending them failed.
  private func reportFlows(_ reconciler: Reconciler) -> Bool {
    let (ended, failure) = reconciler.flows.take()
    if ended > 0, !options.isJSON {
      Console.print("Ended \(ended) \(ended == 1 ? "flow" : "flows") of servers that went.\n")
    }
    if let failure { Console.complain("failed flows of servers that went: \(failure)\n") }
    return failure != nil
  }

  /// Undoes an apply, in this process.
  private func takeBack(_ undo: Undo, by reconciler: Reconciler) throws {
    reconciler.shouldStop = { _ in false }
    let outcome = try reconciler.reconcile { try undo.plan(by: reconciler) }
    Console.complain(
      outcome.isComplete
        ? "Undone: it is as it was before.\n" : "Not wholly undone:\n" + outcome.complaints)
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

extension Undo {
  /// The steps that undo the change, planned for the kernel as it is now.
  func plan(by reconciler: Reconciler) throws -> Plan {
    plan(from: try reconciler.observe(also: sysctls, tables: Kernel.TableSelection(tables)))
  }
}

extension Reconciler.Outcome {
  /// Whether every planned step was done.
  fileprivate var isWhole: Bool { failed.isEmpty && skipped.isEmpty && untried.isEmpty }

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
    if !untried.isEmpty { parts.append("\(untried.count) not tried") }
    if !conflicts.isEmpty { parts.append("\(conflicts.count) blocked") }
    if done.isEmpty { parts.insert("Nothing done", at: 0) }
    return parts.joined(separator: ", ") + "."
  }

  /// One line for each object that isn't as it should be.
  public var complaints: String {
    var text = ""
    for (step, error) in failed {
      text += "failed \(step.change.object.id): \(error)".visible + "\n"
    }
    for (step, cause) in skipped {
      text +=
        "skipped \(step.change.object.id): it depends on \(cause.change.object.id)".visible + "\n"
    }
    return text + conflicts.text
  }

  var tree: Tree {
    .object([
      ("converged", .bool(isComplete)),
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
      ("untried", .array(untried.map { .string("\($0.change.object.id)") })),
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
