import Kernel
import Model
public import Netlink
public import Plan

extension Reconciler {
  /// What became of a plan's steps, checked by observing the kernel afterwards.
  public struct Outcome: Sendable {
    public var done: [Step] = []
    /// Refused by the kernel, or accepted without effect.
    public var failed: [(step: Step, error: NetlinkError)] = []
    /// Not tried, since the step that they depend on failed.
    public var skipped: [(step: Step, because: Step)] = []
    public var conflicts: [Plan.Conflict] = []
    /// Not tried yet, since they failed a moment ago.
    public var held: [Step] = []
    /// Not tried yet, since the kernel refuses them for now.
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
  /// Adds what a further pass did.
  mutating func begin(_ pass: Reconciler.Outcome) {
    let before = done
    self = pass
    if before.isEmpty { return }
    // A step that was done again counts once.
    let again = Set(done.map(\.change.object.id))
    done = before.filter { !again.contains($0.change.object.id) } + done
  }

  /// Corrects the pass's result by what was found afterwards; returns the steps that nothing has
  /// stopped and that are still to be done.
  mutating func compare(with found: Plan) -> [Step] {
    conflicts = found.conflicts
    let remaining = Set(found.steps.map(\.change.object.id))
    if remaining.isEmpty {
      // Whatever the kernel answered, everything is as it should be.
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

  /// The kernel accepted these steps in every pass, without effect.
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
