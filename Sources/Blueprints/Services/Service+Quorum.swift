public import Model

extension Service {
  /// Up while the service has its quorum.
  public var signal: Signal { Signal(.service, name) }

  /// The quorums of a service: one for each port, protocol and family, since their probes may differ.
  var quorums: [Quorum] {
    var quorums: Set<Quorum> = []
    for match in matches {
      let voters = servers(of: match).filter { !$0.isDrained }.map {
        Quorum.Voter(when: condition(of: $0, match), weight: UInt64($0.weight))
      }
      quorums.insert(
        Quorum(voters, least: UInt64(quorum), hysteresis: UInt64(hysteresis)))
    }
    return Array(quorums)
  }
}
