public import Model

extension Gateways {
  public var publicMembers: [PublicMember] {
    groups.flatMap { group in
      group.members.map {
        PublicMember(
          $0.name, group: group.name, signal: $0.signal, condition: $0.condition,
          readSignals: $0.allProbes.map(\.signal))
      }
    }
  }
}
