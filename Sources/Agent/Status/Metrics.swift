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

  private struct Histogram {
    var counts = [UInt64](repeating: 0, count: Metrics.bounds.count)
    var count: UInt64 = 0
    var sum = 0.0
  }

  private struct Family {
    let kind: Kind
    let help: String
    var values: [Labels: Double] = [:]
    var histograms: [Labels: Histogram] = [:]
  }

  /// Upper bounds in seconds.
  static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

  private var families: [String: Family] = [:]

  /// Says what a metric is; one that is never said is never printed.
  mutating func declare(_ name: String, _ kind: Kind, _ help: String) {
    if families[name] == nil { families[name] = Family(kind: kind, help: help) }
  }

  mutating func add(_ name: String, _ labels: Labels = [], _ amount: Double = 1) {
    families[name]!.values[labels, default: 0] += amount
  }

  mutating func set(_ name: String, _ labels: Labels = [], _ value: Double) {
    families[name]!.values[labels] = value
  }

  /// Forgets all that a gauge said, before it is said anew.
  mutating func clear(_ name: String) { families[name]!.values = [:] }

  mutating func observe(_ name: String, _ labels: Labels = [], _ duration: Duration) {
    let seconds = duration.inSeconds
    var histogram = families[name]!.histograms[labels] ?? Histogram()
    for (index, bound) in Self.bounds.enumerated() where seconds <= bound {
      histogram.counts[index] += 1
    }
    histogram.count += 1
    histogram.sum += seconds
    families[name]!.histograms[labels] = histogram
  }

  var text: String {
    var text = ""
    for (name, family) in families.sorted(by: { $0.key < $1.key }) {
      text += "# HELP \(name) \(family.help)\n# TYPE \(name) \(family.kind.rawValue)\n"
      for (labels, value) in family.values.sorted(by: { Self.isBefore($0.key, $1.key) }) {
        text += "\(name)\(Self.text(labels)) \(Self.text(value))\n"
      }
      for (labels, histogram) in family.histograms.sorted(by: { Self.isBefore($0.key, $1.key) }) {
        for (bound, count) in zip(Self.bounds, histogram.counts) {
          text += "\(name)_bucket\(Self.text(labels + [Label("le", Self.text(bound))])) \(count)\n"
        }
        text += "\(name)_bucket\(Self.text(labels + [Label("le", "+Inf")])) \(histogram.count)\n"
        text += "\(name)_sum\(Self.text(labels)) \(Self.text(histogram.sum))\n"
        text += "\(name)_count\(Self.text(labels)) \(histogram.count)\n"
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
