/// What a state file says of an output, such as a DNS record: State reads it, and an `Output` of the
/// agent's follows it.
public protocol OutputDeclaration: Hashable, Sendable {
  /// The signals that decide about it.
  var signals: Set<Signal> { get }
  /// The signals whose readings it needs.
  var readSignals: Set<Signal> { get }
  /// The files of secrets and certificates that it reads.
  var files: [String] { get }
  /// Learns what it needs from the rest of the file.
  mutating func learn(_ blueprints: [any Blueprint])
}

extension OutputDeclaration {
  public var readSignals: Set<Signal> { [] }
  public var files: [String] { [] }
  public mutating func learn(_ blueprints: [any Blueprint]) {}

  fileprivate func isEqual(to other: any OutputDeclaration) -> Bool { (other as? Self) == self }
}

/// Declarations of any types, compared by value.
struct OutputList: Hashable, Sendable {
  var list: [any OutputDeclaration] = []

  static func == (a: Self, b: Self) -> Bool {
    a.list.count == b.list.count && zip(a.list, b.list).allSatisfy { $0.isEqual(to: $1) }
  }

  func hash(into hasher: inout Hasher) {
    for output in list { output.hash(into: &hasher) }
  }
}

extension [any OutputDeclaration] {
  /// Those of a type.
  public subscript<D: OutputDeclaration>(_: D.Type) -> [D] { compactMap { $0 as? D } }
}

/// A member of a blueprint that the internet reaches by an address of its own: a VPN gateway.
public struct PublicMember: Hashable, Sendable {
  public let name: String
  /// The named part of the blueprint that it belongs to; nil: there are none.
  public let group: String?
  /// Up while it is alive; whoever states it overrides the condition.
  public let signal: Signal
  private let condition: Condition
  /// The signals whose readings may tell its public address and ports.
  public let readSignals: [Signal]

  public init(
    _ name: String, group: String? = nil, signal: Signal, condition: Condition,
    readSignals: [Signal]
  ) {
    self.name = name
    self.group = group
    self.signal = signal
    self.condition = condition
    self.readSignals = readSignals
  }

  /// Alive while the probe is up, which also reads its address and ports.
  public init(probe signal: Signal) {
    self.init(
      signal.name, signal: signal, condition: .signal(signal), readSignals: [signal])
  }

  /// The signals that decide whether it is alive.
  public var signals: Set<Signal> { condition.signals }

  public func state(given signals: [Signal: Signal.State]) -> Signal.State {
    signals[signal] ?? condition.state(given: signals)
  }
}
