import Model
import Netlink
import Plan
import State

extension Daemon {
  /// One look at the kernel, and what it takes to make it as it should be.
  func reconcile(_ now: Cadence.Instant) {
    var wanted = Configuration()
    var isDrift = true
    var lacking: [Status.Trouble] = []
    var undecided: [String] = []
    seen = nil
    var found: Configuration?
    let outcome: Reconciler.Outcome
    do {
      let isHeld: (Change) -> Bool = { self.backoff.holds($0, now) }
      outcome = try reconciler.reconcile(holding: isHeld) {
        let observed = try reconciler.observe(for: declaration!)
        backoff.observed(observed)
        say(liveSignals.update(declaration!.linkSignals(in: observed), now))
        let states = liveSignals.states(now)
        wanted = expanded(states, keeping: observed, now)
        lacking = declaration!.lacking(in: observed)
        undecided = declaration!.undecidedNames(given: states)
        isDrift = isDrift && settled == wanted
        let plan = Plan(from: observed, to: wanted)
        found = plan.isEmpty ? observed : nil
        return plan
      }
    } catch {
      // The kernel couldn't be read, or the disk couldn't be written: the next look tries again.
      log.error("look-failed", ["error": error])
      board.count("vpngw_errors_total")
      board.update { $0.isConverged = false }
      settled = nil
      return
    }
    for step in outcome.done { say(step, isDrift: isDrift, now) }
    var failures: [Status.Trouble] = []
    for (step, error) in outcome.failed {
      let (count, wait) = backoff.failed(step.change, now)
      log.error(
        "step-failed",
        [
          "verb": step.change.verb.rawValue, "object": step.change.object.id, "error": error,
          "times": count, "next": wait.text,
        ])
      board.count("vpngw_steps_total", step, "failed")
    }
    for step in outcome.failed.map(\.step) + outcome.held + outcome.skipped.map(\.step) {
      failures.append(
        Status.Trouble(object: "\(step.change.object.id)", reason: reason(step, outcome)))
    }
    backoff.keep(Set((outcome.failed.map(\.step) + outcome.held).map(\.change.object.id)))
    if outcome.conflicts != conflicts {
      conflicts = outcome.conflicts
      for (object, reason) in conflicts.told {
        log.error("conflict", ["object": object, "reason": reason])
      }
    }
    settled = outcome.isComplete ? wanted : nil
    seen = found
    let notes = say(lacking, undecided)
    if let gateways = declaration?.gateways { report(gateways, wanted, outcome, .now - now) }
    board.report(outcome, failures, notes, liveSignals.list(now))
  }

  /// What signals change, at once: by the kernel as the last look left it. If it is so no longer,
  /// steps fail or miss something; the look that follows finds that.
  func react(_ now: Cadence.Instant) {
    guard let seen = seen.take() else { return }
    let wanted = expanded(liveSignals.states(now), keeping: seen, now)
    let plan = Plan(from: seen, to: wanted, settled: settled)
    // What the look finds besides is no drift: our own steps may have brought it about.
    settled = nil
    guard let outcome = try? reconciler.carryOut(plan, holding: { self.backoff.holds($0, now) })
    else { return }
    for step in outcome.done { say(step, isDrift: false, now) }
    if let gateways = declaration?.gateways, outcome.failed.isEmpty {
      report(gateways, wanted, outcome, .now - now)
    }
  }

  private func expanded(
    _ states: [Signal: Signal.State], keeping observed: Configuration, _ now: Cadence.Instant
  ) -> Configuration {
    departures.update(declaration!.departures(given: states, keeping: observed), now: now)
    return declaration!.expanded(given: states, keeping: observed) { [departures] in
      departures.isOver($0, now: now)
    }
  }

  private func report(
    _ gateways: Gateways, _ wanted: Configuration, _ outcome: Reconciler.Outcome,
    _ duration: Duration
  ) {
    let failed = outcome.failed.map(\.step).filter { gateways.owns($0.change.object) }
    let done = outcome.done.filter { gateways.owns($0.change.object) }
    board.reportGateways(
      gateways.leading(gateways.inUse(by: wanted.tables)).count,
      isGood: failed.isEmpty ? (done.isEmpty ? nil : true) : false, took: duration)
  }

  /// Each once, until it is over: what the kernel lacks, and what isn't known yet. All of it, for
  /// the status.
  private func say(_ lacking: [Status.Trouble], _ undecided: [String]) -> [Status.Trouble] {
    let reason = "what decides it isn't known yet; left as it is"
    let waiting = undecided.map { Status.Trouble(object: $0, reason: reason) }
    for note in lacking where !notes.contains(note) {
      log.warning("note", ["object": note.object, "reason": note.reason])
    }
    let news = waiting.filter { !notes.contains($0) }.map(\.object)
    if !news.isEmpty {
      log.info("note", ["object": news.joined(separator: ", "), "reason": reason])
    }
    notes = lacking + waiting
    return notes
  }

  /// Signals that became something else.
  func say(_ signals: [Signal: Signal.State]) {
    for (signal, state) in signals.sorted(by: { $0.key < $1.key }) {
      let reason = state == .down ? reasons(signal) : nil
      log.info("signal", ["name": signal, "state": state.rawValue, "reason": reason])
    }
  }

  private func reason(_ step: Step, _ outcome: Reconciler.Outcome) -> String {
    if let failed = outcome.failed.first(where: { $0.step == step }) { return "\(failed.error)" }
    if let skipped = outcome.skipped.first(where: { $0.step == step }) {
      return "rests on \(skipped.because.change.object.id), which failed"
    }
    return "failed a moment ago, will be tried again"
  }

  private func say(_ step: Step, isDrift: Bool, _ now: Cadence.Instant) {
    board.count("vpngw_steps_total", step, "done")
    guard isDrift else { return log.info("step", fields(of: step)) }
    let times = repairs.note(step.change.object.id, now)
    board.count("vpngw_drift_repairs_total", kind: step.change.object.kind)
    log.warning(
      "restored",
      [
        "object": step.change.object.id, "was": step.interference, "changes": step.summary,
        "times": times, "within": Repairs.window.text,
      ])
  }

  func fields(of step: Step) -> KeyValuePairs<String, Any?> {
    [
      "verb": step.change.verb.rawValue, "object": step.change.object.id,
      "changes": step.summary, "reason": step.reason,
    ]
  }
}
