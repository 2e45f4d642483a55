/// A signal that follows from others, and that a blueprint says: `gateway.gw0`, `service.dns`.
public struct DerivedSignal: Hashable, Sendable {
  public let signal: Signal
  public let derivation: Derivation
  /// Whether it is of interest to those who name it alone: other signals tell as much.
  public let isImplied: Bool

  public init(_ signal: Signal, _ derivation: Derivation, isImplied: Bool) {
    self.signal = signal
    self.derivation = derivation
    self.isImplied = isImplied
  }
}

/// What a derived signal follows from.
public enum Derivation: Hashable, Sendable {
  case condition(Condition)
  /// Up while each of them is met.
  case quorums([Quorum])

  public var signals: Set<Signal> {
    switch self {
    case .condition(let condition): condition.signals
    case .quorums(let quorums): quorums.reduce(into: []) { $0.formUnion($1.signals) }
    }
  }

  /// `before` is what it was, since a quorum is lost later than it is regained.
  public func state(
    given signals: [Signal: Signal.State], before: Signal.State = .unknown
  ) -> Signal.State {
    switch self {
    case .condition(let condition): return condition.state(given: signals)
    case .quorums(let quorums):
      let states = quorums.map { $0.state(given: signals, before: before) }
      if states.contains(.down) { return .down }
      return states.contains(.unknown) ? .unknown : .up
    }
  }
}

/// How many of some voters must be up: keepalived's `quorum` and `hysteresis`.
public struct Quorum: Hashable, Sendable {
  public struct Voter: Hashable, Sendable {
    /// Nil: always up.
    public var when: Condition?
    public var weight: UInt64

    public init(when: Condition?, weight: UInt64) {
      self.when = when
      self.weight = weight
    }
  }

  public var voters: [Voter]
  public var least: UInt64
  public var hysteresis: UInt64

  public init(_ voters: [Voter], least: UInt64, hysteresis: UInt64 = 0) {
    self.voters = voters
    self.least = least
    self.hysteresis = hysteresis
  }

  var signals: Set<Signal> { voters.reduce(into: []) { $0.formUnion($1.when?.signals ?? []) } }

  /// Lost below `least - hysteresis`, and always without anybody up; regained at `least + hysteresis`.
  /// In between it stays as it was; unknown, if nobody knows how it was.
  func state(given signals: [Signal: Signal.State], before: Signal.State) -> Signal.State {
    let states = voters.map { ($0.when?.state(given: signals) ?? .up, $0.weight) }
    let fewest = states.reduce(0) { $0 + ($1.0 == .up ? $1.1 : 0) }
    let most = states.reduce(0) { $0 + ($1.0 == .down ? 0 : $1.1) }
    if isLost(most, after: .up) || before == .down && isLost(most, after: .down) { return .down }
    if !isLost(fewest, after: .down) || before == .up && !isLost(fewest, after: .up) { return .up }
    return .unknown
  }

  /// As for IPVS's services: see `Service.isQuorumLost`.
  private func isLost(_ alive: UInt64, after before: Signal.State) -> Bool {
    if alive == 0 { return true }
    return before == .down ? alive < least + hysteresis : alive + hysteresis < least
  }
}

extension DesiredState {
  /// Finds out which derived signals something names, or are worth showing.
  mutating func nameDerivedSignals() {
    let all = blueprints.flatMap(\.derivedSignals)
    if all.isEmpty {
      derived = [:]
      return
    }
    let named = namedSignals
    derived = all.reduce(into: [:]) { derived, next in
      if !next.isImplied || named.contains(next.signal) { derived[next.signal] = next.derivation }
    }
  }

  /// The signals with those that follow from them; what is stated of one of these stays. `before` are the
  /// states until now.
  public func deriving(
    from signals: [Signal: Signal.State], before: [Signal: Signal.State] = [:]
  ) -> [Signal: Signal.State] {
    if derived.isEmpty { return signals }
    var states = signals
    func settle(_ signal: Signal) {
      guard states[signal] == nil, let derivation = derived[signal] else { return }
      // Signals that wait for each other, which files are refused for, stay so.
      states[signal] = .unknown
      for source in derivation.signals { settle(source) }
      states[signal] = derivation.state(given: states, before: before[signal] ?? .unknown)
    }
    for signal in derived.keys { settle(signal) }
    return states
  }
}
