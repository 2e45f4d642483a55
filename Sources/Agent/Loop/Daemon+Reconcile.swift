import Events
import Kernel
import Model
import Netlink
import Plan
import State

extension Daemon {
  /// One pass: observes the kernel, and changes what isn't as it should be.
  func reconcile(_ now: Instant) {
    var wanted = NetworkState()
    var isDrift = true
    var lacking: [Trouble] = []
    var down = DownLinks()
    var undecided: [String] = []
    seen = nil
    var found: NetworkState?
    let outcome: Reconciler.Outcome
    do {
      let isHeld: (Change) -> Bool = { self.backoff.holds($0, now) }
      outcome = try reconciler.reconcile(holding: isHeld) {
        let observed = try reconciler.observe(for: desiredState!)
        backoff.observed(observed)
        let news = heard(inputs.states(in: observed, for: desiredState!), now)
        heed(now)
        say(news)
        let states = liveSignals.states(now)
        wanted = expanded(states, keeping: observed, now)
        lacking = desiredState!.notes(in: observed)
        down = DownLinks(in: observed, under: wanted)
        undecided = desiredState!.undecidedNames(given: states)
        isDrift = isDrift && convergedDesired == wanted
        let plan = puttingBack(Plan(from: observed, to: wanted), observed, wanted)
        found = plan.isEmpty ? observed : nil
        leases?.keep(wanted, of: desiredState!, given: states)
        return plan
      }
    } catch {
      // The kernel couldn't be read, or the disk couldn't be written: the next pass tries again.
      if passFailure != "\(error)" { log.error("pass-failed", ["error": error]) }
      passFailure = "\(error)"
      store.count(.errors)
      store.failed("\(error)")
      convergedDesired = nil
      // DNS records follow signals even while the kernel can't be read.
      tellOutputs(isConverged: false, now)
      return
    }
    passFailure = nil
    // A step that failed until now, and has succeeded at last, undoes nobody's change.
    for step in outcome.done {
      say(step, isDrift: isDrift && !unconverged.contains(step.change.object.id), now)
    }
    sayFlows()
    var failures: [Trouble] = []
    for (position, (step, error)) in outcome.failed.enumerated() {
      let (count, wait) = backoff.failed(step.change, now)
      store.count(step, "failed")
      // Of a thousand routes over one dead link a few are enough.
      if position >= Self.shownFailures { continue }
      log.error(
        "step-failed",
        [
          "verb": step.change.verb.rawValue, "object": step.change.object.id, "error": error,
          "cause": down.cause(of: step), "times": count, "next": wait.text,
        ])
    }
    if outcome.failed.count > Self.shownFailures {
      log.error("step-failed", ["object": "\(outcome.failed.count - Self.shownFailures) others"])
    }
    for step in outcome.failed.map(\.step) + outcome.held + outcome.skipped.map(\.step) {
      let cause = down.cause(of: step).map { "; \($0)" } ?? ""
      failures.append(
        Trouble(
          object: "\(step.change.object.id)", reason: reason(step, outcome) + cause))
    }
    failures += say(outcome.waiting)
    // An error: the kernel is as the file says, and yet nothing gets through.
    let wrong = desiredState!.mistakes
    failures += wrong
    if wrong != mistakes {
      for trouble in wrong {
        log.error("unled", ["object": trouble.object, "reason": trouble.reason])
      }
      mistakes = wrong
    }
    backoff.keep(Set((outcome.failed.map(\.step) + outcome.held).map(\.change.object.id)))
    if outcome.conflicts != conflicts {
      conflicts = outcome.conflicts
      for (object, reason) in conflicts.summary {
        log.error("conflict", ["object": object, "reason": reason])
      }
    }
    unconverged = Set(
      (outcome.failed.map(\.step) + outcome.held + outcome.skipped.map(\.step)
        + outcome.waiting.map(\.step))
        .map(\.change.object.id) + outcome.conflicts.map(\.object.id))
    convergedDesired = outcome.isComplete || !unconverged.isEmpty ? wanted : nil
    watched = wanted.sysctls.filter { !unconverged.contains($0.objectID) }
    seen = found
    if let found { convergedObserved = found }
    let notes = say(lacking + down.troubles, undecided)
    reportBlueprints(wanted, outcome, now)
    countDrops()
    store.addressFilter.close(
      desiredState!.blueprints.flatMap { $0.untrusted(in: wanted) },
      except: desiredState!.healthConditions.isEmpty ? [] : ["/healthz"])
    judgeHealth(now)
    store.report(outcome, failures, notes, liveSignals.list(now))
    tellOutputs(isConverged: outcome.isComplete, now)
  }

