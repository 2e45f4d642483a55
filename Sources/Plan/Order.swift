import Model

/// Orders steps so that each comes after those that it depends on.
///
/// What is new is made first, and what is old is removed last, in the reverse order, so that no
/// packet is lost in between. But a link that is in the way of a new one is removed before it.
struct Order {
  private(set) var steps: [Step]

  init(of steps: [Step], desired: NetworkState, observed: NetworkState) {
    let wantedDepth = Depth(of: desired.links)
    let presentDepth = Depth(of: observed.links)
    let claims = Set(
      steps.flatMap { step -> [String] in
        guard step.change.verb != .delete, let link = step.change.object.as(Link.self) else {
          return []
        }
        return link.claims
      })

    let lateTables = Self.lateTables(desired.tables)

    func rank(_ step: Step) -> Rank {
      if let link = step.change.object.as(Link.self) {
        guard step.change.verb == .delete else {
          return Rank(stage: .making, phase: .link, depth: wantedDepth[link.name])
        }
        let isInTheWay = link.claims.contains(where: claims.contains)
        return Rank(
          stage: isInTheWay ? .clearing : .removing, phase: .link, depth: presentDepth[link.name])
      }
      let stage: Rank.Stage = step.change.verb == .delete ? .removing : .making
      if stage == .making, let table = step.change.object.as(NftablesTable.self),
        lateTables.contains(table.id)
      {
        return Rank(stage: stage, phase: .table, depth: 0)
      }
      return Rank(stage: stage, phase: step.change.object.phase, depth: 0)
    }

    // A stable bucket sort: a hundred thousand routes have only a few ranks, in long runs.
    var buckets: [[Step]] = []
    var positions: [Rank: Int] = [:]
    var last: (rank: Rank, position: Int)?
    for step in steps {
      let rank = rank(step)
      if last?.rank != rank {
        last = (rank, positions[rank] ?? buckets.count)
        positions[rank] = last!.position
        if last!.position == buckets.count { buckets.append([]) }
      }
      buckets[last!.position].append(step)
    }
    self.steps = positions.sorted { $0.key < $1.key }.flatMap { rank, position in
      rank.stage == .making && rank.phase.keepsStatedOrder
        ? buckets[position] : buckets[position].sortedByID()
    }
    resolveRequirements()
  }

  private struct Rank: Hashable, Comparable {
    enum Stage: Int { case making, clearing, removing }
    let stage: Stage
    let phase: Phase
    let depth: Int

    static func < (a: Rank, b: Rank) -> Bool {
      // What is in the way is removed just before links are made.
      let aGroup = a.stage == .removing ? 1 : 0
      let bGroup = b.stage == .removing ? 1 : 0
      if aGroup != bGroup { return aGroup < bGroup }
      if a.phase != b.phase { return (a.phase < b.phase) == (aGroup == 0) }
      if a.stage != b.stage { return a.stage == .clearing }
      return a.stage == .making ? a.depth < b.depth : a.depth > b.depth
    }
  }

  /// Finds, for each step, the steps that provide what it requires.
  private mutating func resolveRequirements() {
    var makers: [Requirement: Int] = [:]
    var subnets = Subnets()
    for (index, step) in steps.enumerated() where step.change.verb != .delete {
      for (number, provision) in step.change.object.resource.provisions.enumerated() {
        switch provision {
        // A pair's other end may have a step of its own.
        case .link(let name) where number > 0 && makers[.link(name)] != nil: continue
        case .link(let name): makers[.link(name)] = index
        case .nexthop(let id): makers[.nexthop(id)] = index
        case .network(let network): subnets.add(network, index)
        }
      }
    }
    if makers.isEmpty && subnets.isEmpty { return }
    for index in steps.indices where steps[index].change.verb != .delete {
      var required: Set<Int> = []
      for requirement in steps[index].change.object.resource.requirements {
        if case .reachable(let gateway) = requirement {
          // Any of them will do: a step depends on an address only if there is no other.
          if let address = subnets.only(covering: gateway) { required.insert(address) }
        } else if let maker = makers[requirement] {
          required.insert(maker)
        }
      }
      steps[index].requires = required.filter { $0 < index }.sorted()
    }
  }
}

/// Steps that make addresses, by subnet.
private struct Subnets {
  private var steps: [Prefix: [Int]] = [:]
  /// The prefix lengths in use: few, however many addresses there are.
  private var lengths: [Family: Set<UInt8>] = [:]

  var isEmpty: Bool { steps.isEmpty }

  mutating func add(_ subnet: Prefix, _ step: Int) {
    steps[subnet.network, default: []].append(step)
    lengths[subnet.family, default: []].insert(subnet.length)
  }

  /// The only step that makes the gateway reachable; nil if there is none, or more than one.
  func only(covering gateway: IPAddress) -> Int? {
    var found: Int?
    for length in lengths[gateway.family] ?? [] {
      guard let covering = Prefix(gateway, length: length).flatMap({ steps[$0.network] }) else {
        continue
      }
      if covering.count > 1 || found != nil { return nil }
      found = covering[0]
    }
    return found
  }
}

/// How many links are below a link, counting `link`, `dev` and `master`.
struct Depth {
  private var depths: [LinkName: Int] = [:]

  init(of links: [Link]) {
    let byName = Dictionary(links.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    func depth(_ name: LinkName, below: Int) -> Int {
      if let known = depths[name] { return known }
      // Validation of the state file refuses cycles; an observed cycle ends here.
      guard let link = byName[name], below < links.count else { return 0 }
      let deepest =
        [link.lower, link.master].compactMap { $0 }
        .map { depth($0, below: below + 1) + 1 }.max() ?? 0
      depths[name] = deepest
      return deepest
    }
    for link in links { _ = depth(link.name, below: 0) }
  }

  subscript(name: LinkName) -> Int { depths[name] ?? 0 }

  /// Sorted by depth, the lowest first; otherwise the order stays.
  func sorted(_ links: [Link]) -> [Link] {
    let depths = links.map { self[$0.name] }
    return links.indices.sorted { (depths[$0], $0) < (depths[$1], $1) }.map { links[$0] }
  }
}

extension [Step] {
  /// Sorted by kind and identity; if a file or dump is sorted already, this takes a single pass.
  fileprivate func sortedByID() -> [Step] {
    let isSorted = indices.dropFirst().allSatisfy {
      !self[$0].change.object.precedes(self[$0 - 1].change.object)
    }
    let removes = first.map { $0.change.verb == .delete } ?? false
    let ranks = removes ? map { $0.change.object.resource.removalRank } : []
    if isSorted, ranks.allSatisfy({ $0 == ranks[0] }) { return self }
    let ids = map(\.change.object.id)
    return indices.sorted {
      removes && ranks[$0] != ranks[$1]
        ? ranks[$0] > ranks[$1] : (ids[$0], $0) < (ids[$1], $1)
    }.map { self[$0] }
  }
}
