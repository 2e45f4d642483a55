import Model

/// The state of every signal of the state file, and how long unknown ones may stay so.
struct LiveSignals {
  /// How long a signal may be unknown before it counts as down.
  private var deadline = DesiredState.defaultDeadline
  private(set) var declared: Set<Signal> = []
  /// Those that follow from others, and so from their deadlines.
  private var derived: Set<Signal> = []
  private var states: [Signal: Signal.State] = [:]
  private var unknownSince: [Signal: Instant] = [:]

  /// Takes a new state file: signals that stay keep their states.
  mutating func declare(
    _ signals: Set<Signal>, derived: Set<Signal> = [], deadline: Duration, _ now: Instant
  ) {
    self.deadline = deadline
    self.derived = derived
    states = states.filter { signals.contains($0.key) }
    unknownSince = unknownSince.filter { signals.contains($0.key) }
    for signal in signals.subtracting(declared) { unknownSince[signal] = now }
    declared = signals
  }

  /// Takes what inputs report; returns what has changed.
  mutating func update(
    _ said: [Signal: Signal.State], _ now: Instant
  ) -> [Signal: Signal.State] {
    let news = said.filter { declared.contains($0.key) && states[$0.key] != $0.value }
    for (signal, state) in news {
      states[signal] = state
      unknownSince[signal] = state == .unknown ? now : nil
    }
    return news
  }

  /// The states that conditions see: a signal that has been unknown for too long is down.
  func states(_ now: Instant) -> [Signal: Signal.State] {
    var states = states
    for (signal, since) in unknownSince
    where now >= since + deadline && !derived.contains(signal) {
      states[signal] = .down
    }
    return states
  }

  /// Takes what follows from the signals; returns what has changed.
  mutating func derive(by desired: DesiredState, _ now: Instant) -> [Signal: Signal.State] {
    if derived.isEmpty { return [:] }
    let said = states(now).filter { !derived.contains($0.key) }
    return update(
      desired.deriving(from: said, before: states).filter { derived.contains($0.key) }, now)
  }

  /// When the next unknown signal will count as down.
  func nextDeadline(after now: Instant) -> Instant? {
    unknownSince.filter { !derived.contains($0.key) }.values.map { $0 + deadline }
      .filter { $0 > now }.min()
  }

  func list(_ now: Instant) -> [Status.SignalStatus] {
    let states = states(now)
    return declared.sorted().map {
      Status.SignalStatus(signal: $0, state: states[$0] ?? .unknown)
    }
  }
}

extension DesiredState {
  /// Whether it has objects of the kind, whatever the signals say.
  func mentions(_ kind: Kind) -> Bool {
    !unconditional.isEmpty(of: kind) || conditional.contains { $0.object.kind == kind }
  }
}
