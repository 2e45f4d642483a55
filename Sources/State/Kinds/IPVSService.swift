internal import JSON
internal import Model

enum IPVSKey: Int, ObjectKey {
  case services, timeouts, sync

  static let names = spelledNames()
  static let example = "{ \"services\": [...] }"
}

enum IPVSServiceKey: Int, ObjectKey {
  case address, port, `protocol`, mark, family, scheduler, flags, persistence, destinations, inhibit
  case adopt, when

  static let names = spelledNames()
  static let example = "{ \"address\": \"192.0.2.1\", \"port\": 53, \"protocol\": \"udp\" }"
}

enum IPVSPersistenceKey: Int, ObjectKey {
  case timeout, netmask, engine

  static let names = spelledNames()
  static let example = "{ \"timeout\": \"5m\" }"
}

/// The section holds three kinds.
enum IPVSSection: SectionReader {
  static let key = "ipvs"

  static func read(_ file: inout ObjectReader<FileKey>, into contents: inout Contents) {
    let _: Void? = file.object(fileKey, "ipvs section") { (section: inout ObjectReader<IPVSKey>) in
      section.ipvs(into: &contents)
    }
  }

  static func check(_ check: CrossCheck) {
    check.checkIdentities(of: IPVSService.self)
    check.checkLinks(of: IPVSDaemon.self) { [($0.link, "link")] }
    check.checkSynchronisation()
  }

  static func tree(_ state: NetworkState) -> Tree? {
    let services = trees(of: IPVSService.self, state)
    let timeouts = state.ipvsTimeouts.sorted { $0.state < $1.state }.map {
      ($0.state.rawValue, Tree($0.duration.value))
    }
    let daemons = state.ipvsDaemons.sorted { $0.role < $1.role }.map {
      ($0.role.rawValue, Tree($0.members.filter { $0.name != "role" }))
    }
    var parts: [(String, Tree)] = []
    if !services.isEmpty { parts.append(("services", .array(services))) }
    if !timeouts.isEmpty { parts.append(("timeouts", .object(timeouts))) }
    if !daemons.isEmpty { parts.append(("sync", .object(daemons))) }
    return parts.isEmpty ? nil : .object(parts)
  }
}

extension CrossCheck {
  /// A synchronisation message has room for one family for each connection (`ip_vs_sync.c`).
  fileprivate func checkSynchronisation() {
    let (daemons, services) = (contents[IPVSDaemon.self], contents[IPVSService.self])
    if daemons.items.isEmpty { return }
    for (position, service) in services.items.enumerated() {
      guard let other = service.destinations.first(where: { $0.address.family != service.family })
      else { continue }
      findings.report(
        at: daemons.pointer(0),
        "can't stand beside destination \(other.id) of \(services.pointer(position)), "
          + "which is of another family than its service: the kernel synchronises no such connections"
      )
      return
    }
  }
}

extension ObjectReader<IPVSKey> {
  fileprivate mutating func ipvs(into contents: inout Contents) {
    var services = Section<IPVSService>(IPVSSection.key, "services", count: count(.services))
    _ = each(.services, of: "service") { (object: inout ObjectReader<IPVSServiceKey>, index) in
      if let service = object.service() { services.append(service, at: .index(index)) }
    }
    contents[IPVSService.self] = services
    var timeouts = Section<IPVSTimeout>(IPVSSection.key, "timeouts")
    for timeout in object(.timeouts, "list of timeouts", { $0.timeouts() }) ?? [] {
      timeouts.append(Declared(timeout, when: nil), at: .key(timeout.state.rawValue))
    }
    contents[IPVSTimeout.self] = timeouts
    var daemons = Section<IPVSDaemon>(IPVSSection.key, "sync")
    for daemon in object(.sync, "synchronisation", { $0.daemons() }) ?? [] {
      daemons.append(daemon, at: .key(daemon.item.role.rawValue))
    }
    contents[IPVSDaemon.self] = daemons
  }
}

extension ObjectReader<IPVSServiceKey> {
  fileprivate mutating func service() -> Declared<IPVSService>? {
    let inhibit = optional(.inhibit, InhibitionForm())
    let match = match()
    let scheduler = required(.scheduler, .scheduler)
    let family = match?.family
    let persistence: IPVSService.Persistence? = object(.persistence, "persistence") {
      $0.persistence(family)
    }
    let flags = flags(scheduler)
    var service = IPVSService(match ?? .mark(0, .inet), scheduler: scheduler ?? "none")
    service.flags = flags
    service.persistence = persistence
    service.isAdopted = optional(.adopt, .bool) ?? false
    if let match { check(match, flags) }
    let context = DestinationContext(match: match)
    let destinations = destinations(context)
    let when = when()
    guard match != nil else { return nil }
    service.destinations = destinations.map(\.destination)
    // In the order in which services sort their destinations.
    let conditions = destinations.sorted { $0.destination.id < $1.destination.id }.map(\.when)
    return Declared(service, when: when, members: conditions, inhibit: inhibit)
  }

