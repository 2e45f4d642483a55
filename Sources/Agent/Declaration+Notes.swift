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

  /// The objects, gateways and services that unknown signals decide about.
  func undecidedNames(given signals: [Signal: Signal.State]) -> [String] {
    let isUnknown = { signals[$0] ?? .unknown == .unknown }
    let gateways = gateways?.members.filter { isUnknown($0.signal) } ?? []
    let services = services.list.filter { $0.signals.contains(where: isUnknown) }
    return undecided(given: signals).map { "\($0.object.id)" }
      + gateways.map { "gateway \($0.name)" } + services.map { "service \($0.name)" }
  }
}