  private func tellOutputs(isConverged: Bool, _ now: Instant) {
    for output in store.outputs {
      output.follow(
        desiredState!, given: liveSignals.states(now), reading: readings,
        isConverged: isConverged)
    }
  }

  /// Takes what inputs say and what follows from it; returns what has changed.
  func heard(_ states: [Signal: Signal.State], _ now: Instant) -> [Signal: Signal.State] {
    liveSignals.update(states, now).merging(liveSignals.derive(by: desiredState!, now)) { $1 }
  }

  /// Lets inputs that depend on others' signals know them.
  func heed(_ now: Instant) {
    let states = liveSignals.states(now)
    for input in inputs { input.heed(states) }
    guard let desiredState, desiredState.blueprints.contains(where: { $0.needsSurroundings })
    else { return }
    hostNames.doubt(
      desiredState.blueprints.reduce(into: []) { $0.formUnion($1.deadHosts(given: states)) },
      by: .gateways)
  }

  private static let shownFailures = 20

  /// An object that had our mark in the last converged pass, and hasn't now, was replaced by hand
  /// (`ip route replace`): that is drift to be put back, not a conflict.
  private func puttingBack(
    _ plan: Plan, _ observed: NetworkState, _ wanted: NetworkState
  ) -> Plan {
    guard !plan.conflicts.isEmpty, let convergedObserved else { return plan }
    let ours = convergedObserved.owned(among: Set(plan.conflicts.map(\.object.id)))
    return ours.isEmpty ? plan : Plan(from: observed.owning(ours), to: wanted)
  }

  /// Carries out at once what signals and readings change, on the kernel as the last pass left it.
  /// If it has changed since, steps fail or miss something, which the next pass finds.
  func react(_ now: Instant, to news: Set<Signal> = []) {
    guard let seen = seen.take() else { return withdraw(after: news, now) }
    let wanted = expanded(liveSignals.states(now), keeping: seen, now)
    let plan = Plan(from: seen, to: wanted, converged: convergedDesired)
    leases?.keep(wanted, of: desiredState!, given: liveSignals.states(now))
    // Other differences in the next pass are no drift: our own steps may have caused them.
    convergedDesired = nil
    guard let outcome = try? reconciler.carryOut(plan, holding: { self.backoff.holds($0, now) })
    else { return }
    for step in outcome.done { say(step, isDrift: false, now) }
    sayFlows()
    if outcome.failed.isEmpty { reportBlueprints(wanted, outcome, now) }
    tellOutputs(isConverged: outcome.isComplete, now)
  }

  /// Where too little is known of the kernel to carry out all that signals change, a pass follows at
  /// once. An address that another machine is master of by now goes before it.
  private func withdraw(after news: Set<Signal>, _ now: Instant) {
    let states = liveSignals.states(now)
    let moving = desiredState!.conditional.compactMap { object -> (Address.ID, Signal.State)? in
      guard let address = object.object.as(Address.self), let when = object.when,
        when.needsMaster, !when.signals.isDisjoint(with: news)
      else { return nil }
      return (address.id, when.state(given: states))
    }
    if moving.isEmpty { return }
    cadence.hurry(now)
    // Several objects may state one address under different conditions.
    let gone = Set(moving.filter { $0.1 == .down }.map(\.0))
      .subtracting(moving.filter { $0.1 != .down }.map(\.0))
    guard !gone.isEmpty, let present = try? reconciler.kernel.observeAddresses() else { return }
    var observed = NetworkState()
    observed.addresses = present.addresses.filter { $0.isOwned && gone.contains($0.id) }
    if observed.addresses.isEmpty { return }
    leases?.drop(gone)
    convergedDesired = nil
    let plan = Plan(from: observed, to: NetworkState())
    guard let outcome = try? reconciler.carryOut(plan) else { return }
    for step in outcome.done { say(step, isDrift: false, now) }
  }

