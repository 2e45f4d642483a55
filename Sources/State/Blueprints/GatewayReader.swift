import Blueprints
internal import JSON
internal import Model

enum GatewayReader: BlueprintReader {
  typealias Read = Gateway

  static func read(_ file: inout ObjectReader<FileKey>, into contents: inout Contents) {
    contents.blueprints[Gateway.self] = file.object(fileKey, "section of a gateway") {
      $0.gateway()
    }
  }

  static func check(_ check: CrossCheck) {
    guard let gateway = check.contents.blueprints[Gateway.self] else { return }
    func report(_ message: String, at keys: Pointer.Component...) {
      check.findings.report(at: Pointer([.key("gateway")] + keys), message)
    }
    if check.contents.blueprints[Gateways.self] != nil {
      report(
        "\"gateways\" makes this machine a router, and a router is no gateway: they need a network "
          + "namespace each")
    }
    let own = Set(check.contents[Address.self].items.map(\.address.address))
    if let vip = gateway.vips.first(where: own.contains) {
      report("\"\(vip)\" is this machine's own address: the router has the VIPs", at: "vips")
    }
    checkProbes(of: gateway, check, report)
  }

  private static func checkProbes(
    of gateway: Gateway, _ check: CrossCheck,
    _ report: (String, Pointer.Component...) -> Void
  ) {
    // A section that couldn't be read may have any probe.
    guard let names = check.contents.probeNames else { return }
    let probes = Dictionary(
      check.contents.probes.map { ($0.signal, $0) }, uniquingKeysWith: { first, _ in first })
    let asked = gateway.health.signals.filter { $0.source == .probe }
    if asked.allSatisfy({ probes[$0] != nil || !names.contains($0.name) }),
      !asked.contains(where: { probes[$0]?.goes(through: gateway.tunnel) ?? true })
    {
      report(
        "no probe of it goes through the tunnel, which may be dead while everything else is alive: "
          + "one needs \"link\": \"\(gateway.tunnel)\"", "health")
    }
    for (index, forward) in gateway.forwards.enumerated() {
      guard case .read(let signal) = forward.ports, let probe = probes[signal] else { continue }
      if case .gluetun = probe.question { continue }
      report(
        "\(signal) reads no ports: only probes of type \"gluetun\" do", "forwards", .index(index),
        "ports")
    }
  }
}

extension Probe {
  fileprivate func goes(through tunnel: LinkName) -> Bool { link == tunnel || mark != nil }
}

extension ObjectReader<GatewayPodKey> {
  fileprivate mutating func gateway() -> Gateway? {
    let link = required(.link, .link, ": the link of the VPN network")
    let tunnel = required(.tunnel, .link, ": the tunnel's link, such as \"tun0\"")
    if let link, link == tunnel { report(.tunnel, "\"\(link)\" is the VPN network's \"link\"") }
    let mtu = optional(.mtu, .bytes(576, to: 65_535))
    if !has(.egress) {
      reportMissing(.egress, ": { \"from\": \"192.168.24.0/22\" }, the VPN network")
    }
    let egress = object(.egress, "object of egress") { $0.gatewayEgress() } ?? nil
    let vips = oneAFamily(.vips, .address, \.family) ?? []
    if !has(.health) {
      reportMissing(
        .health, ": \"probe.NAME\", a probe that goes through the tunnel (\"link\")")
    }
    let health = condition(.health)
    let isStrict = optional(.strict, .bool) ?? false
    let numbers = numbers()
    let forwards = forwards(vips)
    guard let link, let tunnel, let egress, let health else { return nil }

    var gateway = Gateway(link: link, tunnel: tunnel, egress: egress, health: health)
    gateway.mtu = mtu
    gateway.vips = vips
    gateway.forwards = forwards
    gateway.isStrict = isStrict
    gateway.numbers = numbers
    check(gateway)
    return isSound ? gateway : nil
  }

  private mutating func numbers() -> Gateway.Numbers {
    var numbers = Gateway.Numbers()
    if let table = optional(.table, .table(findings.names)) {
      if (253...255).contains(table.number) {
        report(.table, "must be a table of its own: \"\(table)\" is the kernel's")
      }
      numbers.table = table.number
    }
    // After the kernel's own table of local addresses, and before gluetun's first rule.
    numbers.priority =
      optional(.priority, .uint32(1, to: 97 - Gateway.Numbers.lastRule)) ?? numbers.priority
    return numbers
  }

  private mutating func forwards(_ vips: [IPAddress]) -> [Gateway.Forward] {
    var forwards: [Gateway.Forward] = []
    let count = each(.forwards, of: "forward") { (forward: inout ObjectReader<ForwardKey>, _) in
      if let forward = forward.forward(vips) { forwards.append(forward) }
    }
    if count == 0 { report(.forwards, "must not be empty") }
    return forwards
  }

