import JSON
import Model

/// What vpngw has made in IPVS, which keeps no mark, and the previous values of IPVS's timeouts.
struct RememberedIPVS: Remembered {
  /// By their titles; nil: an older version didn't record which destinations are ours.
  private var services: [String: Set<IPVSDestination.ID>?] = [:]
  private var daemons: Set<String> = []
  private var timeouts: [IPVSTimeout.State: Overwritten<Duration>] = [:]

  mutating func read(_ object: JSON.Value, refuse: (_ entry: String, _ reason: String) -> Void) {
    func texts(_ key: String) -> Set<String> {
      Set(object[key]?.elements?.compactMap(\.string) ?? [])
    }
    let destinations = object["destinations"]
    for service in texts("services") {
      services[service] = .some(
        destinations?[service]?.elements.map {
          Set($0.compactMap { $0.string.flatMap(IPVSDestination.ID.init(noted:)) })
        })
    }
    daemons = texts("sync")
    for state in IPVSTimeout.State.allCases {
      guard let entry = Overwritten<String>(object["timeouts"]?[state.rawValue]),
        let previous = Duration(text: entry.previous), let written = Duration(text: entry.written)
      else { continue }
      timeouts[state] = Overwritten(previous: previous, written: written)
    }
  }

  var tree: Tree {
    func list(_ texts: Set<String>) -> Tree { .array(texts.sorted().map(Tree.string)) }
    let entries = timeouts.sorted { $0.key < $1.key }.map { state, entry in
      let texts = Overwritten(previous: entry.previous.text, written: entry.written.text)
      return (state.rawValue, texts.tree)
    }
    let destinations = services.sorted { $0.key < $1.key }.compactMap { title, destinations in
      destinations.map { (title, list(Set($0.map(\.noted)))) }
    }
    return .object([
      ("services", list(Set(services.keys))), ("destinations", .object(destinations)),
      ("sync", list(daemons)), ("timeouts", .object(entries)),
    ])
  }

  var isEmpty: Bool { services.isEmpty && daemons.isEmpty && timeouts.isEmpty }

  /// Marks what is ours.
  func annotate(_ observed: inout NetworkState) {
    for index in observed.ipvsServices.indices {
      let service = observed.ipvsServices[index]
      guard let ours = services[service.id.description] else {
        observed.ipvsServices[index].isOwned = false
        continue
      }
      observed.ipvsServices[index].isOwned = true
      guard let ours else { continue }
      observed.ipvsServices[index].foreignDestinations = Set(
        service.destinations.lazy.map(\.id).filter { !ours.contains($0) })
    }
    for index in observed.ipvsDaemons.indices {
      let role = observed.ipvsDaemons[index].role
      observed.ipvsDaemons[index].isOwned = daemons.contains(role.rawValue)
    }
    for index in observed.ipvsTimeouts.indices {
      let timeout = observed.ipvsTimeouts[index]
      if let previous = timeouts[timeout.state]?.previous(of: timeout.duration) {
        observed.ipvsTimeouts[index].previous = previous
      }
    }
  }

  /// Records what is about to be done; false if there is nothing new to record.
  mutating func remember(_ change: Change) -> Bool {
    if change.verb == .delete { return false }
    if let service = change.object.as(IPVSService.self) {
      return !service.isAdopted && remember(service, change.observed?.as(IPVSService.self))
    }
    if let daemon = change.object.as(IPVSDaemon.self) {
      return daemons.insert(daemon.role.rawValue).inserted
    }
    guard let timeout = change.object.as(IPVSTimeout.self),
      let present = change.observed?.as(IPVSTimeout.self)
    else { return false }
    timeouts[timeout.state] = Overwritten(
      timeout.duration, over: present.duration, after: timeouts[timeout.state])
    return true
  }

  private mutating func remember(_ service: IPVSService, _ observed: IPVSService?) -> Bool {
    let title = service.id.description
    let present = observed?.destinations ?? []
    let wanted = Set(service.destinations.map(\.id))
    guard let before = services[title] else {
      services[title] = wanted
      return true
    }
    var ours = before ?? Set(present.map(\.id))
    ours.formUnion(wanted)
    // Removed ones stay recorded, up to a limit, so that nothing is written when one comes back.
    if ours.count > 2 * (wanted.count + present.count) + 64 {
      ours.formIntersection(wanted.union(present.map(\.id)))
    }
    services[title] = ours
    return ours != before
  }

  /// Forgets what is gone, since somebody else may make it anew, and values that are as they were
  /// before us; false if there is nothing to forget.
  mutating func forget(given present: NetworkState) -> Bool {
    let before = (services.count, daemons.count, timeouts.count)
    let there = Set(present.ipvsServices.map(\.id.description))
    services = services.filter { there.contains($0.key) }
    daemons.formIntersection(present.ipvsDaemons.map(\.role.rawValue))
    for timeout in present.ipvsTimeouts
    where timeouts[timeout.state]?.previous == timeout.duration {
      timeouts[timeout.state] = nil
    }
    return before != (services.count, daemons.count, timeouts.count)
  }
}

extension IPVSDestination.ID {
  /// `10.0.0.1 80`, as the file has it.
  fileprivate var noted: String { "\(address) \(port)" }

  fileprivate init?(noted text: String) {
    let words = text.split(separator: " ")
    guard words.count == 2, let address = IPAddress(String(words[0])), let port = UInt16(words[1])
    else { return nil }
    self = IPVSDestination(address, port: port).id
  }
}
