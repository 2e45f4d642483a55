import Model

extension DesiredState {
  /// What the gateways have to do without on this kernel, and which links they don't guard.
  func lacking(in observed: NetworkState) -> [Status.Trouble] {
    guard let gateways else { return [] }
    let settings = gateways.lacking(in: observed).map { key in
      Status.Trouble(
        object: "sysctl \(key)",
        reason: "this kernel has no such setting (Linux 6.11 has): two routers spread the same "
          + "flows differently")
    }
    let unguarded = gateways.unguarded(in: observed).map(\.text)
    if unguarded.isEmpty { return settings }
    let shown = 6
    let names =
      unguarded.prefix(shown).joined(separator: ", ") + (unguarded.count > shown ? ", ..." : "")
    return settings + [
      Status.Trouble(
        object: "gateways",
        reason: "the router also forwards what comes in by other links, where no lock holds it: "
          + "\(names); \"strict\": true closes that")
    ]
  }

  /// Clients whom the file leads to no gateway, though it looks so.
  var unledClients: [Status.Trouble] {
    let conditional = conditional.compactMap { $0.object.as(Address.self) }
    return (gateways?.unled(unconditional.addresses + conditional) ?? []).map { address in
      Status.Trouble(
        object: "gateways",
        reason: "clients of \(address.address.network) by \(address.link) reach no gateway: "
          + "\"from\" has their network, and \"client_links\" lacks \"\(address.link)\"")
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
