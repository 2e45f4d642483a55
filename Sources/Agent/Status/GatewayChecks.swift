import Blueprints
import Health
import Model

/// What is counted of the gateways' health checks as they happen, under gateway-route-manager's names.
struct GatewayChecks {
  /// Their addresses by the signals of their probes.
  private(set) var gateways: [Signal: IPAddress] = [:]
  /// Those that were checked since the last cycle's end, and the slowest of these checks.
  private var checked: Set<Signal> = []
  private var slowest = Duration.zero
  private var publicAddresses: [Signal: IPAddress] = [:]

  mutating func declare(_ desired: DesiredState) {
    let addresses = (desired.blueprints[Gateways.self]?.members ?? []).compactMap { member in
      member.addresses.first.map { (member.signal, $0) }
    }
    declare(Dictionary(addresses) { first, _ in first })
  }

  mutating func declare(_ gateways: [Signal: IPAddress]) {
    self.gateways = gateways
    (checked, slowest) = ([], .zero)
    publicAddresses = publicAddresses.filter { gateways[$0.key] != nil }
  }

  mutating func note(
    _ signal: Signal, _ trial: Trial, _ reading: Reading, in metrics: inout Metrics
  ) {
    guard let address = gateways[signal] else { return }
    let gateway = [Metrics.Label("gateway_ip", address.description)]
    metrics.observe("gateway_health_check_duration_seconds", gateway, trial.duration)
    if let fault = trial.fault { metrics.count(fault) }
    for request in trial.requests {
      metrics.count(request, gateway)
      if request.isForAddress { metrics.countFetch(request, isGood: trial.hasAddress, gateway) }
    }
    noteCycle(signal, trial.duration, &metrics)
    noteAddress(signal, reading.publicAddress, &metrics)
  }

  /// A look, after which so many gateways have new flows.
  func note(
    _ availability: Availability, isGood: Bool?, took duration: Duration,
    in metrics: inout Metrics
  ) {
    guard availability.noun == Gateways.section else { return }
    metrics.set("default_route_gateways_count", [], Double(availability.leading.count))
    if let isGood { metrics.countRouteUpdate(isGood: isGood, duration) }
  }

  /// A cycle is over when each gateway was checked since the one before.
  private mutating func noteCycle(
    _ signal: Signal, _ duration: Duration, _ metrics: inout Metrics
  ) {
    checked.insert(signal)
    slowest = max(slowest, duration)
    guard checked.count == gateways.count else { return }
    metrics.add("check_cycles_total")
    metrics.observe("check_cycle_duration_seconds", [], slowest)
    (checked, slowest) = ([], .zero)
  }

  private mutating func noteAddress(
    _ signal: Signal, _ address: IPAddress?, _ metrics: inout Metrics
  ) {
    let before = Set(publicAddresses.values)
    publicAddresses[signal] = address
    if Set(publicAddresses.values) != before { metrics.add("public_ip_changes_total") }
  }
}

extension Metrics {
  fileprivate mutating func count(_ fault: Trial.Fault) {
    let type =
      switch fault {
      case .network: "network_error"
      case .timeout: "timeout"
      case .answer: "invalid_response"
      case .ours: "local_error"
      }
    add("errors_total", [Label("type", type)])
  }

  fileprivate mutating func count(_ request: Trial.Request, _ gateway: Labels) {
    observe("http_request_duration_seconds", gateway, request.duration)
    if let status = request.status {
      add(
        "http_requests_total",
        gateway + [Label("status_code", "\(status)"), Label("method", request.method)])
    }
  }

  fileprivate mutating func countFetch(
    _ request: Trial.Request, isGood: Bool, _ gateway: Labels
  ) {
    add("public_ip_fetch_total", gateway + [Label("status", isGood ? "success" : "failure")])
    observe("public_ip_fetch_duration_seconds", gateway, request.duration)
  }

  mutating func declareGateways() {
    declare(
      "gateway_health_check_duration_seconds", .histogram,
      "How long health checks of a gateway took.")
    declare(
      "check_cycles_total", .counter, "Times that every gateway was checked since the time before.")
    declare(
      "check_cycle_duration_seconds", .histogram, "How long the slowest check of a cycle took.")
    declare("http_requests_total", .counter, "Answers to HTTP requests of health checks.")
    declare(
      "http_request_duration_seconds", .histogram,
      "How long HTTP requests of health checks took, also those without an answer.")
    declare(
      "errors_total", .counter,
      "Health checks and route updates that failed, by the kind of failure.")
    declare("public_ip_fetch_total", .counter, "Questions for a gateway's public address.")
    declare("public_ip_fetch_duration_seconds", .histogram, "How long they took.")
    declare(
      "public_ip_changes_total", .counter,
      "Times that the public addresses of the gateways became others.")
    declare(
      "route_updates_total", .counter, "Looks that changed the gateways' routes or nftables.")
    declare(
      "route_update_duration_seconds", .histogram, "How long these looks took.")
    declare(
      "default_route_gateways_count", .gauge, "Gateways by which new flows leave.")
    for name in ["check_cycles_total", "public_ip_changes_total"] { add(name, [], 0) }
    for type in [
      "network_error", "timeout", "invalid_response", "local_error", "route_error",
    ] {
      add("errors_total", [Label("type", type)], 0)
    }
    for status in ["success", "failure"] { addRouteUpdate(status, 0) }
  }

  /// Of gateway-route-manager's operations there is but one.
  private mutating func addRouteUpdate(_ status: String, _ amount: Double) {
    add("route_updates_total", [Label("operation", "update"), Label("status", status)], amount)
  }

  fileprivate mutating func countRouteUpdate(isGood: Bool, _ duration: Duration) {
    addRouteUpdate(isGood ? "success" : "failure", 1)
    if !isGood { add("errors_total", [Label("type", "route_error")]) }
    observe("route_update_duration_seconds", [], duration)
  }
}
