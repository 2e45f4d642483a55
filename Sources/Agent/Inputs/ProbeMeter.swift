import Health
import Model
import Synchronization

/// Called after each attempt of a probe, on the prober's thread.
protocol ProbeObserver: Sendable {
  func note(_ signal: Signal, _ report: AttemptReport, _ reading: Reading)
  /// Adds metrics computed from the present states of all probes.
  func measure(_ probes: Prober.Snapshot, into metrics: inout Metrics)
}

/// The metrics of probes.
final class ProbeMeter: Sendable {
  private let metrics = Mutex(Metrics([ProbeMeter.lateness]))
  private let observers: [any ProbeObserver]

  init(observers: [any ProbeObserver] = []) { self.observers = observers }

  /// An attempt is over.
  func note(_ signal: Signal, _ report: AttemptReport, _ reading: Reading) {
    metrics.withLock { $0.observe(Self.lateness, reading.lateness) }
    for observer in observers { observer.note(signal, report, reading) }
  }

  func measure(_ probes: Prober.Snapshot, into metrics: inout Metrics) {
    metrics.merge(self.metrics.withLock { $0 })
    metrics.declare([Self.up, Self.tries])
    for (signal, (state, reading)) in probes.sorted(by: { $0.key < $1.key }) {
      let name = [Metrics.Label("name", signal.name)]
      metrics.set(Self.up, name, state == .up ? 1 : 0)
      metrics.setTries(Self.tries, name, reading)
      metrics.set(
        Self.tries, name + [Metrics.Label("status", "unasked")], Double(reading.unasked))
    }
    let readings = probes.values.map(\.reading)
    metrics.set(Self.skipped, Double(readings.reduce(0) { $0 + $1.skipped }))
    metrics.set(Self.maxLateness, readings.map(\.maxLateness).max()?.inSeconds ?? 0)
    for observer in observers { observer.measure(probes, into: &metrics) }
  }

  private static let lateness = Histogram(
    "vpngw_probe_lateness_seconds", "How late attempts of probes began.")
  private static let up = Gauge("vpngw_probe_up", "Whether a probe's signal is up.")
  private static let tries = Counter("vpngw_probe_tries_total", "Attempts of a probe.")
  private static let skipped = Counter(
    "vpngw_probe_skipped_total", "Attempts left out, since the one before began too late.")
  private static let maxLateness = Gauge(
    "vpngw_probe_max_lateness_seconds", "How late an attempt began at most.")
}

extension Metrics {
  mutating func setTries(_ counter: Counter, _ labels: Labels, _ reading: Reading) {
    set(counter, labels + [Label("status", "success")], Double(reading.succeeded))
    set(counter, labels + [Label("status", "failure")], Double(reading.failed))
  }
}
