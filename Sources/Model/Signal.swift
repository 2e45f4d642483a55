/// The name of a live input: `probe.gw0`, `vrrp.clients`, `link.eth0`.
public struct Signal: Hashable, Sendable {
  public enum Source: String, Hashable, Sendable, CaseIterable {
    case probe, vrrp, link, wireguard, node, gateway, service
  }

  /// What an input reports; unknown until it has reported anything.
  public enum State: String, Hashable, Sendable {
    case up, down, unknown
  }

  public let source: Source
  public let name: String

  public init(_ source: Source, _ name: String) {
    self.source = source
    self.name = name
  }

  /// Nil unless the text is `SOURCE.NAME`.
  public init?(_ text: String) {
    guard let dot = text.firstIndex(of: "."), dot != text.index(before: text.endIndex),
      let source = Source(rawValue: String(text[..<dot]))
    else { return nil }
    self.init(source, String(text[text.index(after: dot)...]))
  }
}

extension Signal: Comparable, CustomStringConvertible {
  public var description: String { "\(source.rawValue).\(name)" }

  public static func < (a: Signal, b: Signal) -> Bool { a.description < b.description }
}

/// What `when` says: signals combined by all, any and not, in three-valued logic (Kleene).
public indirect enum Condition: Hashable, Sendable {
  case signal(Signal)
  case all([Condition])
  case any([Condition])
  case not(Condition)

  /// Evaluates it; a signal that `signals` lacks is unknown.
  public func state(given signals: [Signal: Signal.State]) -> Signal.State {
    switch self {
    case .signal(let signal): return signals[signal] ?? .unknown
    case .not(let condition):
      switch condition.state(given: signals) {
      case .up: return .down
      case .down: return .up
      case .unknown: return .unknown
      }
    case .all(let conditions):
      let states = conditions.map { $0.state(given: signals) }
      if states.contains(.down) { return .down }
      return states.contains(.unknown) ? .unknown : .up
    case .any(let conditions):
      let states = conditions.map { $0.state(given: signals) }
      if states.contains(.up) { return .up }
      return states.contains(.unknown) ? .unknown : .down
    }
  }

  /// Every signal in it.
  public var signals: Set<Signal> {
    switch self {
    case .signal(let signal): [signal]
    case .not(let condition): condition.signals
    case .all(let conditions), .any(let conditions):
      conditions.reduce(into: []) { $0.formUnion($1.signals) }
    }
  }
}
