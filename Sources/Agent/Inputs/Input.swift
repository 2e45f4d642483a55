import JSON
import Model

/// Reports signals, and describes itself in status and metrics. `Session.run` lists the inputs; a
/// new one needs a line there and none elsewhere in the loop.
///
/// An input that watches on a thread of its own posts to the ``Inbox``, which wakes the loop. The
/// loop calls the methods on its thread; the HTTP server calls `status` and `measure` on others.
protocol Input: Sendable {
  /// The signals that it reports for a state file, even if no condition names them.
  func signals(of desired: DesiredState) -> Set<Signal>
  /// Watches what this state file wants from now on, and nothing else.
  func update(_ desired: DesiredState)
  /// The states of its signals that follow from the observed kernel.
  func states(in observed: NetworkState, for desired: DesiredState) -> [Signal: Signal.State]
  /// When ``poll(_:)`` must be called; nil: never.
  var nextPoll: Instant? { get }
  /// The states that follow from the time: down, for a handshake that has become too old.
  func poll(_ now: Instant) -> [Signal: Signal.State]
  /// Takes note of what every signal says, whenever any of it may have changed.
  func heed(_ states: [Signal: Signal.State])
  /// Begins to leave: the daemon is about to end.
  func leave()
  /// Whether the daemon's end has to wait for it.
  var isLeaving: Bool { get }
  /// Why a signal is down.
  func reason(for signal: Signal) -> String?
  /// Why nobody knows whether a signal's state still holds; nil: it does.
  func doubt(about signal: Signal) -> String?
  /// What there is to show about its signals, whose states the loop knows.
  func status(given states: [Signal: Signal.State]) -> InputStatus
  func measure(into metrics: inout Metrics)
  func stop()
}

struct InputStatus: Sendable {
  /// Members of a signal's status.
  var words: [Signal: [(String, Tree)]] = [:]
  /// What isn't as one might expect, though nothing failed.
  var notes: [Trouble] = []
}

extension Input {
  func signals(of desired: DesiredState) -> Set<Signal> { [] }
  func update(_ desired: DesiredState) {}
  func states(in observed: NetworkState, for desired: DesiredState) -> [Signal: Signal.State] {
    [:]
  }
  var nextPoll: Instant? { nil }
  func poll(_ now: Instant) -> [Signal: Signal.State] { [:] }
  func heed(_ states: [Signal: Signal.State]) {}
  func leave() {}
  var isLeaving: Bool { false }
  func reason(for signal: Signal) -> String? { nil }
  func doubt(about signal: Signal) -> String? { nil }
  func status(given states: [Signal: Signal.State]) -> InputStatus { InputStatus() }
  func measure(into metrics: inout Metrics) {}
  func stop() {}
}

extension [any Input] {
  /// Every signal of a state file.
  func signals(of desired: DesiredState) -> Set<Signal> {
    reduce(into: desired.signals) { $0.formUnion($1.signals(of: desired)) }
  }

  func states(in observed: NetworkState, for desired: DesiredState) -> [Signal: Signal.State] {
    reduce(into: [:]) { states, input in
      states.merge(input.states(in: observed, for: desired)) { $1 }
    }
  }

  var nextPoll: Instant? { compactMap(\.nextPoll).min() }

  /// The states from inputs whose time to be polled has come.
  func poll(_ now: Instant) -> [Signal: Signal.State] {
    reduce(into: [:]) { states, input in
      guard let next = input.nextPoll, next <= now else { return }
      states.merge(input.poll(now)) { $1 }
    }
  }

  func reason(for signal: Signal) -> String? {
    lazy.compactMap { $0.reason(for: signal) }.first
  }

  func doubt(about signal: Signal) -> String? {
    lazy.compactMap { $0.doubt(about: signal) }.first
  }
}
