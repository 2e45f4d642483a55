extension DesiredState {
  /// What the file asks for while the signals are as given; a signal that `signals` lacks is
  /// unknown.
  ///
  /// An object whose condition is up is wanted as stated; one whose condition is down is absent.
  /// While its condition is unknown, it stays as `observed` has it, there or not. What depends on
  /// an absent object (a route on a link, a group on a nexthop) is absent with it, as in the
  /// kernel.
  ///
  /// `readings` are what blueprints may use. `isOver` tells whether the time of a draining real
  /// server is over.
  public func expanded(
    given signals: [Signal: Signal.State] = [:], reading readings: [Signal: SignalReading] = [:],
    keeping observed: NetworkState = NetworkState(),
    isOver: @escaping (Draining.ID) -> Bool = { _ in true }
  ) -> NetworkState {
    guard isConditional else { return unconditional }
    var expansion = Expansion(
      of: self, given: deriving(from: signals), reading: readings, keeping: observed,
      isOver: isOver)
    return expansion.configuration()
  }

  /// The signals of links: up while a link runs, down also if it doesn't exist.
  public func linkSignals(in observed: NetworkState) -> [Signal: Signal.State] {
    let wanted = signals.filter { $0.source == .link }
    if wanted.isEmpty { return [:] }
    let isRunning = Dictionary(
      observed.links.map { ($0.name.text, $0.isRunning) }, uniquingKeysWith: { first, _ in first })
    return wanted.reduce(into: [:]) { states, signal in
      guard let link = isRunning[signal.name] else {
        states[signal] = .down
        return
      }
      states[signal] = link.map { $0 ? .up : .down } ?? .unknown
    }
  }

  /// The real servers that are leaving their services.
  public func drainings(
    given signals: [Signal: Signal.State], keeping observed: NetworkState
  ) -> [Draining] {
    // The other services' servers never leave, or leave at once.
    let lasting = conditional.filter {
      if case .lasting = $0.inhibit { true } else { false }
    }
    let present = Expansion.services(lasting, observed)
    let plain = lasting.flatMap { conditional -> [Draining] in
      guard let service = conditional.object.as(IPVSService.self) else { return [] }
      return service.drainings(
        Expansion.states(of: conditional, signals), present: present[service.match],
        conditional.inhibit)
    }
    return plain + blueprints.flatMap { $0.drainings(given: signals, keeping: observed) }
  }

  /// The objects that unknown signals leave undecided.
  public func undecided(given signals: [Signal: Signal.State]) -> [ConditionalObject] {
    conditional.filter { Expansion.verdict($0, signals) == .unknown }
  }
}

private struct Expansion {
  private let desiredState: DesiredState
  private let signals: [Signal: Signal.State]
  private let readings: [Signal: SignalReading]
  /// The observed objects whose conditions are unknown.
  private let present: [ObjectID: Object]
  /// The observed services that signals decide about.
  private let servicesPresent: [IPVSService.Match: IPVSService]
  private let isOver: (Draining.ID) -> Bool
  private let observed: NetworkState

  init(
    of desiredState: DesiredState, given signals: [Signal: Signal.State],
    reading readings: [Signal: SignalReading], keeping observed: NetworkState,
    isOver: @escaping (Draining.ID) -> Bool
  ) {
    self.desiredState = desiredState
    self.signals = signals
    self.readings = readings
    self.isOver = isOver
    servicesPresent = Self.services(desiredState.conditional, observed)
    self.observed = observed
    let undecided = desiredState.undecided(given: signals)
    present = undecided.isEmpty ? [:] : observed.objects(with: Set(undecided.map(\.object.id)))
  }

  mutating func configuration() -> NetworkState {
    var configuration = desiredState.unconditional
    var placed: Set<ObjectID> = []
    var absent: [Object] = []
    for conditional in desiredState.conditional {
      // Several alternatives that exclude each other may be unknown, but the kernel has only one of
      // them.
      guard let object = expanded(conditional), placed.insert(object.id).inserted else {
        absent.append(conditional.object)
        continue
      }
      configuration.append(object)
    }
    for conditional in desiredState.conditionalPatterns
    where conditional.when.state(given: signals) == .up {
      configuration.absentRules.append(conditional.pattern)
    }
    for expansion in blueprints(beside: configuration) {
      configuration.addBlueprint(expansion)
    }
    configuration.removeWhatRests(on: absent)
    return configuration
  }

