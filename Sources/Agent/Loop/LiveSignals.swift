import Model

/// What every signal of the state file says, and for how long one that says nothing may go on so.
struct LiveSignals {
  private let start: Cadence.Instant
  /// How long a signal may be unknown before it counts as down.
  var deadline = Duration.seconds(30)

  private var declared: Set<Signal> = []
  private var states: [Signal: Signal.State] = [:]
  private var unknownSince: [Signal: Cadence.Instant] = [:]

  init(since start: Cadence.Instant) { self.start = start }

  /// A state file was taken: signals that stay keep what they said.
  mutating func declare(_ signals: Set<Signal>, _ now: Cadence.Instant) {
    states = states.filter { signals.contains($0.key) }
    unknownSince = unknownSince.filter { signals.contains($0.key) }
    for signal in signals.subtracting(declared) { unknownSince[signal] = now }
    declared = signals
  }

  /// What inputs said; true if anything of it is news.
  mutating func update(_ news: [Signal: Signal.State]) -> Bool {
    var hasChanged = false
    for (signal, state) in news where declared.contains(signal) {
      guard states[signal] != state else { continue }
      hasChanged = true
      states[signal] = state
      if state != .unknown { unknownSince[signal] = nil }
    }
    return hasChanged
  }

  /// Carriers, as they were observed.
  mutating func observe(_ links: [Link], _ now: Cadence.Instant, _ log: Log) {
    var carriers: [String: Bool] = [:]
    for link in links { carriers[link.name.text] = link.hasCarrier ?? false }
    for signal in declared.sorted() where signal.source == .link {
      let state: Signal.State = carriers[signal.name] == true ? .up : .down
      if update([signal: state]) {
        log.info("signal", ["name": signal, "state": state.rawValue])
      }
    }
  }

  /// As conditions see them: unknown for too long is down.
  func states(_ now: Cadence.Instant) -> [Signal: Signal.State] {
    var states = states
    for (signal, since) in unknownSince where now >= since + deadline { states[signal] = .down }
    return states
  }

  var nextDeadline: Cadence.Instant? {
    unknownSince.values.map { $0 + deadline }.filter { $0 > .now }.min()
  }

  func list(_ now: Cadence.Instant) -> [Status.SignalStatus] {
    let states = states(now)
    return declared.sorted().map {
      Status.SignalStatus(signal: $0, state: states[$0] ?? .unknown)
    }
  }
}
