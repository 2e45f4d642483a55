/// What a state file says of an input other than a probe, such as a virtual router: State reads it, and an
/// `Input` of the agent's makes it say its signal.
public protocol InputDeclaration: Hashable, Sendable {
  var signal: Signal { get }
  /// The signals that it follows in turn.
  var tracked: Set<Signal> { get }
  /// Takes what it has to know of the file's objects with conditions.
  mutating func learn(_ objects: [ConditionalObject])
  /// Whether it names files that hold what it needs.
  var needsSurroundings: Bool { get }
  /// With what its files hold; throws where one is missing or wrong.
  func completed(by surroundings: some Surroundings) throws(Incompleteness) -> Self
  /// What it takes to watch it, beside the right to change the network.
  var capabilityNeeds: [CapabilityNeed] { get }
}

extension InputDeclaration {
  public var tracked: Set<Signal> { [] }
  public mutating func learn(_ objects: [ConditionalObject]) {}
  public var needsSurroundings: Bool { false }
  public var capabilityNeeds: [CapabilityNeed] { [] }
  public func completed(by surroundings: some Surroundings) throws(Incompleteness) -> Self { self }

  fileprivate func isEqual(to other: any InputDeclaration) -> Bool { (other as? Self) == self }
}

/// Declarations of any types, compared by value.
struct InputList: Hashable, Sendable {
  var list: [any InputDeclaration] = []

  static func == (a: Self, b: Self) -> Bool {
    a.list.count == b.list.count && zip(a.list, b.list).allSatisfy { $0.isEqual(to: $1) }
  }

  func hash(into hasher: inout Hasher) {
    for input in list { input.hash(into: &hasher) }
  }
}

extension [any InputDeclaration] {
  /// Those of a type.
  public subscript<D: InputDeclaration>(_: D.Type) -> [D] { compactMap { $0 as? D } }
}
