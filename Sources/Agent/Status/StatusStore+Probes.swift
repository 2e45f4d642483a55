import Health
import Model
import State

extension StatusStore {
  /// The loop's metrics, and those of probes and gateways; the latter have the names and the meaning
  /// of gateway-route-manager's.
  func metrics(with probes: Prober.Snapshot) -> Metrics {
    var metrics = self.metrics
    metrics.declareProbes()
    let status = status
    metrics.set("vpngw_state_file_valid", [], status.file == .good && status.hasFile ? 1 : 0)
    metrics.set("vpngw_converged", [], status.isConverged ? 1 : 0)
    for type in StateFile.blueprints where type.countsDrops {
      metrics.declareDrops(of: type.section)
    }
    for totals in status.drops {
      let name = metrics.declareDrops(of: totals.section)
      for drop in totals.list {
        metrics.set(
          name,
          [Metrics.Label("reason", drop.reason.name)], Double(drop.packets))
      }
    }
    let gateways = gateways
    for (signal, (state, reading)) in probes.sorted(by: { $0.key < $1.key }) {
      let name = [Metrics.Label("name", signal.name)]
      metrics.set("vpngw_probe_up", name, state == .up ? 1 : 0)
      metrics.setTries("vpngw_probe_tries_total", name, reading)
      metrics.set(
        "vpngw_probe_tries_total", name + [Metrics.Label("status", "unasked")],
        Double(reading.unasked))
      guard let address = gateways[signal] else { continue }
      let gateway = [Metrics.Label("gateway_ip", address.description)]
      metrics.setTries("gateway_health_check_total", gateway, reading)
      metrics.set(
        "consecutive_failures_count", gateway, Double(reading.consecutiveFailures))
    }
    let readings = probes.values.map(\.reading)
    metrics.set("vpngw_probe_skipped_total", [], Double(readings.reduce(0) { $0 + $1.skipped }))
    metrics.set(
      "vpngw_probe_max_lateness_seconds", [],
      readings.map(\.maxLateness).max()?.inSeconds ?? 0)
    let active = gateways.keys.filter { probes[$0]?.state == .up }
    let addresses = Set(active.compactMap { probes[$0]?.reading.publicAddress })
    metrics.set("gateway_active_count", [], Double(active.count))
    metrics.set("gateway_total_count", [], Double(gateways.count))
    metrics.set("unique_public_ips_count", [], Double(addresses.count))
    return metrics
  }
}

extension Metrics {
  @discardableResult
  fileprivate mutating func declareDrops(of section: String) -> String {
    let name = "vpngw_\(section)_dropped_packets_total"
    declare(name, .counter, "Packets that the \(section)' nftables dropped, by reason.")
    return name
  }

  fileprivate mutating func setTries(_ name: String, _ labels: Labels, _ reading: Reading) {
    set(name, labels + [Label("status", "success")], Double(reading.succeeded))
    set(name, labels + [Label("status", "failure")], Double(reading.failed))
  }

  /// Those that are made when somebody asks.
  fileprivate mutating func declareProbes() {
    declare(
      "vpngw_state_file_valid", .gauge, "Whether the state file, as it is now, is the one in force."
    )
    declare(
      "vpngw_converged", .gauge, "Whether the last look found or made the kernel as the file says.")
    declare("vpngw_probe_up", .gauge, "Whether a probe's signal is up.")
    declare("vpngw_probe_tries_total", .counter, "Tries of a probe.")
    declare(
      "vpngw_probe_skipped_total", .counter, "Tries left out, since the one before began too late.")
    declare("vpngw_probe_max_lateness_seconds", .gauge, "How late a try began at most.")
    declare("gateway_health_check_total", .counter, "Health checks of a gateway.")
    declare(
      "consecutive_failures_count", .gauge, "Health checks of a gateway that failed in a row.")
    declare("gateway_active_count", .gauge, "Gateways that are healthy.")
    declare("gateway_total_count", .gauge, "Gateways that the state file names.")
    declare("unique_public_ips_count", .gauge, "Public addresses of the healthy gateways.")
  }
}
