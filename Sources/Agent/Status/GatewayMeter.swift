import Blueprints
import Health
import Model
import Synchronization

/// gateway-route-manager's metrics, under its names: of the gateways' health checks, and of their
/// routes.
final class GatewayMeter: BlueprintObserver, ProbeObserver {
  /// A probe of a gateway.
  struct Check: Hashable {
    let gateway: String
    let labels: Metrics.Labels
  }

  fileprivate struct Content {
    var metrics = Metrics(GatewayMeter.all)
    /// The gateways' checks, by the signals of their probes.
    var checks: [Signal: Check] = [:]
    /// The checks that were made since the end of the last cycle, and the slowest of them.
    var checked: Set<Signal> = []
    var slowest = Duration.zero
    var publicAddresses: [Signal: IPAddress] = [:]
  }

  private let content = Mutex(Content())

  init() {
    content.withLock { content in
      for counter in [Self.cycles, Self.addressChanges] { content.metrics.add(counter, [], 0) }
      for type in [
        "network_error", "timeout", "invalid_response", "local_error", "route_error",
      ] {
        content.metrics.add(Self.errors, [Metrics.Label("type", type)], 0)
      }
      for status in ["success", "failure"] { content.metrics.addRouteUpdate(status, 0) }
    }
  }

  func update(_ desired: DesiredState) {
    var checks: [Signal: Check] = [:]
    for group in desired.blueprints[Gateways.self]?.groups ?? [] {
      for member in group.members {
        let address = member.addresses.first?.description ?? member.host ?? member.name
        let labels =
          [Metrics.Label("gateway_ip", address)] + Metrics.labels(ofGroup: group.name)
        for probe in member.allProbes {
          let own = member.ownName(of: probe).map { [Metrics.Label("probe", $0)] } ?? []
          checks[probe.signal] = Check(gateway: member.name, labels: labels + own)
        }
      }
    }
    update(checks)
  }

  func update(_ checks: [Signal: Check]) {
    content.withLock { content in
      content.checks = checks
      (content.checked, content.slowest) = ([], .zero)
      content.publicAddresses = content.publicAddresses.filter { checks[$0.key] != nil }
    }
  }

  // MARK: - Health checks

  func note(_ signal: Signal, _ report: AttemptReport, _ reading: Reading) {
    content.withLock { content in
      guard let gateway = content.checks[signal]?.labels else { return }
      content.metrics.observe(Self.checkDuration, gateway, report.duration)
      if let fault = report.fault { content.metrics.count(fault) }
      for request in report.requests {
        content.metrics.count(request, gateway)
        if request.isForAddress {
          content.metrics.countFetch(request, isGood: report.hasAddress, gateway)
        }
      }
      content.noteCycle(signal, report.duration)
      content.noteAddress(signal, reading.publicAddress)
    }
  }

  func measure(_ probes: Prober.Snapshot, into metrics: inout Metrics) {
    let (own, checks) = content.withLock { ($0.metrics, $0.checks) }
    metrics.merge(own)
    for (signal, check) in checks {
      guard let reading = probes[signal]?.reading else { continue }
      metrics.setTries(Self.checks, check.labels, reading)
      metrics.set(Self.failuresInARow, check.labels, Double(reading.consecutiveFailures))
    }
    let gateways = Dictionary(grouping: checks.keys) { checks[$0]!.gateway }
    let active = gateways.values.filter { $0.allSatisfy { probes[$0]?.state == .up } }
    let addresses = Set(active.joined().compactMap { probes[$0]?.reading.publicAddress })
    metrics.set(Self.active, Double(active.count))
    metrics.set(Self.total, Double(gateways.count))
    metrics.set(Self.publicAddressCount, Double(addresses.count))
  }

  // MARK: - Routes

  func note(_ availabilities: [Availability], of blueprint: any Blueprint, _ pass: BlueprintPass) {
    guard blueprint is Gateways else { return }
    content.withLock {
      for availability in availabilities {
        $0.metrics.set(
          Self.leading, Metrics.labels(ofGroup: availability.group),
          Double(availability.leading.count))
      }
      guard let isGood = pass.isGood else { return }
      $0.metrics.addRouteUpdate(isGood ? "success" : "failure", 1)
      if !isGood { $0.metrics.add(Self.errors, [Metrics.Label("type", "route_error")]) }
      $0.metrics.observe(Self.updateDuration, pass.duration)
    }
  }
}

extension GatewayMeter.Content {
  /// A cycle is over once each check of each gateway has been made.
  fileprivate mutating func noteCycle(_ signal: Signal, _ duration: Duration) {
    checked.insert(signal)
    slowest = max(slowest, duration)
    guard checked.count == checks.count else { return }
    metrics.add(GatewayMeter.cycles)
    metrics.observe(GatewayMeter.cycleDuration, slowest)
    (checked, slowest) = ([], .zero)
  }

  fileprivate mutating func noteAddress(_ signal: Signal, _ address: IPAddress?) {
    let before = Set(publicAddresses.values)
    publicAddresses[signal] = address
    if Set(publicAddresses.values) != before { metrics.add(GatewayMeter.addressChanges) }
  }
}

extension Metrics {
  fileprivate mutating func count(_ fault: AttemptReport.Fault) {
    let type =
      switch fault {
      case .network: "network_error"
      case .timeout: "timeout"
      case .answer: "invalid_response"
      case .ours: "local_error"
      }
    add(GatewayMeter.errors, [Label("type", type)])
  }

  fileprivate mutating func count(_ request: AttemptReport.Request, _ gateway: Labels) {
    observe(GatewayMeter.requestDuration, gateway, request.duration)
    if let status = request.status {
      add(
        GatewayMeter.requests,
        gateway + [Label("status_code", "\(status)"), Label("method", request.method)])
    }
  }

  fileprivate mutating func countFetch(
    _ request: AttemptReport.Request, isGood: Bool, _ gateway: Labels
  ) {
    add(GatewayMeter.fetches, gateway + [Label("status", isGood ? "success" : "failure")])
    observe(GatewayMeter.fetchDuration, gateway, request.duration)
  }

  /// Only one of gateway-route-manager's operations exists here.
  fileprivate mutating func addRouteUpdate(_ status: String, _ amount: Double) {
    add(
      GatewayMeter.updates, [Label("operation", "update"), Label("status", status)], amount)
  }
}
