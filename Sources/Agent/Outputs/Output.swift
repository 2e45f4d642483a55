import JSON
import Model

/// What follows signals outside the kernel: DNS records, gratuitous ARP. `Session.run` has the list of
/// outputs; a new one needs a line there, and none elsewhere in the loop.
protocol Output: Sendable {
  /// Called on the loop's thread after each look, so it returns at once and does its own I/O on a thread
  /// of its own. `isConverged`: the kernel is as the state file says, given these signals.
  func follow(_ desired: DesiredState, given signals: [Signal: Signal.State], isConverged: Bool)
  /// A member of the status by its name; nil: there is nothing to say. From any thread.
  var status: (name: String, tree: Tree)? { get }
  /// From any thread.
  func measure(into metrics: inout Metrics)
  func stop()
}

extension Output {
  var status: (name: String, tree: Tree)? { nil }
  func measure(into metrics: inout Metrics) {}
  func stop() {}
}
