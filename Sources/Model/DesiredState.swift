import Nftables

/// What a state file asks for; some of it depends on signals.
public struct DesiredState: Hashable, Sendable {
  /// What is wanted whatever the signals say.
  public var unconditional = NetworkState()
  /// Objects with a condition, or with a member that has one.
  public var conditional: [ConditionalObject] = []
  /// Patterns that no rule may match while the condition is up.
  public var conditionalPatterns: [ConditionalPattern] = []
  /// The file's own probes and those of its blueprints.
  public var probes: [Probe] = []
  private var inputList = InputList()
  private var outputList = OutputList()
  private var blueprintList = BlueprintList()
  /// The signals that blueprints say, and that something names or that are worth showing.
  public internal(set) var derived: [Signal: Derivation] = [:]
  /// How long a signal may stay unknown before it counts as down.
  public var deadline = Self.defaultDeadline

  /// Whether somebody renews the addresses that stand while a virtual router is master: the daemon does.
  public var renewsLeases = false

  public static let defaultDeadline = Duration.seconds(30)

  public init() {}

  public init(_ configuration: NetworkState) { unconditional = configuration }

  /// Whatever says signals, beside links and probes.
  public var inputs: [any InputDeclaration] {
    get { inputList.list }
    set { inputList.list = newValue }
  }

  /// What follows signals outside the kernel.
  public var outputs: [any OutputDeclaration] {
    get { outputList.list }
    set { outputList.list = newValue }
  }

  /// At most one of each type, in the order of the registry of sections.
  public var blueprints: [any Blueprint] {
    get { blueprintList.list }
    set { blueprintList.list = newValue }
  }

  /// To be called once the whole file is read.
  public mutating func settle() {
    nameDerivedSignals()
    noteReadSignals()
  }

  mutating func noteReadSignals() {
    var read = blueprints.reduce(into: Set<Signal>()) { $0.formUnion($1.readSignals) }
    for output in outputs { read.formUnion(output.readSignals) }
    for index in probes.indices where read.contains(probes[index].signal) {
      probes[index].readsAlways = true
    }
  }

  /// True if any object has a condition, or if there is a blueprint.
  public var isConditional: Bool {
    !conditional.isEmpty || !conditionalPatterns.isEmpty || !blueprints.isEmpty
  }

  /// Every signal that the file knows: those of its probes and other inputs, and those that conditions
  /// name.
  public var signals: Set<Signal> {
    Set(probes.map(\.signal) + inputs.map(\.signal)).union(derived.keys).union(namedSignals)
  }

  /// The signals that something depends on or follows.
  var namedSignals: Set<Signal> {
    healthConditions.reduce(
      into: decidingSignals.union(trackedSignals).union(outputSignals)
    ) {
      $0.formUnion($1.signals)
    }
  }

  private var outputSignals: Set<Signal> { outputs.reduce(into: []) { $0.formUnion($1.signals) } }
  private var trackedSignals: Set<Signal> { inputs.reduce(into: []) { $0.formUnion($1.tracked) } }

  /// The signals that something depends on.
  public var decidingSignals: Set<Signal> {
    let own = blueprints.reduce(into: Set<Signal>()) { $0.formUnion($1.signals) }
    return conditions.reduce(into: own) { $0.formUnion($1.signals) }
  }

  /// What must be up for the machine to do its work; empty if it has none that could be judged.
  public var healthConditions: [Condition] { blueprints.compactMap(\.healthCondition) }

  private var conditions: [Condition] {
    conditional.flatMap { ($0.members + [$0.when]).compactMap(\.self) }
      + conditionalPatterns.map(\.when)
  }

  /// The tables that it names; those of blueprints are empty.
  public var tables: [NftablesTable] {
    unconditional.tables
      + blueprints.flatMap(\.claims.tables).map {
        var table = NftablesTable(Nftables.Table(family: $0.family, name: $0.name))
        table.isBlueprints = true
        return table
      }
  }

  /// The settings that it names, with or without a condition.
  public var sysctlKeys: [Sysctl.Key] {
    unconditional.sysctls.map(\.key)
      + blueprints.flatMap { $0.claims.sysctls.map(\.key) }
      + conditional.compactMap { $0.object.as(Sysctl.self)?.key }
  }
}

/// An object that depends on signals, as a whole or member by member.
public struct ConditionalObject: Hashable, Sendable {
  /// With all of its members.
  public var object: Object
  /// Nil: the object is wanted whatever the signals say, as long as it has a member.
  public var when: Condition?
  /// A condition for each of the object's members; empty if none has one.
  public var members: [Condition?]
  /// What becomes of a service's destination that is down.
  public var inhibit = Inhibition.usual

  public init(_ object: Object, when: Condition?, members: [Condition?] = []) {
    self.object = object
    self.when = when
    self.members = members
  }
}

public struct ConditionalPattern: Hashable, Sendable {
  public var pattern: RulePattern
  public var when: Condition

  public init(_ pattern: RulePattern, when: Condition) {
    self.pattern = pattern
    self.when = when
  }
}

extension Probe {
  /// The signal that it publishes.
  public var signal: Signal { Signal(.probe, name) }
}

extension Condition {
  /// Whether the text alone shows that the two are never up together: a term that one needs is
  /// literally the negation of a term that the other needs.
  public func excludes(_ other: Condition) -> Bool {
    let needs = other.needs
    return self.needs.contains { need in
      needs.contains { $0 == .not(need) || need == .not($0) }
    }
  }

  /// What must be up for it to be up: the terms of `all`, or the condition itself.
  private var needs: [Condition] {
    if case .all(let conditions) = self { conditions.flatMap(\.needs) } else { [self] }
  }
}
