import Blueprints
internal import JSON
internal import Model

extension CrossCheck {
  /// What services expand to must not be stated by others, or by the file itself.
  func check(_ services: Services) {
    var owners: [IPVSService.Match: Pointer] = [:]
    let section = contents[IPVSService.self]
    for (position, service) in section.items.enumerated() {
      owners[service.match] = section.pointer(position)
    }
    for service in services.list {
      let pointer = Pointer([.key("services"), .key(service.name)])
      for match in service.matches {
        guard let owner = owners.updateValue(pointer, forKey: match) else { continue }
        findings.report(at: pointer, "\(IPVSService.ID(match)) is \(owner)'s already")
        break
      }
      for alias in service.aliases
      where contents[Address.self].items.contains(where: { $0.address.address == alias }) {
        findings.report(
          at: pointer, "the alias \"\(alias)\" is in \"addresses\": make it one of \"vips\"")
      }
    }
    // One pass over the names: each is a probe's, and perhaps another probe's too.
    var names = Dictionary(
      contents.probes.map { ($0.name, "probes") }, uniquingKeysWith: { first, _ in first })
    for other in contents.blueprints where !(other is Services) {
      for probe in other.probes { names[probe.name] = type(of: other).section }
    }
    for probe in services.probes {
      guard let owner = names.updateValue("services", forKey: probe.name) else { continue }
      findings.report(
        at: Pointer([.key("services")]),
        "the probe of a server, \"\(probe.name)\", is called as one of \"\(owner)\"")
    }
  }
}
