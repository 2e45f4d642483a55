internal import JSON

/// A term of a condition: whether this node is one of the named ones.
struct Term: Hashable {
  var node: String
  var isNegated = false

  var negated: Term { Term(node: node, isNegated: !isNegated) }

  private var tree: Tree {
    isNegated ? ["not": .string("node.\(node)")] : .string("node.\(node)")
  }

  /// The condition that all of them hold; nil for none.
  static func tree(_ terms: [Term]) -> Tree? {
    terms.count > 1 ? ["all": .array(terms.map(\.tree))] : terms.first?.tree
  }
}

/// The section `nodes` for label selectors: an entry for what a selector demands, and one for each thing
/// that it excludes.
struct Nodes {
  private var entries: [(name: String, labels: [(String, Tree)])] = []
  private var names: [[LinkResource.Requirement]: String] = [:]

  var isEmpty: Bool { entries.isEmpty }
  var tree: Tree {
    .object(entries.map { ($0.name, ["labels": .object($0.labels)]) })
  }

  /// The terms for a selector; a new entry is called after the resource that has it.
  mutating func terms(
    for selector: [LinkResource.Requirement], of resource: String
  ) -> [Term] {
    // An entry has each label once.
    var demands: [[LinkResource.Requirement]] = []
    for requirement in selector {
      guard let label = requirement.demanded else { continue }
      if let free = demands.firstIndex(where: { !$0.contains { $0.demanded == label } }) {
        demands[free].append(requirement)
      } else {
        demands.append([requirement])
      }
    }
    let exceptions = selector.filter { $0.demanded == nil }
    return demands.map { Term(node: name(for: $0, of: resource)) }
      + exceptions.map {
        Term(node: name(for: [$0], of: resource + "-except"), isNegated: true)
      }
  }

  private mutating func name(
    for requirements: [LinkResource.Requirement], of wish: String
  ) -> String {
    if let name = names[requirements] { return name }
    let stem = String(wish.prefix(56))
    var name = stem
    var number = 2
    while entries.contains(where: { $0.name == name }) {
      name = "\(stem)-\(number)"
      number += 1
    }
    names[requirements] = name
    entries.append((name, requirements.map { ($0.label, $0.test) }))
    return name
  }
}

extension LinkResource.Requirement {
  var label: String {
    switch self {
    case .oneOf(let label, _), .noneOf(let label, _), .exists(let label), .absent(let label): label
    }
  }

  /// The label, if the requirement is one that the node must have.
  fileprivate var demanded: String? {
    switch self {
    case .oneOf, .exists: label
    case .noneOf, .absent: nil
    }
  }

  /// What a node's entry says; the opposite, for what is excluded.
  fileprivate var test: Tree {
    switch self {
    case .oneOf(_, let values), .noneOf(_, let values):
      values.count == 1 ? .string(values[0]) : .array(values.map { .string($0) })
    case .exists, .absent: true
    }
  }
}
