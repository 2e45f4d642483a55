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
    var drops = DropTotals()
  }

  private let content: Mutex<Content>
  let door = Door()

  init(path: String) {
    content = Mutex(Content(status: Status(path: path), metrics: Metrics(loop: ())))
  }

  var status: Status { content.withLock { $0.status } }
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

  /// What the signals of a file's probes are about.
  func declare(_ declaration: DesiredState) {
    let addresses = (declaration.gateways?.members ?? []).compactMap { member in
      member.addresses.first.map { (member.signal, $0) }
    }
    declare(Dictionary(addresses) { first, _ in first })
    let groups = ProbeGroup.all(of: declaration.services)
    content.withLock { content in
      content.status.services = groups.reduce(into: [:]) { services, group in
        for signal in group.servers.keys { services[signal] = group }
      }
    }
  }

  /// The service that a probe is about.
  func group(of signal: Signal) -> ProbeGroup? { content.withLock { $0.status.services[signal] } }

  /// The gateways' addresses by the signals of their probes.
  func declare(_ gateways: [Signal: IPAddress]) {
    content.withLock { content in
      content.status.gateways = gateways
      content.checks.declare(gateways)
    }
  }

  /// The kernel's counters as they are now, by their names; nil without gateways.
  func countDrops(_ counters: [String: UInt64]?, of reasons: [Gateways.Drop]) {
    content.withLock { content in
      if let counters {
        content.drops.read(counters, of: reasons, at: .now)
      } else {
        content.drops = DropTotals()
      }
      content.status.drops = content.drops.list
    }
  }

  func measure(_ name: String, _ duration: Duration) {
    content.withLock { $0.metrics.observe(name, [], duration) }
  }

  /// What a look meant to the gateways: nil of `isGood`, nothing of theirs was to be changed.
  func reportGateways(_ count: Int, isGood: Bool?, took duration: Duration) {
    content.withLock { content in
      content.metrics.set("default_route_gateways_count", [], Double(count))
      if let isGood { content.metrics.countRouteUpdate(isGood: isGood, duration) }
    }
  }

  /// A look that failed as a whole: nobody knows how the kernel is.
  func failed(_ reason: String) {
    content.withLock { content in
      content.status.isConverged = false
      content.status.failures = [Status.Trouble(object: "look at the kernel", reason: reason)]
    }
  }

  /// What came of a look.
  func report(
    _ outcome: Reconciler.Outcome, _ failures: [Status.Trouble], _ notes: [Status.Trouble],
    _ signals: [Status.SignalStatus]
  ) {
    content.withLock { content in
      content.status.isConverged = outcome.isComplete
      content.status.failures = failures
      content.status.notes = notes
      content.status.conflicts = outcome.conflicts.told.map {
        Status.Trouble(object: $0.object, reason: $0.reason)
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
