extension GatewayMeter {
  static let checks = Counter("gateway_health_check_total", "Health checks of a gateway.")
  static let checkDuration = Histogram(
    "gateway_health_check_duration_seconds", "How long health checks of a gateway took.")
  static let failuresInARow = Gauge(
    "consecutive_failures_count", "Health checks of a gateway that failed in a row.")
  static let cycles = Counter(
    "check_cycles_total", "Cycles in which every gateway was checked.")
  static let cycleDuration = Histogram(
    "check_cycle_duration_seconds", "How long the slowest check of a cycle took.")
  static let requests = Counter(
    "http_requests_total", "Answers to HTTP requests of health checks.")
  static let requestDuration = Histogram(
    "http_request_duration_seconds",
    "How long HTTP requests of health checks took, also those without an answer.")
  static let errors = Counter(
    "errors_total", "Health checks and route updates that failed, by the kind of failure.")
  static let fetches = Counter("public_ip_fetch_total", "Questions for a gateway's public address.")
  static let fetchDuration = Histogram("public_ip_fetch_duration_seconds", "How long they took.")
  static let addressChanges = Counter(
    "public_ip_changes_total", "Changes of the gateways' public addresses.")
  static let updates = Counter(
    "route_updates_total", "Passes that changed the gateways' routes or nftables.")
  static let updateDuration = Histogram(
    "route_update_duration_seconds", "How long these passes took.")
  static let leading = Gauge(
    "default_route_gateways_count", "Gateways by which new flows leave.")
  static let active = Gauge("gateway_active_count", "Gateways that are healthy.")
  static let total = Gauge("gateway_total_count", "Gateways that the state file names.")
  static let publicAddressCount = Gauge(
    "unique_public_ips_count", "Public addresses of the healthy gateways.")

  static let all: [any Metric] = [
    checks, checkDuration, failuresInARow, cycles, cycleDuration, requests, requestDuration, errors,
    fetches, fetchDuration, addressChanges, updates, updateDuration, leading, active, total,
    publicAddressCount,
  ]
}
