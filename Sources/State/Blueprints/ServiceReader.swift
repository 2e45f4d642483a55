import Blueprints
internal import JSON
internal import Model

enum ServicesReader: BlueprintReader {
  typealias Read = Services
  static let source: Signal.Source? = .service

  /// Read after the gateways, since services may use their VIPs.
  static func read(_ file: inout ObjectReader<FileKey>, into contents: inout Contents) {
    var services: [Service] = []
    var isSound = true
    let groups = contents.blueprints[Gateways.self]?.groups ?? []
    var names: Set<String> = []
    file.eachNamed(fileKey, serviceNameForm) { findings, name, value in
      names.insert(name)
      var reader = ObjectReader<ServiceKey>(findings, "service")
      if reader.open(value), let service = reader.service(named: name, groups) {
        services.append(service)
      } else {
        isSound = false
      }
    }
    // The probes of a service that couldn't be read may have any name.
    if !isSound || file.has(fileKey) && file.value(fileKey)?.members == nil {
      contents.probeNames = nil
    }
    contents.serviceNames =
      file.has(fileKey) && file.value(fileKey)?.members == nil ? nil : names
    if services.isEmpty { return }
    let read = Services(services)
    contents.blueprints[Services.self] = read
    contents.probeNames?.formUnion(read.probes.map(\.name))
  }

  static func signals(_ check: CrossCheck) -> SignalNames? {
    check.contents.serviceNames.map { SignalNames(noun: "service", declared: $0) }
  }

  static func check(_ check: CrossCheck) {
    if let services = check.contents.blueprints[Services.self] { check.check(services) }
  }
}

extension ObjectReader<ServiceKey> {
  fileprivate mutating func service(
    named name: String, _ groups: [Gateways.Group]
  ) -> Service? {
    let balancer = optional(.balancer, balancerForm) ?? .ipvs
    if balancer == .nft {
      refuse(ServiceKey.ipvsOnly) { "\($0) is IPVS's: \"balancer\": \"nft\" has nothing of it" }
    }
    var service = Service(name, servers: [])
    service.balancer = balancer
    readFronts(&service, groups)
    service.servers = servers() ?? []
    readBalance(&service)
    readFailure(&service)
    check(service)
    guard isSound, !service.servers.isEmpty else { return nil }
    service.probes = probes(service)
    return isSound ? service : nil
  }

  // MARK: - What is in front

  private mutating func readFronts(_ service: inout Service, _ groups: [Gateways.Group]) {
    if has(.marks) {
      refuse(ServiceKey.addressed) {
        "\($0) can't stand beside \"marks\": a service is of marks or of addresses"
      }
      let marks = unique(.marks, oneOrMore(.marks, .mark)) ?? []
      service.marks = marks.map(\.bits)
      for mark in marks where mark.mask != .max {
        report(.marks, "\"\(mark)\" must have no mask: IPVS knows whole marks")
      }
      if service.marks.contains(0) { report(.marks, "\"0x0\" is what packets without a mark have") }
      service.family = optional(.family, .family)
      return
    }
    refuse([.family]) { "\($0) is for services by \"marks\": addresses tell it" }
    if !has(.vips), !has(.aliases) {
      reportMissing(.vips, ": addresses, or \"gateways\" for those of the gateways' members")
    }
    if let word = value(.vips)?.string, word == "gateways" || word.hasPrefix("gateways.") {
      service.vips = gatewayVIPs(word, groups)
    } else {
      service.vips = addresses(.vips)
    }
    service.aliases = addresses(.aliases)
    if let alias = service.aliases.first(where: service.vips.contains) {
      report(.aliases, "\"\(alias)\" is in \"vips\" already")
    }
    let lowest: UInt16 = has(.persistence) ? 0 : 1
    if let ranges = required(.ports, PortsForm(range: lowest...65_535)) {
      service.ports = ranges.flatMap { Array($0.first...$0.last) }
      if Set(service.ports).count != service.ports.count {
        report(.ports, "must not name a port twice")
      }
    }
    if !has(.protocols) {
      reportMissing(.protocols, ": a list of \"tcp\", \"udp\" and \"sctp\"")
    }
    service.protocols = unique(.protocols, oneOrMore(.protocols, .ipvsProtocol)) ?? []
  }

