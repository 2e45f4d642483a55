import Model

/// Counters, gauges and histograms in Prometheus' text format
/// (https://prometheus.io/docs/instrumenting/exposition_formats/), in a fixed order.
struct Metrics: Sendable {
  enum Kind: String, Sendable {
    case counter, gauge, histogram
  }

  /// Label names and values, in the order in which they are printed.
  typealias Labels = [Label]

  struct Label: Hashable, Sendable {
    let name: String
    let value: String

    init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  private struct Distribution {
    var counts = [UInt64](repeating: 0, count: Metrics.bounds.count)
    var count: UInt64 = 0
    var sum = 0.0
  }

  private struct Family {
    let kind: Kind
    let help: String
    var values: [Labels: Double] = [:]
    var distributions: [Labels: Distribution] = [:]
  }

  /// Upper bounds in seconds.
  static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

  private var families: [String: Family] = [:]

  /// Prints these even while they have no value.
  init(_ metrics: [any Metric] = []) { declare(metrics) }

  /// Prints these even while they have no value.
  mutating func declare(_ metrics: [any Metric]) {
    for metric in metrics { declare(metric) }
  }

  private mutating func declare(_ metric: some Metric) {
    if families[metric.name] == nil {
      families[metric.name] = Family(kind: type(of: metric).kind, help: metric.help)
    }
  }

  mutating func add(_ counter: Counter, _ labels: Labels = [], _ amount: Double = 1) {
    change(counter) { $0.values[labels, default: 0] += amount }
  }

  /// Sets a counter that something else counts.
  mutating func set(_ counter: Counter, _ labels: Labels, _ value: Double) {
    change(counter) { $0.values[labels] = value }
  }

  mutating func set(_ gauge: Gauge, _ labels: Labels, _ value: Double) {
    change(gauge) { $0.values[labels] = value }
  }

  mutating func observe(_ histogram: Histogram, _ labels: Labels, _ duration: Duration) {
    let seconds = duration.inSeconds
    change(histogram) { family in
      var distribution = family.distributions[labels] ?? Distribution()
      for (index, bound) in Self.bounds.enumerated() where seconds <= bound {
        distribution.counts[index] += 1
      }
      distribution.count += 1
      distribution.sum += seconds
      family.distributions[labels] = distribution
    }
  }

  mutating func set(_ counter: Counter, _ value: Double) { set(counter, [], value) }
  mutating func set(_ gauge: Gauge, _ value: Double) { set(gauge, [], value) }
  mutating func observe(_ histogram: Histogram, _ duration: Duration) {
    observe(histogram, [], duration)
  }

  private mutating func change(_ metric: some Metric, _ body: (inout Family) -> Void) {
    declare(metric)
    body(&families[metric.name]!)
  }

  /// Adds metrics that were kept elsewhere.
  mutating func merge(_ other: Metrics) { families.merge(other.families) { _, new in new } }

  var text: String {
    var text = ""
    for (name, family) in families.sorted(by: { $0.key < $1.key }) {
      text += "# HELP \(name) \(family.help)\n# TYPE \(name) \(family.kind.rawValue)\n"
      for (labels, value) in family.values.sorted(by: { Self.isBefore($0.key, $1.key) }) {
        text += "\(name)\(Self.text(labels)) \(Self.text(value))\n"
      }
      for (labels, distribution) in family.distributions.sorted(by: {
        Self.isBefore($0.key, $1.key)
      }) {
        for (bound, count) in zip(Self.bounds, distribution.counts) {
          text += "\(name)_bucket\(Self.text(labels + [Label("le", Self.text(bound))])) \(count)\n"
        }
        text += "\(name)_bucket\(Self.text(labels + [Label("le", "+Inf")])) \(distribution.count)\n"
        text += "\(name)_sum\(Self.text(labels)) \(Self.text(distribution.sum))\n"
        text += "\(name)_count\(Self.text(labels)) \(distribution.count)\n"
      }
    }
    return text
  }

  private static func isBefore(_ a: Labels, _ b: Labels) -> Bool {
    a.lexicographicallyPrecedes(b) { $0.value < $1.value }
  }

  private static func text(_ labels: Labels) -> String {
    if labels.isEmpty { return "" }
    let pairs = labels.map { label in
      let value = label.value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        .replacing("\n", with: "\\n")
      return "\(label.name)=\"\(value)\""
    }
    return "{\(pairs.joined(separator: ","))}"
  }

  private static func text(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
  }
}
