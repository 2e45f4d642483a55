import Model

extension Gateways {
  /// What becomes of a group's members.
  struct Use: Hashable {
    /// Whether flows that a member has stay with it.
    let isUsed: [Bool]
    /// The positions of the members that new flows leave by, the first choice first.
    let leading: [Int]
    /// The positions of those that a sticky group prefers from now on.
    let kept: [Int]
  }
}

extension Gateways.Group {
  /// Chooses the members that carry new flows among those in use; `isLeading`: the kernel has it among
  /// those to prefer. Unless `isSettled`, some member's state isn't known: at the start the first that
  /// answers must not stay preferred to better ones.
  ///
  /// The order is that of weights, and of equals that of the file; it depends on nothing else, so that
  /// all routers that see the same gateways alive choose the same ones. In a sticky group those that
  /// carry new flows come first.
  func use(isUsed: [Bool], isLeading: [Bool], isSettled: Bool = true) -> Gateways.Use {
    var able = members.indices.filter { isUsed[$0] && members[$0].weight > 0 }
    if let most {
      func rank(_ index: Int) -> (Int, Int, Int) {
        (egress.isSticky && isLeading[index] ? 0 : 1, -Int(members[index].weight), index)
      }
      able = Array(able.sorted { rank($0) < rank($1) }.prefix(most))
    }
    let kept = isSettled ? able : members.indices.filter { isUsed[$0] && isLeading[$0] }
    return Gateways.Use(isUsed: isUsed, leading: able, kept: kept)
  }

  /// How many members carry new flows at most; nil: all.
  private var most: Int? { if case .single = egress.balance { 1 } else { egress.active } }

  /// The member that gets each of the buckets; nil if no member can take any.
  func choices(_ buckets: UInt32, _ use: Gateways.Use) -> [Int]? {
    let leading = Set(use.leading)
    return Rendezvous(
      members.map { ($0.name, Int($0.weight)) }, buckets: Int(buckets), seed: egress.seed
    ).choices(isPresent: members.indices.map(leading.contains))
  }
}
