import DDNS
import Model
import Synchronization

extension DDNSOutput {
  // Series without our prefix are gateway-route-manager's.
  fileprivate static let updates = Counter(
    "ddns_updates_total", "Updates of records at a provider.")
  fileprivate static let duration = Histogram(
    "ddns_update_duration_seconds", "How long questions and updates took at a provider.")
  private static let skipped = Counter(
    "ddns_updates_skipped_total", "Occasions at which nothing was written, by the reason.")
  private static let records = Gauge(
    "vpngw_ddns_records", "Records that are published, as far as is known.")
  private static let current = Gauge(
    "vpngw_ddns_current", "Whether what is published is as it should be, as of the last look.")
  private static let failures = Gauge(
    "vpngw_ddns_failures", "Attempts that failed in a row.")

  func measure(into metrics: inout Metrics) {
    let (own, entries) = content.withLock { ($0.metrics, $0.entries) }
    if entries.isEmpty { return }
    metrics.declare([Self.updates, Self.duration, Self.skipped])
    metrics.merge(own)
    for (key, entry) in entries {
      let name = [Metrics.Label("name", key)]
      let publisher = entry.publisher
      metrics.set(Self.current, name, publisher.state == .current ? 1 : 0)
      metrics.set(Self.failures, name, Double(publisher.failures))
      for type in publisher.publication.types {
        guard let published = publisher.published else { continue }
        let count = published.first { $0.type == type }?.values.count ?? 0
        metrics.set(Self.records, name + [Metrics.Label("type", type.rawValue)], Double(count))
      }
      let provider = Metrics.Label("provider", publisher.publication.provider.type)
      for (skip, count) in publisher.skips {
        metrics.add(
          Self.skipped, [provider, Metrics.Label("reason", skip.rawValue)], Double(count))
      }
    }
  }
}

extension DDNSOutput.Content {
  /// Counts an attempt that wrote or failed, and how long it took.
  mutating func count(
    _ result: Result<PublicationReport, ProviderError>, of publication: Publication,
    _ duration: Duration
  ) {
    let provider = Metrics.Label("provider", publication.provider.type)
    metrics.observe(DDNSOutput.duration, [provider], duration)
    switch result {
    case .success(let report):
      if report.isWritten {
        metrics.add(DDNSOutput.updates, [provider, Metrics.Label("status", "success")])
      }
    case .failure:
      metrics.add(DDNSOutput.updates, [provider, Metrics.Label("status", "failure")])
    }
  }
}