  /// Finds mistakes that only all of it together can show.
  private mutating func check(_ gateway: Gateway) {
    let from = gateway.egress.from
    for vip in gateway.vips {
      if vip.isUnspecified || vip.isMulticast || vip.isLoopback {
        report(.vips, "\"\(vip)\" is \(vip.nature), by which nobody is reached")
      } else if !from.contains(where: { $0.family == vip.family }) {
        report(.vips, "\"from\" has no prefix of the family of \"\(vip)\"")
      }
    }
    if from.contains(where: { $0.family == .inet6 }), let mtu = gateway.mtu, mtu < 1280 {
      report(.mtu, "must be 1280 at least where \"from\" has IPv6, not \(mtu)")
    }
    var taken: [String: Int] = [:]
    for (index, forward) in gateway.forwards.enumerated() {
      for address in forward.to
      where !gateway.vips.contains(address) && !from.contains(where: { $0.contains(address) }) {
        report(
          .forwards, index, "\"\(address)\" isn't in the VPN network, which \"from\" states")
      }
      guard case .fixed(let ports) = forward.ports else { continue }
      for (port, proto) in ports.flatMap({ port in forward.protocols.map { (port, $0) } }) {
        let name = "\(proto.rawValue) port \(port)"
        if let other = taken.updateValue(index, forKey: name) {
          report(.forwards, index, "\(name) is forwarded by /gateway/forwards/\(other) already")
        }
      }
    }
  }
}

extension ObjectReader<GatewayEgressKey> {
  fileprivate mutating func gatewayEgress() -> Gateway.Egress? {
    if !has(.from) {
      reportMissing(.from, ": the VPN network, such as \"192.168.24.0/22\"")
    }
    var egress = Gateway.Egress(from: oneOrMore(.from, .network) ?? [])
    for prefix in egress.from where prefix.length == 0 {
      report(.from, "\"\(prefix)\" is every address, and answers would have nowhere to go")
    }
    if let except = oneOrMore(.except, ExceptForm(), mayBeEmpty: true) {
      egress.exceptsReserved = except.contains(nil)
      egress.except = except.compactMap(\.self)
    }
    egress.allow = oneOrMore(.allow, .selector, mayBeEmpty: true) ?? []
    return isSound ? egress : nil
  }
}

extension ObjectReader<ForwardKey> {
  fileprivate mutating func forward(_ vips: [IPAddress]) -> Gateway.Forward? {
    if !has(.ports) {
      reportMissing(
        .ports, ": the ports that the provider forwards, or \"probe.NAME\", which reads them")
    }
    guard let ports = ports() else { return nil }
    let to = oneAFamily(.to, .address, \.family) ?? vips
    if to.isEmpty, !has(.to) {
      reportMissing(.to, ": an address in the VPN network, unless the gateway has \"vips\"")
    }
    var forward = Gateway.Forward(ports, to: to)
    if let protocols = oneOrMore(.protocols, .ipvsProtocol) {
      forward.protocols = protocols
      if Set(protocols).count < protocols.count { report(.protocols, "has one twice") }
    }
    forward.toPorts = single(.toPorts) ?? []
    if case .fixed(let ports) = ports, has(.toPorts), !faults.contains(.toPorts),
      ports.count != forward.toPorts.count
    {
      report(
        .toPorts,
        "\"ports\" has \(ports.count), and \"to_ports\" \(forward.toPorts.count): the first leads to the first, and so on"
      )
    }
    return isSound ? forward : nil
  }

  private mutating func ports() -> Gateway.Forward.Ports? {
    guard let text = value(.ports)?.string, PortRange(text) == nil else {
      return single(.ports).map(Gateway.Forward.Ports.fixed)
    }
    guard let signal = Signal(text), signal.source == .probe else {
      report(
        .ports,
        "\(quoted(text)) is neither a port nor a probe that reads ports, such as \"probe.gluetun\"")
      return nil
    }
    findings.enter(.key(ForwardKey.ports.name))
    findings.note(signal)
    findings.leave()
    return .read(signal)
  }

  /// Ports one by one.
  private mutating func single(_ key: ForwardKey) -> [UInt16]? {
    guard let ranges = optional(key, PortsForm(range: 1...65_535)) else { return nil }
    let ports = ranges.flatMap { Array($0.first...$0.last) }
    if Set(ports).count != ports.count { report(key, "must not name a port twice") }
    if ports.count > 1024 { report(key, "\(ports.count) are too many: 1024 at most") }
    return ports
  }
}