  private mutating func destinations(
    _ context: DestinationContext
  ) -> [(destination: IPVSDestination, when: Condition?)] {
    var found: [(destination: IPVSDestination, when: Condition?)] = []
    _ = each(.destinations, of: "destination") {
      (object: inout ObjectReader<IPVSDestinationKey>, _) in
      if let destination = object.destination(context) { found.append(destination) }
    }
    return isUnique(found.map(\.destination)) ? found : []
  }

  private mutating func match() -> IPVSService.Match? {
    if has(.mark) {
      refuse([.address, .port, .protocol]) {
        "\($0) can't stand beside \"mark\": a service is of one or of the other"
      }
      let mark = optional(.mark, .mark)
      if let mark, mark.mask != .max || mark.bits == 0 {
        report(.mark, "must be a single mark from \"0x1\" to \"0xffffffff\", not \"\(mark)\"")
      }
      let family = required(
        .family, .family, ", \"inet\" or \"inet6\": a mark doesn't tell it")
      guard let mark, let family, !faults.contains(.mark) else { return nil }
      return .mark(mark.bits, family)
    }
    if !has(.address), !has(.port), !has(.protocol) {
      report("this service needs \"address\", \"port\" and \"protocol\", or \"mark\"")
      return nil
    }
    refuse([.family]) { "\($0) is for services by \"mark\": the address tells it" }
    let address = required(.address, .address, ", or \"mark\"")
    let port = required(.port, .uint16(0, to: 65535), "; 0 is every port")
    let `protocol` = required(.protocol, .ipvsProtocol, ", \"tcp\", \"udp\" or \"sctp\"")
    if let address, address.isUnspecified || address.isMulticast {
      report(.address, "\"\(address)\" is \(address.nature), which no service has")
    }
    guard let address, let port, let `protocol`, !faults.contains(.address) else { return nil }
    return .address(address, port: port, protocol: `protocol`)
  }

  /// Finds what ipvsadm refuses, though the kernel takes it.
  private mutating func check(_ match: IPVSService.Match, _ flags: Set<IPVSService.Flag>) {
    guard case .address(_, let port, let `protocol`) = match else { return }
    if port == 0, !has(.persistence) {
      report(.port, "0 is every port, which needs \"persistence\"; else state one port")
    }
    if flags.contains(.ops), `protocol` != .udp {
      report(.flags, "\"ops\" is for UDP: other protocols' packets don't stand alone")
    }
  }

  private mutating func flags(_ scheduler: String?) -> Set<IPVSService.Flag> {
    guard has(.flags) else { return [] }
    guard let scheduler else { return [] }
    var flags: Set<IPVSService.Flag> = []
    let found = elements(.flags, SchedulerFlagForm(scheduler: scheduler)) ?? []
    for (index, flag) in found.enumerated() {
      guard let flag, !flags.insert(flag).inserted else { continue }
      report(.flags, index, "\"\(flag.name(for: scheduler))\" is in the list already")
    }
    return flags
  }

  private mutating func isUnique(_ destinations: [IPVSDestination]) -> Bool {
    // With one left out, positions no longer match the file's indexes; that problem is reported already.
    guard !faults.contains(.destinations) else { return false }
    var seen: Set<IPVSDestination.ID> = []
    for (index, destination) in destinations.enumerated()
    where !seen.insert(destination.id).inserted {
      report(
        .destinations, index,
        "destination \(destination.id) is in the service already: give it a weight")
    }
    return !faults.contains(.destinations)
  }
}

extension ObjectReader<IPVSPersistenceKey> {
  mutating func persistence(_ family: Family?) -> IPVSService.Persistence? {
    let width = family?.width ?? 128
    let timeout = optional(.timeout, .ipvsTimeout) ?? nil
    let length = optional(.netmask, .uint8(1, to: width))
    let engine = optional(.engine, WordForm([("sip", "sip")]))
    guard isSound else { return nil }
    return IPVSService.Persistence(
      timeout: timeout ?? .seconds(300), prefixLength: Int(length ?? width), engine: engine)
  }
}

/// A flag by its name for the service's scheduler.
struct SchedulerFlagForm: Form {
  let scheduler: String

  func read(_ value: JSON.Value) throws(Mismatch) -> IPVSService.Flag {
    let form = WordForm(IPVSService.Flag.self) { $0.name(for: scheduler) }
    for other in ["mh", "sh"] where other != scheduler {
      guard let text = value.string, text.hasPrefix("\(other)-"),
        IPVSService.Flag.allCases.contains(where: { $0.name(for: other) == text })
      else { continue }
      throw Mismatch("\(quoted(text)) is for the scheduler \"\(other)\", not \"\(scheduler)\"")
    }
    return try form.read(value)
  }
}

extension Form where Self == WordForm<String> {
  static var scheduler: Self { schedulerForm }
}
extension Form where Self == WordForm<IPVSProtocol> {
  static var ipvsProtocol: Self { protocolForm }
}
extension Form where Self == DurationForm {
  /// In seconds; longer timeouts would overflow the kernel's count of ticks at 1000 Hz.
  static var ipvsTimeout: DurationForm {
    .duration(.seconds(1) ... .seconds(24 * 86_400), step: .seconds(1))
  }
}

private let schedulerForm = WordForm(IPVSService.schedulers.map { ($0, $0) })
private let protocolForm = WordForm(IPVSProtocol.self, \.rawValue)
