import Model

/// Probes that together say how one protocol of a service fares.
struct ProbeGroup: Hashable, Sendable {
  /// `port-1 tcp`.
  let name: String
  /// What the servers are called in it: `192.168.27.3`, with `.PORT` where there are several.
  let servers: [Signal: String]

  /// The warning for a service whose servers are all down; nil while one may be alive.
  func loss(given states: [Signal: Signal.State]) -> String? {
    servers.keys.allSatisfy { states[$0] == .down }
      ? "no server of \(name) is alive (0 of \(servers.count))" : nil
  }

  /// Those of a file, in its order.
  static func all(of services: Services) -> [ProbeGroup] {
    services.list.flatMap { service in
      // Without a protocol: probes of marks.
      (IPVSProtocol.allCases + [nil]).compactMap { `protocol` in
        let probes = service.probes.filter { $0.key.protocol == `protocol` }
        if probes.isEmpty { return nil }
        let hasPorts = Set(probes.keys.map(\.port)).count > 1
        let names = probes.map { place, probe in
          (probe.signal, "\(place.address)" + (hasPorts ? ".\(place.port)" : ""))
        }
        return ProbeGroup(
          name: service.name + (`protocol`.map { " \($0.rawValue)" } ?? ""),
          servers: Dictionary(names) { first, _ in first })
      }
    }
  }
}