  /// `gateways`, or `gateways.NAME` of one group among several.
  private mutating func gatewayVIPs(_ word: String, _ groups: [Gateways.Group]) -> [IPAddress] {
    let names = groups.compactMap(\.name)
    let name = word == "gateways" ? nil : String(word.dropFirst("gateways.".count))
    if name == nil, groups.count > 1 {
      let words = names.map { quoted("gateways.\($0)") }
      report(.vips, "there are several groups of gateways: write \(Spelling.list(words, "or"))")
      return []
    }
    guard let group = groups.first(where: { name == nil || $0.name == name }) else {
      if let name, !groups.isEmpty {
        let nearest = Spelling.nearest(to: name, among: names)
        report(
          .vips,
          "there is no group \(quoted(name)) in \"gateways\""
            + (nearest.map { "; did you mean \"gateways.\($0)\"?" } ?? ""))
      } else {
        report(.vips, "there is no section \"gateways\" whose members have \"vips\"")
      }
      return []
    }
    let vips = group.members.flatMap(\.vips)
    if vips.isEmpty {
      report(
        .vips,
        name == nil
          ? "there is no section \"gateways\" whose members have \"vips\""
          : "no gateway of \(quoted(name!)) has \"vips\"")
    }
    return vips
  }

  private mutating func addresses(_ key: ServiceKey) -> [IPAddress] {
    guard let ranges = oneOrMore(key, .addressRange) else { return [] }
    let addresses = ranges.flatMap(\.addresses)
    if addresses.count > AddressRange.mostAddresses {
      report(key, "has more than \(AddressRange.mostAddresses) addresses")
      return []
    }
    return unique(key, addresses) ?? []
  }

  private mutating func unique<Element: Hashable>(
    _ key: ServiceKey, _ elements: [Element]?
  ) -> [Element]? {
    var seen: Set<Element> = []
    for element in elements ?? [] where !seen.insert(element).inserted {
      report(key, "has \"\(element)\" twice")
    }
    return elements
  }

  // MARK: - What is behind

  private mutating func servers() -> [Service.Server]? {
    if !has(.servers) { reportMissing(.servers, ": addresses such as \"192.168.27.0/28\"") }
    guard let value = value(.servers) else { return nil }
    guard let elements = value.elements else {
      return optional(.servers, .addressRange)?.addresses.map { Service.Server($0) }
    }
    if elements.isEmpty { report(.servers, "must not be empty") }
    var servers: [Service.Server] = []
    var reader = ObjectReader<ServerKey>(findings, "server")
    findings.enter(.key(ServiceKey.servers.name))
    var isWhole = true
    for index in elements.indices {
      findings.enter(.index(index))
      if elements[index].kind == .object {
        if reader.open(elements[index]) { servers += reader.servers() }
        isWhole = isWhole && reader.isSound
      } else {
        do throws(Mismatch) {
          servers += try AddressRangeForm().read(elements[index]).addresses.map {
            Service.Server($0)
          }
        } catch {
          findings.report(error.message)
          isWhole = false
        }
      }
      findings.leave()
    }
    findings.leave()
    guard isWhole else {
      spoil(.servers)
      return nil
    }
    return servers
  }

  // MARK: - How they share

  private mutating func readBalance(_ service: inout Service) {
    service.scheduler = optional(.scheduler, .scheduler) ?? service.scheduler
    if faults.contains(.scheduler) { return }
    if has(.flags) {
      let found = elements(.flags, SchedulerFlagForm(scheduler: service.scheduler)) ?? []
      let flags = found.compactMap(\.self)
      service.flags = Set(unique(.flags, flags) ?? [])
      if service.flags.contains(.ops), !has(.marks), service.protocols != [.udp] {
        report(.flags, "\"ops\" is for UDP alone: other protocols' packets don't stand alone")
      }
    } else if !IPVSService.schedulersWithNamedFlags.contains(service.scheduler) {
      // The default flags belong to schedulers that have them.
      service.flags = []
    }
    let family =
      service.family ?? service.vips.first?.family ?? service.servers.first?.address.family
    service.persistence =
      object(.persistence, "persistence") { (object: inout ObjectReader<IPVSPersistenceKey>) in
        object.persistence(family)
      } ?? nil
    service.forwarding = forwarding(.forwarding, .tunnel) ?? .masquerade
  }

  // MARK: - When they fail

