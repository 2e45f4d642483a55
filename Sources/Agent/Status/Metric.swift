/// A metric, as a value that code names: `metrics.add(.passes)`.
protocol Metric: Hashable, Sendable {
  static var kind: Metrics.Kind { get }
  var name: String { get }
  var help: String { get }
}

/// Only grows; its name ends in `_total`.
struct Counter: Metric {
  static let kind = Metrics.Kind.counter
  let name: String
  let help: String

  init(_ name: String, _ help: String) {
    self.name = name
    self.help = help
  }
}

struct Gauge: Metric {
  static let kind = Metrics.Kind.gauge
  let name: String
  let help: String

  init(_ name: String, _ help: String) {
    self.name = name
    self.help = help
  }
}

/// A histogram of durations, in seconds.
struct Histogram: Metric {
  static let kind = Metrics.Kind.histogram
  let name: String
  let help: String

  init(_ name: String, _ help: String) {
    self.name = name
    self.help = help
  }
}