  private func expanded(
    _ states: [Signal: Signal.State], keeping observed: NetworkState, _ now: Instant
  ) -> NetworkState {
    drainings.update(desiredState!.drainings(given: states, keeping: observed), now: now)
    return desiredState!.expanded(given: states, reading: readings, keeping: observed) {
      [drainings] in drainings.isOver($0, now: now)
    }
  }

  /// Logs what the kernel lacks and what isn't known yet, each once until it is over; returns all
  /// of it for the status.
  private func say(_ lacking: [Trouble], _ undecided: [String]) -> [Trouble] {
    let reason = "what decides it isn't known yet; left as it is"
    let waiting = undecided.map { Trouble(object: $0, reason: reason) }
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

  /// Logs steps that wait for the kernel, each once: not as errors, since the kernel will tell when
  /// it is ready.
  private func say(_ waiting: [Reconciler.Outcome.Wait]) -> [Trouble] {
    let all = waiting.map {
      Trouble(object: "\($0.step.change.object.id)", reason: $0.reason)
    }
    for wait in all.filter({ !waits.contains($0) }).prefix(Self.shownFailures) {
      log.info("step-waits", ["object": wait.object, "reason": wait.reason])
    }
    waits = all
    return all
  }

  /// Logs signals that have changed.
  func say(_ signals: [Signal: Signal.State]) {
    let states = liveSignals.states(.now)
    for (signal, state) in signals.sorted(by: { $0.key < $1.key }) {
      let reason =
        state == .down ? inputs.reason(for: signal)?.visible(limit: Status.longestReason) : nil
      let subject = store.subject(of: signal)
      let isLoss = state == .down && subject?.isLost(given: states) == true
      log.write(
        isLoss ? .warning : .info, "signal",
        [
          "name": signal, "state": state.rawValue, "reason": reason,
          "meaning": isLoss ? subject?.loss : nil,
        ])
    }
  }

  /// Logs the flows of removed real servers that were ended.
  private func sayFlows() {
    let (count, failure) = reconciler.flows.take()
    if count > 0 { log.info("flows-ended", ["count": count, "why": "their server went"]) }
    let text = failure?.description
    // Ending them is tried again in each pass.
    if let text, text != flowsFailure { log.error("flows-kept", ["error": text]) }
    flowsFailure = text ?? (count > 0 ? nil : flowsFailure)
  }

  private func reason(_ step: Step, _ outcome: Reconciler.Outcome) -> String {
    if let failed = outcome.failed.first(where: { $0.step == step }) { return "\(failed.error)" }
    if let skipped = outcome.skipped.first(where: { $0.step == step }) {
      return "depends on \(skipped.because.change.object.id), which failed"
    }
    return "failed a moment ago, will be tried again"
  }

  private func say(_ step: Step, isDrift: Bool, _ now: Instant) {
    store.count(step, "done")
    guard isDrift else {
      let (times, isSaid) = steps.note(step.change.object.id, as: step.summary ?? "", now)
      if isSaid { log.info("step", fields(of: step, times > steps.few ? times : nil)) }
      return
    }
    store.count(.driftRepairs, kind: step.change.object.kind)
    let change = step.interference + (step.summary ?? "")
    let (times, isSaid) = repairs.note(step.change.object.id, as: change, now)
    guard isSaid else { return }
    log.warning(
      "restored",
      [
        "object": step.change.object.id, "was": step.interference, "changes": step.summary,
        "times": times, "within": Repairs.window.text,
      ])
  }

  func fields(of step: Step, _ times: Int? = nil) -> Log.Fields {
    [
      "verb": step.change.verb.rawValue, "object": step.change.object.id,
      "changes": step.summary, "reason": step.reason, "times": times,
    ]
  }
}