  private mutating func readFailure(_ service: inout Service) {
    service.quorum = optional(.quorum, .uint32(1, to: 1_000_000)) ?? 1
    service.hysteresis = optional(.hysteresis, .uint32(0, to: 1_000_000)) ?? 0
    if service.hysteresis >= service.quorum, service.hysteresis > 0, !faults.contains(.quorum) {
      report(
        .hysteresis, "must be less than the quorum, \(service.quorum), not \(service.hysteresis)")
    }
    service.sorry = sorry()
    if has(.onNone) {
      let word = optional(.onNone, onNoneForm)
      switch word {
      case .some(.none) where !has(.sorry):
        reportMissing(.sorry, ", which \"on_none\" names")
      case .some(.some) where has(.sorry):
        report(.onNone, "must be \"sorry\", or left out, beside a \"sorry\" server")
      case .some(.some(let refusal)): service.onNone = refusal
      default: break
      }
    }
    let range = Duration.zero ... .seconds(86_400)
    service.drain =
      (optional(.drain, .duration(range, step: .milliseconds(1))) ?? nil) ?? service.drain
    service.inhibit = optional(.inhibit, InhibitionForm()) ?? service.inhibit
  }

  private mutating func sorry() -> Service.Server? {
    guard has(.sorry) else { return nil }
    if value(.sorry)?.kind != .object {
      return optional(.sorry, .address).map { Service.Server($0) }
    }
    let servers: [Service.Server]? = object(.sorry, "sorry server") {
      (object: inout ObjectReader<ServerKey>) in
      object.refuse([.when, .drain]) { "\($0) is for real servers" }
      return object.servers()
    }
    guard let servers, let server = servers.first else { return nil }
    if servers.count > 1 { report(.sorry, "must be one server, not a range of \(servers.count)") }
    return server
  }
}

extension ObjectReader<ServerKey> {
  fileprivate mutating func servers() -> [Service.Server] {
    let range = required(.address, .addressRange)
    let port = optional(.port, .uint16(1, to: 65_535))
    let weight: UInt32 = optional(.weight, .uint32(0, to: 65_535)) ?? 1
    let isDrained = optional(.drain, .bool) ?? false
    let upper: UInt32 = optional(.upperThreshold, .uint32(0, to: 0x7fff_ffff)) ?? 0
    let lower: UInt32 = optional(.lowerThreshold, .uint32(0, to: 0x7fff_ffff)) ?? 0
    if lower > upper, faults.isDisjoint(with: [.upperThreshold, .lowerThreshold]) {
      report(.lowerThreshold, "must not be above \"upper_threshold\", \(upper), but is \(lower)")
    }
    let when = when()
    guard let range, isSound else { return [] }
    return range.addresses.map { address in
      var server = Service.Server(address, port: port)
      server.weight = weight
      server.isDrained = isDrained
      server.upperThreshold = upper
      server.lowerThreshold = lower
      server.when = when
      return server
    }
  }
}

/// A service's name: its probes' names begin with it, and its nftables maps' names contain it.
private let serviceNameForm = TextForm.name(of: "service", most: 48)

/// Ports and ranges of ports.
struct PortsForm: Form {
  let range: ClosedRange<UInt16>

  func read(_ value: JSON.Value) throws(Mismatch) -> [PortRange] {
    let form = PortRangeForm(range: range)
    guard let elements = value.elements else { return [try form.read(value)] }
    guard !elements.isEmpty else { throw Mismatch("must not be empty") }
    var list: [PortRange] = []
    for element in elements { list.append(try form.read(element)) }
    return list
  }
}

/// A duration, or whether to inhibit at all.
struct InhibitionForm: Form {
  func read(_ value: JSON.Value) throws(Mismatch) -> Inhibition {
    if let flag = value.bool { return flag ? .forever : .lasting(.zero) }
    guard value.string != nil else {
      throw Mismatch(value, mustBe: "a duration such as \"1s\", true or false")
    }
    let form = DurationForm(range: .zero ... .seconds(86_400), step: .milliseconds(1))
    return .lasting(try form.read(value) ?? .zero)
  }
}

private let balancerForm = WordForm(Service.Balancer.self, \.rawValue)
private let onNoneForm = WordForm<Service.OnNone?>([
  ("drop", .drop), ("reject", .reject), ("sorry", nil),
])
