import Blueprints
import Glibc
import Model
import TestSupport
import Testing

@testable import Agent
@testable import Health

struct MetricsTests {
  private static let checkout = String(
    #filePath.dropLast("/Tests/AgentTests/MetricsTests.swift".count))
  private static let python = checkout + "/.venv/bin/python3"
  private static let gw0 = Signal(.probe, "gw0")
  private static let gw1 = Signal(.probe, "gw1")

  /// Two gateways and their metrics.
  private struct Counted {
    let meter = GatewayMeter()
    let probes: ProbeMeter
    let store: StatusStore
    var snapshot: Prober.Snapshot = [:]

    init() {
      probes = ProbeMeter(observers: [meter])
      store = StatusStore(path: "state.json", observers: [meter])
      meter.update([
        gw0: .init(gateway: "gw0", labels: [Metrics.Label("gateway_ip", "10.0.0.1")]),
        gw1: .init(gateway: "gw1", labels: [Metrics.Label("gateway_ip", "10.0.0.2")]),
      ])
    }

    /// A pass after which this many gateways are in use.
    func pass(_ count: Int, isGood: Bool?) {
      let availability = Availability(
        name: "egress", noun: "gateways", leading: (0..<count).map { "gw\($0)" }, count: 2,
        isClosed: false, reason: "")
      let member = Gateways.Member("gw0", [IPAddress("10.0.0.1")!])
      let group = Gateways.Group(
        link: .loopback, members: [member], egress: .init(from: [Prefix("10.1.0.0/16")!]))
      let gateways = Gateways([group])
      store.report(
        [availability], of: gateways, BlueprintPass(isGood: isGood, duration: .milliseconds(3)))
    }

    var text: String {
      var metrics = store.metrics
      probes.measure(snapshot, into: &metrics)
      return metrics.text
    }

    var lines: [String] { text.split(separator: "\n").map(String.init) }
  }

  /// One of two gateways is checked, and the pass that follows changes routes.
  private static func counted() -> Counted {
    var counted = Counted()
    var reading = Reading()
    reading.publicAddress = IPAddress("198.51.100.7")
    reading.succeeded = 2
    for _ in 0..<2 { counted.probes.note(gw0, report(), reading) }
    counted.pass(1, isGood: true)
    counted.store.measure(.loopLateness, .milliseconds(1))
    counted.store.count(.driftRepairs, kind: Rule.kind)
    counted.snapshot = [gw0: (.up, reading), Signal(.probe, "a\"\\\n"): (.down, Reading())]
    return counted
  }

  private static func report(_ fault: AttemptReport.Fault? = nil) -> AttemptReport {
    let requests = [false, true].map {
      AttemptReport.Request(
        method: "GET", status: 200, duration: .milliseconds(4), isForAddress: $0)
    }
    return AttemptReport(
      duration: .milliseconds(30), fault: fault, requests: requests, hasAddress: true)
  }

  /// The metrics of gateway-route-manager 0.0.11, except those of dynamic DNS, with their labels.
  @Test(
    .enabled("prometheus-client is missing: run make setup") {
      getenv("CI") != nil || access(python, X_OK) == 0
    })
  func gatewayRouteManagersMetricsParseStrictly() throws {
    let counted = Self.counted()
    let script = Self.checkout + "/Tests/AgentTests/metrics.py"
    let finished = try run(
      [Self.python, script], input: counted.text)
    try #require(finished.status == 0, "\(finished.error)")
    let found = Set(finished.lines.map(String.init))
    let wanted = [
      "gateway_health_check_total counter gateway_ip,status",
      "gateway_health_check_duration_seconds histogram gateway_ip",
      "gateway_active_count gauge ", "gateway_total_count gauge ",
      "route_updates_total counter operation,status", "route_update_duration_seconds histogram ",
      "default_route_gateways_count gauge ",
      "http_requests_total counter gateway_ip,status_code,method",
      "http_request_duration_seconds histogram gateway_ip",
      "check_cycles_total counter ", "check_cycle_duration_seconds histogram ",
      "errors_total counter type", "consecutive_failures_count gauge gateway_ip",
      "public_ip_fetch_total counter gateway_ip,status",
      "public_ip_fetch_duration_seconds histogram gateway_ip",
      "unique_public_ips_count gauge ", "public_ip_changes_total counter ",
    ]
    #expect(found.isSuperset(of: wanted), "\(Set(wanted).subtracting(found))")
  }

  @Test func aCycleIsOverWhenEveryGatewayWasChecked() {
    let counted = Self.counted()
    #expect(counted.lines.contains("check_cycles_total 0"))
    counted.probes.note(Self.gw1, Self.report(.timeout), Reading())
    #expect(counted.lines.contains("check_cycles_total 1"))
    #expect(counted.lines.contains("check_cycle_duration_seconds_sum 0.03"))
    counted.probes.note(Self.gw0, Self.report(), Reading())
    #expect(counted.lines.contains("check_cycles_total 1"))
  }

  @Test func whatHappenedIsCountedOnce() {
    let counted = Self.counted()
    counted.probes.note(Self.gw1, Self.report(.timeout), Reading())
    counted.probes.note(Signal(.probe, "other"), Self.report(.network), Reading())
    counted.pass(2, isGood: nil)
    counted.pass(2, isGood: false)
    let lines = counted.lines
    for line in [
      #"errors_total{type="timeout"} 1"#, #"errors_total{type="network_error"} 0"#,
      #"errors_total{type="route_error"} 1"#, "public_ip_changes_total 1",
      #"http_requests_total{gateway_ip="10.0.0.1",status_code="200",method="GET"} 4"#,
      #"public_ip_fetch_total{gateway_ip="10.0.0.1",status="success"} 2"#,
      #"route_updates_total{operation="update",status="success"} 1"#,
      #"route_updates_total{operation="update",status="failure"} 1"#,
      "default_route_gateways_count 2", "gateway_active_count 1", "gateway_total_count 2",
      #"gateway_health_check_duration_seconds_bucket{gateway_ip="10.0.0.1",le="0.05"} 2"#,
      #"gateway_health_check_duration_seconds_bucket{gateway_ip="10.0.0.1",le="0.025"} 0"#,
    ] { #expect(lines.contains(line), "\(line)") }
  }
}
