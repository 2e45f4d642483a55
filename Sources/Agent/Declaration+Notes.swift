import Model

extension Declaration {
  /// What the gateways have to do without on this kernel.
  func lacking(in observed: Configuration) -> [Status.Trouble] {
    (gateways?.lacking(in: observed) ?? []).map { key in
      Status.Trouble(
        object: "sysctl \(key)",
        reason: "this kernel has no such setting (Linux 6.11 has): two routers spread the same "
          + "flows differently")
    }
  }

  /// The objects and gateways that unknown signals decide about.
  func undecidedNames(given signals: [Signal: Signal.State]) -> [String] {
    let gateways = gateways?.members.filter { signals[$0.signal] ?? .unknown == .unknown } ?? []
    return undecided(given: signals).map { "\($0.object.id)" }
      + gateways.map { "gateway \($0.name)" }
  }
}
