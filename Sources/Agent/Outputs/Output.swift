import JSON
import Model

/// Follows signals and readings outside the kernel: DNS records, gratuitous ARP. `Session.run` lists
/// the outputs; a new one needs a line there and none elsewhere in the loop.
protocol Output: Sendable {
  /// Called on the loop's thread after each pass: it must return at once, and do its I/O on a
  /// thread of its own. `isConverged`: the kernel is as the state file says, given these signals.
  func follow(
    _ desired: DesiredState, given signals: [Signal: Signal.State],
    reading readings: [Signal: SignalReading], isConverged: Bool)
  /// A member of the status, by name; nil if there is nothing to report. Called on any thread.
  var status: (name: String, tree: Tree)? { get }
  /// Called on any thread.
  func measure(into metrics: inout Metrics)
  func stop()
}

extension Output {
  var status: (name: String, tree: Tree)? { nil }
  func measure(into metrics: inout Metrics) {}
  func stop() {}
}
