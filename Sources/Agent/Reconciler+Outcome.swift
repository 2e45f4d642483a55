import Kernel
import Model
public import Netlink
public import Plan

extension Reconciler {
  /// What became of a plan's steps, by the look that followed them.
  public struct Outcome: Sendable {
    public var done: [Step] = []
    /// What the kernel refused, and what it took and still hasn't.
    public var failed: [(step: Step, error: NetlinkError)] = []
    /// Not tried, since the step that they rest on failed.
    public var skipped: [(step: Step, because: Step)] = []
    public var conflicts: [Plan.Conflict] = []
    /// Not tried yet, since they failed a moment ago.
    public var held: [Step] = []
    /// Not tried yet, since an address that they rest on is tentative.
    var waiting: [Wait] = []
    /// Not tried, since somebody wanted an end.
    public var untried: [Step] = []
    /// Whether the pass ended early, since somebody had changed what its plan was made for.
    public internal(set) var isOutdated = false

    public var isComplete: Bool {
      failed.isEmpty && skipped.isEmpty && conflicts.isEmpty && held.isEmpty && waiting.isEmpty
        && !isInterrupted && !isOutdated
    }

    var isInterrupted: Bool { !untried.isEmpty }
  }
}

extension Reconciler.Outcome {
  /// Takes over what a further pass did.
  mutating func begin(_ pass: Reconciler.Outcome) {
    let before = done
    self = pass
    if before.isEmpty { return }
    // What is done again counts once.
    let again = Set(done.map(\.change.object.id))
    done = before.filter { !again.contains($0.change.object.id) } + done
  }

  /// Corrects what the pass said by what was found after it; returns the steps that nothing has
  /// stopped and that are still to be done.
  mutating func compare(with found: Plan) -> [Step] {
    conflicts = found.conflicts
    let remaining = Set(found.steps.map(\.change.object.id))
    if remaining.isEmpty {
      // Whatever the kernel answered, it is so now.
      (failed, skipped, held, waiting) = ([], [], [], [])
      isOutdated = false
      return []
    }
    failed.removeAll { !remaining.contains($0.step.change.object.id) }
    held.removeAll { !remaining.contains($0.change.object.id) }
    waiting.removeAll { !remaining.contains($0.step.change.object.id) }
    var stopped = Set(
      (failed.map(\.step) + held + waiting.map(\.step)).map(\.change.object.id))
    skipped.removeAll {
      !remaining.contains($0.step.change.object.id)
        || !stopped.contains($0.because.change.object.id)
    }
    stopped.formUnion(skipped.map(\.step.change.object.id))
    return found.steps.filter { !stopped.contains($0.change.object.id) }
  }

  /// The kernel took these steps without an error, time after time, and isn't as they say.
  mutating func fail(_ steps: [Step], after passes: Int) {
    let ids = Set(steps.map(\.change.object.id))
    done.removeAll { ids.contains($0.change.object.id) }
    for step in steps {
      let difference = step.summary.map { " (\($0))" } ?? ""
      failed.append(
        (
          step,
          NetlinkError(
            step.change.command, code: 0,
            kernelText: "done \(passes) times without an error, and it still isn't so\(difference)")
        ))
    }
  }
}
