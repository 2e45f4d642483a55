internal import Addressing

/// Names of what is made anew; whatever refers to them must be made anew too.
struct References {
  struct Object: Hashable {
    var type: UInt32
    var name: String
  }

  var sets: Set<String> = []
  var chains: Set<String> = []
  var objects: Set<Object> = []
  var flowtables: Set<String> = []

  var isEmpty: Bool {
    sets.isEmpty && chains.isEmpty && objects.isEmpty && flowtables.isEmpty
  }
}

extension RuleProgram {
  func refers(to references: References) -> Bool {
    !references.isEmpty && instructions.contains { $0.refers(to: references) }
  }
}

extension Instruction {
  fileprivate func refers(to references: References) -> Bool {
    func holds(_ name: SetName) -> Bool {
      switch name {
      case .named(let name): references.sets.contains(name)
      case .anonymous(let set): set.elements.contains { $0.refers(to: references, in: set) }
      }
    }
    switch self {
    case .verdict(let verdict): return verdict.target.map(references.chains.contains) ?? false
    case .lookup(let set, _, _, _), .verdictLookup(let set, _), .objectLookup(let set, _):
      return holds(set)
    case .dynset(let dynset): return holds(dynset.set)
    case .flowOffload(let name): return references.flowtables.contains(name)
    case .object(let type, let name):
      return references.objects.contains(References.Object(type: type, name: name))
    default: return false
    }
  }
}

extension ElementProgram {
  func refers(to references: References, in set: SetProgram) -> Bool {
    if references.isEmpty { return false }
    return switch (data, set.data) {
    case (.verdict(let verdict)?, _):
      verdict.target.map(references.chains.contains) ?? false
    case (.object(let name)?, .object(let type)?):
      references.objects.contains(References.Object(type: type, name: name))
    default: false
    }
  }
}
