import Model
import State

extension StatusStore {
  /// The metrics of the loop, of blueprints, of inputs and of outputs.
  var metrics: Metrics {
    var (metrics, status) = loop
    metrics.set(.stateFileValid, status.file == .good && status.hasFile ? 1 : 0)
    metrics.set(.converged, status.isConverged ? 1 : 0)
    if let health = status.health { metrics.set(.healthy, health.isGood ? 1 : 0) }
    for type in StateFile.blueprints where type.countsDrops {
      metrics.declare([Counter.drops(of: type.section)])
    }
    for totals in status.drops {
      for drop in totals.list {
        metrics.set(
          .drops(of: totals.section),
          [Metrics.Label("reason", drop.reason.name)] + Metrics.labels(ofGroup: drop.reason.group),
          Double(drop.packets))
      }
    }
    for input in inputs { input.measure(into: &metrics) }
    for output in outputs { output.measure(into: &metrics) }
    return metrics
  }
}

extension Counter {
  static let passes = Counter("vpngw_passes_total", "Passes over the kernel's objects.")
  static let steps = Counter("vpngw_steps_total", "Steps of plans, by what became of them.")
  static let driftRepairs = Counter(
    "vpngw_drift_repairs_total", "Objects restored that somebody else had changed.")
  static let errors = Counter("vpngw_errors_total", "Passes that failed as a whole.")
  static let stateFileErrors = Counter(
    "vpngw_state_file_errors_total", "Times that the state file was refused.")
  static let netlinkOverflows = Counter(
    "vpngw_netlink_overflows_total", "Times that the kernel dropped events for us.")

  /// What a blueprint's nftables dropped.
  static func drops(of section: String) -> Counter {
    Counter(
      "vpngw_\(section)_dropped_packets_total",
      "Packets that the nftables of \(section) dropped, by reason.")
  }
}

extension Gauge {
  static let stateFileValid = Gauge(
    "vpngw_state_file_valid", "Whether the state file, as it is now, is the one in force.")
  static let converged = Gauge(
    "vpngw_converged", "Whether the last pass found or made the kernel as the file says.")
  static let healthy = Gauge(
    "vpngw_healthy", "Whether the tunnel of a gateway pod carries packets.")
}

extension Histogram {
  static let loopLateness = Histogram("vpngw_loop_lateness_seconds", "How late passes began.")
  static let passDuration = Histogram(
    "vpngw_pass_duration_seconds", "How long passes took, changes included.")
}

extension Metrics {
  /// Of a blueprint's group of members; none where there is one alone.
  static func labels(ofGroup group: String?) -> Labels { group.map { [Label("group", $0)] } ?? [] }

  /// The metrics that the loop keeps.
  init(loop: Void) {
    self.init([
      Counter.passes, Counter.steps, Counter.driftRepairs, Counter.errors, Counter.stateFileErrors,
      Counter.netlinkOverflows, Histogram.loopLateness, Histogram.passDuration,
    ])
    for counter in [
      Counter.passes, .errors, .stateFileErrors, .netlinkOverflows,
    ] { add(counter, [], 0) }
  }
}
