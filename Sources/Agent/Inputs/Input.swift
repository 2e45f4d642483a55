import JSON
import Model

/// What says signals, and tells of itself in status and metrics. `Session.run` has the list of inputs;
/// a new one needs a line there, and none elsewhere in the loop.
///
/// An input that watches on a thread of its own posts to the ``Inbox``, which wakes the loop. The loop
/// calls the methods from its thread, and the HTTP server `status` and `measure` from others.
protocol Input: Sendable {
  /// The signals that it says for a state file, also where no condition names them.
  func signals(of desired: DesiredState) -> Set<Signal>
  /// Watches what this state file wants from now on, and nothing else.
  func update(_ desired: DesiredState)
  /// What the observed kernel says of its signals.
  func states(in observed: NetworkState, for desired: DesiredState) -> [Signal: Signal.State]
  /// When ``poll(_:)`` is to be called; nil: never.
  var nextPoll: Cadence.Instant? { get }
  /// What it says by the clock: of a handshake that has become too old, down.
  func poll(_ now: Cadence.Instant) -> [Signal: Signal.State]
  /// Why a signal is down.
  func reason(for signal: Signal) -> String?
  /// What there is to say of its signals, which the loop knows to be in these states.
  func status(given states: [Signal: Signal.State]) -> InputStatus
  func measure(into metrics: inout Metrics)
  func stop()
}

struct InputStatus: Sendable {
  /// Members of a signal's status.
  var words: [Signal: [(String, Tree)]] = [:]
  /// What isn't as one might think, though nothing failed.
  var notes: [Trouble] = []
}

extension Input {
  func signals(of desired: DesiredState) -> Set<Signal> { [] }
  func update(_ desired: DesiredState) {}
  func states(in observed: NetworkState, for desired: DesiredState) -> [Signal: Signal.State] {
    [:]
  }
  var nextPoll: Cadence.Instant? { nil }
  func poll(_ now: Cadence.Instant) -> [Signal: Signal.State] { [:] }
  func reason(for signal: Signal) -> String? { nil }
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

  var nextPoll: Cadence.Instant? { compactMap(\.nextPoll).min() }

  /// What the inputs say whose time has come.
  func poll(_ now: Cadence.Instant) -> [Signal: Signal.State] {
    reduce(into: [:]) { states, input in
      guard let next = input.nextPoll, next <= now else { return }
      states.merge(input.poll(now)) { $1 }
    }
  }

  func reason(for signal: Signal) -> String? {
    lazy.compactMap { $0.reason(for: signal) }.first
  }
}