  /// What each blueprint expands to.
  private func blueprints(beside stated: NetworkState) -> [NetworkState] {
    if desiredState.blueprints.isEmpty { return [] }
    let context = BlueprintContext(
      signals: signals, readings: readings, observed: observed, stated: stated, isOver: isOver)
    return desiredState.blueprints.map { $0.expanded(in: context) }
  }

  private func expanded(_ conditional: ConditionalObject) -> Object? {
    let object = conditional.object.standing(
      under: conditional.when, isRenewed: desiredState.renewsLeases)
    switch conditional.when?.state(given: signals) ?? .up {
    case .down: return nil
    case .unknown: return present[object.id]
    case .up: break
    }
    if conditional.members.isEmpty { return object }
    let states = Self.states(of: conditional, signals)
    if let service = object.as(IPVSService.self) {
      return Object(
        service.keeping(
          states, present: servicesPresent[service.match], conditional.inhibit, isOver: isOver))
    }
    if let kept = object.keeping(states, present: present[object.id]) { return kept }
    // No member is up, and some are unknown: what is there may use members of an earlier file.
    return states.contains(.unknown) ? present[object.id] : nil
  }

  static func services(
    _ conditional: [ConditionalObject], _ observed: NetworkState
  ) -> [IPVSService.Match: IPVSService] {
    let wanted = Set(
      conditional.lazy.compactMap { $0.object.as(IPVSService.self)?.match })
    // A few among a thousand are found faster by comparing than by hashing all.
    guard wanted.count > 8 else {
      return wanted.compactMap { match in observed.ipvsServices.first { $0.match == match } }
        .byMatch
    }
    return observed.ipvsServices.lazy.filter { wanted.contains($0.match) }.byMatch
  }

  static func states(
    of conditional: ConditionalObject, _ signals: [Signal: Signal.State]
  ) -> [Signal.State] {
    conditional.members.map { $0?.state(given: signals) ?? .up }
  }

  /// Unknown if the observed state decides.
  static func verdict(
    _ conditional: ConditionalObject, _ signals: [Signal: Signal.State]
  ) -> Signal.State {
    let whole = conditional.when?.state(given: signals) ?? .up
    guard whole == .up, !conditional.members.isEmpty else { return whole }
    let states = states(of: conditional, signals)
    return states.contains(.unknown) ? .unknown : states.contains(.up) ? .up : .down
  }
}

extension NetworkState {
  /// Adds what a blueprint expands to; a setting that the file states too is stated once.
  fileprivate mutating func addBlueprint(_ expansion: NetworkState) {
    var blueprint = expansion
    for index in blueprint.tables.indices { blueprint.tables[index].isBlueprints = true }
    // main and the like aren't the blueprint's.
    claimedTables.formUnion(
      blueprint.routes.map(\.table).filter { $0.name == nil })
    add(blueprint)
    flows = blueprint.flows ?? flows
  }

  /// The objects with these identities; where several share one, ours, or else the first, which is
  /// the one in force.
  fileprivate func objects(with ids: Set<ObjectID>) -> [ObjectID: Object] {
    var found: [ObjectID: Object] = [:]
    for kind in Set(ids.map(\.kind)) {
      for object in objects(of: kind) where ids.contains(object.id) {
        guard let other = found[object.id] else {
          found[object.id] = object
          continue
        }
        if object.resource.isOwned, !other.resource.isOwned { found[object.id] = object }
      }
    }
    return found
  }

  /// The kernel drops whatever depends on a link or nexthop that goes, and refuses it while there
  /// is none.
  fileprivate mutating func removeWhatRests(on absent: [Object]) {
    var gone = Cascade()
    for object in absent { gone.add(object.resource.provisions) }
    if gone.isEmpty { return }
    for object in objects(of: Link.kind) + objects(of: Nexthop.kind) {
      gone.remove(object.resource.provisions)
    }
    if !gone.isEmpty { removeDependents(of: &gone) }
  }
}
