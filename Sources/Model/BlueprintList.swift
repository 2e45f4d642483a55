/// Blueprints, at most one of each type, compared by value.
struct BlueprintList: Hashable, Sendable {
  var list: [any Blueprint] = []

  static func == (a: Self, b: Self) -> Bool {
    a.list.count == b.list.count && zip(a.list, b.list).allSatisfy { $0.isEqual(to: $1) }
  }

  func hash(into hasher: inout Hasher) {
    for blueprint in list { blueprint.hash(into: &hasher) }
  }
}

extension Array where Element == any Blueprint {
  /// The blueprint of this type, if the file has one.
  public subscript<B: Blueprint>(_: B.Type) -> B? {
    get { lazy.compactMap { $0 as? B }.first }
    set {
      let position = firstIndex { $0 is B }
      switch (position, newValue) {
      case (let position?, let blueprint?): self[position] = blueprint
      case (let position?, nil): remove(at: position)
      case (nil, let blueprint?): append(blueprint)
      case (nil, nil): break
      }
    }
  }
}
