import Health
import Model
import Plan
import Synchronization

/// Where the loop writes what it knows, and the HTTP server reads it.
final class StatusStore: Sendable {
  private struct Content {
    var status: Status
    var metrics: Metrics
    var checks = GatewayChecks()
  }

  private let content: Mutex<Content>
  let door = Door()

  init(path: String) {
    content = Mutex(Content(status: Status(path: path), metrics: Metrics(loop: ())))
  }

  var status: Status { content.withLock { $0.status } }
  var gateways: [Signal: IPAddress] { content.withLock { $0.checks.gateways } }
  var metrics: Metrics { content.withLock { $0.metrics } }

  func update(_ body: (inout Status) -> Void) { content.withLock { body(&$0.status) } }

  func count(_ name: String, _ labels: Metrics.Labels = [], by amount: Int = 1) {
    content.withLock { $0.metrics.add(name, labels, Double(amount)) }
  }

  func count(_ name: String, kind: Kind) { count(name, [Metrics.Label("kind", kind.name)]) }

  func count(_ name: String, _ step: Step, _ result: String) {
    count(
      name,
      [
        Metrics.Label("kind", step.change.object.kind.name),
        Metrics.Label("verb", step.change.verb.rawValue), Metrics.Label("result", result),
      ])
  }

  /// A probe was tried.
  func note(_ signal: Signal, _ trial: Trial, _ reading: Reading) {
    content.withLock { content in
      content.metrics.observe("vpngw_probe_lateness_seconds", [], reading.lateness)
      content.checks.note(signal, trial, reading, in: &content.metrics)
    }
  }

  /// A state file was taken.
  func declare(_ desired: DesiredState) {
    let subjects = desired.blueprints.reduce(into: [Signal: SignalSubject]()) { all, blueprint in
      all.merge(blueprint.subjects) { first, _ in first }
    }
    content.withLock { content in
      content.status.subjects = subjects
      content.checks.declare(desired)
    }
  }

  /// What a signal says something about.
  func subject(of signal: Signal) -> SignalSubject? {
    content.withLock { $0.status.subjects[signal] }
  }

  /// Forgets what blueprints dropped that the file no longer has.
  func keepDrops(of sections: [String]) {
    content.withLock { $0.status.drops.removeAll { !sections.contains($0.section) } }
  }

  /// The kernel's counters of a blueprint as they are now, by their names.
  func countDrops(
    _ counters: [String: UInt64], of reasons: [DropCounters.Reason], _ section: String
  ) {
    content.withLock { content in
      let found = content.status.drops.firstIndex { $0.section == section }
      if found == nil { content.status.drops.append(DropTotals(of: section)) }
      let index = found ?? content.status.drops.count - 1
      content.status.drops[index].read(counters, of: reasons, at: .now)
    }
  }

  func measure(_ name: String, _ duration: Duration) {
    content.withLock { $0.metrics.observe(name, [], duration) }
  }

  /// What a look meant to a blueprint: nil of `isGood`, nothing of it was to be changed.
  func report(_ availability: Availability, isGood: Bool?, took duration: Duration) {
    content.withLock {
      $0.checks.note(availability, isGood: isGood, took: duration, in: &$0.metrics)
    }
  }

  /// A look that failed as a whole: nobody knows how the kernel is.
  func failed(_ reason: String) {
    content.withLock { content in
      content.status.isConverged = false
      content.status.failures = [Trouble(object: "look at the kernel", reason: reason)]
    }
  }

  /// What came of a look.
  func report(
    _ outcome: Reconciler.Outcome, _ failures: [Trouble], _ notes: [Trouble],
    _ signals: [Status.SignalStatus]
  ) {
    content.withLock { content in
      content.status.isConverged = outcome.isComplete
      content.status.failures = failures
      content.status.notes = notes
      content.status.conflicts = outcome.conflicts.told.map {
        Trouble(object: $0.object, reason: $0.reason)
      }
      content.status.signals = signals
      content.metrics.add("vpngw_passes_total")
    }
  }
}

extension Metrics {
  /// The metrics that the loop keeps.
  init(loop: Void) {
    self.init()
    declare("vpngw_passes_total", .counter, "Looks at the kernel.")
    add("vpngw_passes_total", [], 0)
    declare("vpngw_steps_total", .counter, "Steps of plans, by what became of them.")
    declare(
      "vpngw_drift_repairs_total", .counter, "Objects put right that somebody else had changed.")
    declare("vpngw_errors_total", .counter, "Looks that failed as a whole.")
    add("vpngw_errors_total", [], 0)
    declare("vpngw_state_file_errors_total", .counter, "Times that the state file was refused.")
    add("vpngw_state_file_errors_total", [], 0)
    declare(
      "vpngw_netlink_overflows_total", .counter, "Times that the kernel dropped events for us.")
    add("vpngw_netlink_overflows_total", [], 0)
    declare("vpngw_loop_lateness_seconds", .histogram, "How late looks began.")
    declare("vpngw_probe_lateness_seconds", .histogram, "How late tries of probes began.")
    declare("vpngw_pass_duration_seconds", .histogram, "How long looks took, changes included.")
    declareGateways()
  }
}
