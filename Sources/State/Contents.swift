internal import JSON
internal import Model

/// The contents of a file, by kind.
struct Contents {
  /// One section for each of ``Kind/all``.
  private var sections: [any KindSection] = Kind.all.map { $0.type.emptySection }
  /// Patterns that no rule may match.
  var absentRules = Section<RulePattern>()
  /// Where the parts of the tables are in the file.
  var tablePointers: [NftablesReader.PartID: Pointer] = [:]
  var probes: [Probe] = []
  /// Includes probes that couldn't be read; nil if the whole section couldn't.
  var probeNames: Set<String>? = []
  var inputs: [any InputDeclaration] = []
  var outputs: [any OutputDeclaration] = []
  /// As ``probeNames``.
  var vrrpNames: Set<String>? = []
  /// As ``probeNames``.
  var nodeNames: Set<String>? = []
  var gatewayNames: Set<String>? = []
  var serviceNames: Set<String>? = []
  var deadline = DesiredState.defaultDeadline
  var blueprints: [any Blueprint] = []
  /// Possible names of links and nexthops whose identity couldn't be read: all texts and numbers in
  /// them. Nil if a whole section couldn't be read and may have contained anything.
  var unreadLinks: Set<String>? = []
  var unreadNexthops: Set<String>? = []

  /// The objects of a kind.
  subscript<R: Resource>(_: R.Type) -> Section<R> {
    get { sections[R.kind.position] as! Section<R> }
    set { sections[R.kind.position] = newValue }
  }

  mutating func complete(by surroundings: some Surroundings, _ findings: Findings) {
    func complete<R: Resource>(_: R.Type, _ contents: inout Contents) {
      if R.needsSurroundings { contents[R.self].complete(by: surroundings, findings) }
    }
    for kind in Kind.all { complete(kind.type, &self) }
    blueprints = blueprints.map { $0.completed(by: surroundings) }
    for index in inputs.indices {
      let signal = inputs[index].signal
      do throws(Incompleteness) {
        inputs[index] = try inputs[index].completed(by: surroundings)
      } catch {
        let section = Sections.all.first { $0.source == signal.source }?.key
        findings.report(
          at: Pointer([.key(section ?? signal.source.rawValue), .key(signal.name)]),
          error.description)
      }
    }
  }

  var desiredState: DesiredState {
    var desiredState = DesiredState()
    desiredState.probes = probes + blueprints.flatMap(\.probes)
    let (addresses, wireGuards) = (self[Address.self].items, self[WireGuard.self].items)
    desiredState.blueprints = blueprints.map { blueprint in
      var blueprint = blueprint
      blueprint.learn(addresses: addresses, others: blueprints)
      blueprint.learn(wireGuards: wireGuards)
      return blueprint
    }
    desiredState.outputs = outputs.map { output in
      var output = output
      output.learn(desiredState.blueprints)
      return output
    }
    desiredState.deadline = deadline
    func declare<R: Resource>(_: R.Type) {
      desiredState.unconditional[R.self] = self[R.self].split { declared in
        var object = ConditionalObject(
          Object(declared.item), when: declared.when, members: declared.members)
        if let inhibit = declared.inhibit { object.inhibit = inhibit }
        desiredState.conditional.append(object)
      }
    }
    for kind in Kind.all { declare(kind.type) }
    desiredState.inputs = inputs.map { input in
      var input = input
      input.learn(desiredState.conditional)
      return input
    }
    desiredState.unconditional.absentRules = absentRules.split {
      desiredState.conditionalPatterns.append(ConditionalPattern($0.item, when: $0.when!))
    }
    desiredState.settle()
    return desiredState
  }
}

/// The section of one kind, type-erased.
private protocol KindSection {}

extension Section: KindSection where Item: Resource {}

extension Resource {
  fileprivate static var emptySection: any KindSection { Section<Self>() }
}
