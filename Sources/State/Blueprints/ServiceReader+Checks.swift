import Blueprints
internal import JSON
internal import Model

extension ObjectReader<ServiceKey> {
  /// As many destinations as the kernel takes one after another in less than a second.
  private static var mostDestinations: Int { 65_536 }

  /// Finds mistakes that only several keys together can show.
  mutating func check(_ service: Service) {
    guard faults.isDisjoint(with: [.vips, .aliases, .ports, .protocols, .marks, .servers]) else {
      return
    }
    let count = service.matches.count * service.servers.count
    if count > Self.mostDestinations {
      report(
        "\(count) destinations, of all ports, protocols, addresses and servers, are more than "
          + "\(Self.mostDestinations)")
    }
    checkFamilies(service)
    var seen: Set<String> = []
    for server in service.servers {
      let port = server.port ?? (service.ports.count == 1 ? service.ports[0] : nil)
      let target = "\(server.address)" + (port.map { " port \($0)" } ?? "")
      if !seen.insert(target).inserted {
        report(.servers, "has \(target) twice: give it a weight")
        break
      }
    }
    if let sorry = service.sorry, isAmong(sorry, service) {
      report(.sorry, "\"\(sorry.address)\" is one of the servers: it can't stand in for itself")
    }
    if service.forwarding != .masquerade, let port = translated(service) {
      report(
        .servers, "port \(port) must be the service's: only masquerading translates it")
    }
    if service.forwarding != .masquerade, let port = service.sorry?.port, service.ports != [port] {
      report(.sorry, "port \(port) must be the service's: only masquerading translates it")
    }
    if service.balancer == .nft { checkNAT(service) }
  }

  private mutating func checkFamilies(_ service: Service) {
    var isTunnel = false
    if case .tunnel = service.forwarding { isTunnel = true }
    let servers = Set(service.servers.map(\.address.family))
    if !isTunnel, service.sorry.map({ !servers.contains($0.address.family) }) ?? false {
      report(.sorry, "must be of the family of the servers")
    }
    if !service.marks.isEmpty {
      if servers.count > 1, !isTunnel || service.family == nil {
        report(.servers, "must be of one family, that of the marked packets")
      } else if let family = service.family, !isTunnel, servers != [family] {
        report(.family, "must be that of the servers: only a tunnel leads from one to the other")
      }
      return
    }
    let fronts = Set((service.vips + service.aliases).map(\.family))
    if isTunnel { return }
    for family in fronts.subtracting(servers).sorted() {
      report(
        .servers, "has none of family \(family.rawValue), of which there are virtual addresses")
    }
    for family in servers.subtracting(fronts).sorted() {
      report(
        .servers, "has one of family \(family.rawValue), of which there is no virtual address")
    }
  }

  /// Whether the sorry server and a real server would be the same destination.
  private func isAmong(_ sorry: Service.Server, _ service: Service) -> Bool {
    let only = service.ports.count == 1 ? service.ports[0] : nil
    return service.servers.contains {
      $0.address == sorry.address && ($0.port ?? only) == (sorry.port ?? only)
    }
  }

  /// A server's port, if it isn't the service's.
  private func translated(_ service: Service) -> UInt16? {
    service.servers.compactMap(\.port).first { service.ports != [$0] }
  }

  /// A map of buckets leads to addresses, so all of its servers have one port.
  private mutating func checkNAT(_ service: Service) {
    if Set(service.servers.map(\.port)).count > 1 {
      report(.servers, "must all have one port, or none, with \"balancer\": \"nft\"")
    }
    if service.servers.contains(where: { $0.weight > 100 }) {
      report(.servers, "have weights of 100 at most with \"balancer\": \"nft\"")
    }
    if !service.flags.isSubset(of: [.fallback, .port]) {
      report(.flags, "\"mh-fallback\" and \"mh-port\" are what \"balancer\": \"nft\" has")
    }
  }

  // MARK: - Probes

  /// One probe for each server, port and protocol; a probe that asks no port is for a server and a
  /// protocol.
  mutating func probes(_ service: Service) -> [Service.ProbeTarget: Probe] {
    let templates = templates(service.protocols)
    var probes: [Service.ProbeTarget: Probe] = [:]
    for match in service.matches {
      var `protocol`: IPVSProtocol?
      if case .address(_, _, let own) = match { `protocol` = own }
      guard let template = templates[`protocol`] ?? nil else { continue }
      for server in service.servers where server.when == nil {
        let target = Service.ProbeTarget(
          server.address, port: service.port(of: server, match), protocol: `protocol`)
        if let family = template.family, family != server.address.family {
          report(.probe, "its \"source\" is of another family than \"\(server.address)\"")
          return [:]
        }
        if target.port == 0, template.lacksPort {
          report(.probe, "needs a \"port\": the service leads to any")
          return [:]
        }
        let hasPort =
          template.lacksPort && (service.ports.count > 1 || server.port != nil)
        let name =
          ([service.name, `protocol`?.rawValue, server.address.label].compactMap(\.self)
          + (hasPort ? [String(target.port)] : [])).joined(separator: ".")
        probes[target] = template.probe(named: name, at: server.address, port: target.port)
      }
    }
    return probes
  }

  private mutating func templates(
    _ protocols: [IPVSProtocol]
  ) -> [IPVSProtocol?: ProbeTemplate?] {
    let icmp = ProbeTemplate(Probe(name: "", question: .icmp(.nobody)), lacksPort: false)
    let tcp = ProbeTemplate(
      Probe(name: "", question: .tcp(Probe.TCP(address: .nobody, port: 0))), lacksPort: true)
    var templates: [IPVSProtocol?: ProbeTemplate?] = [
      nil: icmp, .tcp: tcp, .udp: icmp, .sctp: icmp,
    ]
    guard let value = value(.probe) else { return templates }
    if value.string == "none" { return [:] }
    let names = ServiceProbeKey.names
    guard let members = value.members, members.contains(where: { names.contains($0.key) }) else {
      if value.kind != .object {
        report(
          .probe,
          Mismatch(value, mustBe: "a probe, one for each protocol, or \"none\"").message)
        return templates
      }
      let template =
        object(.probe, "probe") { (object: inout ObjectReader<ProbeKey>) in
          object.probeTemplate(lacksPort: true)
        } ?? nil
      for key in templates.keys { templates[key] = .some(template) }
      return templates
    }
    let read: Void? = object(.probe, "set of probes") {
      (object: inout ObjectReader<ServiceProbeKey>) in
      for key in ServiceProbeKey.allCases where object.value(key) != nil {
        let own = IPVSProtocol(rawValue: key.name)!
        if !protocols.contains(own) {
          object.refuse(key, "\"\(key.name)\" isn't in \"protocols\"")
        } else if object.value(key)?.string == "none" {
          templates[own] = .some(nil)
        } else {
          templates[own] = .some(
            object.object(key, "probe") { (probe: inout ObjectReader<ProbeKey>) in
              probe.probeTemplate(lacksPort: true)
            } ?? nil)
        }
      }
    }
    _ = read
    return templates
  }
}

extension IPAddress {
  /// As part of a name, without colons.
  fileprivate var label: String { String(description.map { $0 == ":" ? "-" : $0 }) }
}
