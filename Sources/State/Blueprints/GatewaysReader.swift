import Blueprints
internal import JSON
internal import Model

/// One group of gateways, or a list of groups with names.
enum GatewaysReader: BlueprintReader {
  typealias Read = Gateways
  static let source: Signal.Source? = .gateway

  static func read(_ file: inout ObjectReader<FileKey>, into contents: inout Contents) {
    let gateways = file.value(fileKey)?.elements == nil ? single(&file) : list(&file)
    contents.blueprints[Gateways.self] = gateways
    if gateways == nil, file.has(fileKey) {
      // The section couldn't be read: its probes may have any name.
      contents.probeNames = nil
      contents.gatewayNames = nil
    }
    for member in gateways?.members ?? [] {
      contents.probeNames?.formUnion(member.allProbes.map(\.name))
      contents.gatewayNames?.insert(member.name)
    }
  }

  private static func single(_ file: inout ObjectReader<FileKey>) -> Gateways? {
    file.object(fileKey, "section of gateways") {
      (section: inout ObjectReader<GatewaysKey>) -> Gateways? in
      section.refuse([.name]) { "\($0) is for groups in a list" }
      guard let group = section.group(isListed: false) else { return nil }
      var gateways = Gateways([group.group])
      gateways.isStrict = group.isStrict
      return section.isSound ? gateways : nil
    } ?? nil
  }

  private static func list(_ file: inout ObjectReader<FileKey>) -> Gateways? {
    var groups: [(group: Gateways.Group, isStrict: Bool)?] = []
    let count = file.each(fileKey, of: "group of gateways") {
      (section: inout ObjectReader<GatewaysKey>, _) in
      let previous = groups.last.map { $0?.group } ?? nil
      groups.append(section.group(isListed: true, after: previous))
    }
    let read = groups.compactMap(\.self)
    guard let count, count > 0, count <= Gateways.mostGroups else {
      if let count {
        file.report(
          fileKey,
          count == 0 ? "must not be empty" : "\(count) are too many: \(Gateways.mostGroups) at most"
        )
      }
      return nil
    }
    guard read.count == count else { return nil }
    var gateways = Gateways(read.map(\.group))
    gateways.isStrict = read.contains(where: \.isStrict)
    file.check(gateways.groups)
    return file.isSound ? gateways : nil
  }

  static func signals(_ check: CrossCheck) -> SignalNames? {
    check.contents.gatewayNames.map { SignalNames(noun: "gateway", declared: $0) }
  }

  static func check(_ check: CrossCheck) {
    guard let gateways = check.contents.blueprints[Gateways.self] else { return }
    let own = Set(check.contents[Address.self].items.map(\.address.address))
    let probes = Set(check.contents.probes.map(\.name))
    var testers: [String: String] = [:]
    for (index, group) in gateways.groups.enumerated() {
      let section = [Pointer.Component.key(key)] + (group.name == nil ? [] : [.index(index)])
      for member in group.members {
        for address in member.addresses where own.contains(address) {
          check.findings.report(
            at: Pointer(section + [.key("members")]),
            "\"\(address)\" of \"\(member.name)\" is this machine's own address")
        }
        for probe in member.allProbes where probes.contains(probe.name) {
          check.findings.report(
            at: Pointer([.key("probes"), .key(probe.name)]),
            "the probe of the gateway \"\(member.name)\" has this name already")
        }
        for probe in member.allProbes {
          guard let other = testers.updateValue(member.name, forKey: probe.name) else { continue }
          check.findings.report(
            at: Pointer(section + [.key("members")]),
            "\"\(other)\" and \"\(member.name)\" would both have a probe \"\(probe.name)\": "
              + "call one of them otherwise")
        }
      }
    }
  }
}

extension ObjectReader<FileKey> {
  /// Finds mistakes that only several groups together can show.
  fileprivate mutating func check(_ groups: [Gateways.Group]) {
    let key = GatewaysReader.fileKey
    var owners: [String: String] = [:]
    func take(_ thing: String, _ group: Gateways.Group) -> String? {
      defer { owners[thing] = owners[thing] ?? group.name! }
      return owners[thing]
    }
    for (index, group) in groups.enumerated() {
      if take("group \(group.name!)", group) != nil {
        report(key, index, "the name \"\(group.name!)\" is another group's already")
        continue
      }
      for prefix in Set(group.egress.from).sorted() {
        guard let owner = take("clients \(prefix)", group) else { continue }
        report(
          key, index,
          "\"\(prefix)\" is in \"from\" of \"\(owner)\" too: a client has one group, that of the "
            + "narrowest network it is in")
      }
      for member in group.members {
        if let owner = take("member \(member.name)", group), owner != group.name {
          report(key, index, "the name \"\(member.name)\" is a gateway's of \"\(owner)\" already")
        }
        for vip in member.vips {
          guard let owner = take("vip \(vip)", group), owner != group.name else { continue }
          report(key, index, "\"\(vip)\" is a vip of \"\(owner)\" already")
        }
      }
      for other in groups[..<index] { check(group, at: index, beside: other) }
    }
  }

  private mutating func check(
    _ group: Gateways.Group, at index: Int, beside other: Gateways.Group
  ) {
    let key = GatewaysReader.fileKey
    let name = other.name!
    if group.reservedMarks.overlaps(other.reservedMarks) {
      let (own, others) = (group.reservedMarks, other.reservedMarks)
      report(
        key, index,
        "its marks, \"\(Mark(own.lowerBound))\" to \"\(Mark(own.upperBound))\", overlap those of "
          + "\"\(name)\", \"\(Mark(others.lowerBound))\" to \"\(Mark(others.upperBound))\": state "
          + "another \"mark\" in \"return\"")
    }
    if group.reservedTables.overlaps(other.reservedTables) {
      let (own, others) = (group.reservedTables, other.reservedTables)
      report(
        key, index,
        "its tables, \(own.lowerBound) to \(own.upperBound), overlap those of \"\(name)\", "
          + "\(others.lowerBound) to \(others.upperBound): state another \"table\" in \"return\"")
    }
    let (own, others) = (group.egress, other.egress)
    if own.exceptsReserved != others.exceptsReserved || Set(own.except) != Set(others.except) {
      report(
        key, index, "\"except\" must be as in \"\(name)\": the router closes it to all its clients")
    }
    if case .ecmp(let multipath) = own.balance, case .ecmp(let otherMultipath) = others.balance,
      multipath.fields != otherMultipath.fields || own.seed != others.seed
    {
      report(
        key, index,
        "\"policy\", \"fields\" and \"seed\" must be as in \"\(name)\": the kernel has one of each")
    }
  }
}
