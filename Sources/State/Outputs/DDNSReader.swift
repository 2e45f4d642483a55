internal import DDNS
internal import JSON
internal import Model

enum DDNSSection: SectionReader {
  static let key = "ddns"

  static func read(_ file: inout ObjectReader<FileKey>, into contents: inout Contents) {
    file.eachNamed(fileKey) { findings, name, value in
      do throws(Mismatch) {
        _ = try publicationNameForm.parse(name)
      } catch {
        findings.report(error.message, part: .key)
      }
      var reader = ObjectReader<DDNSKey>(findings, "record")
      guard reader.open(value), let publication = reader.publication(named: name), reader.isSound
      else { return }
      contents.outputs.append(publication)
    }
  }

  static func check(_ check: CrossCheck) {
    let publications = check.contents.outputs[Publication.self]
    for (position, publication) in publications.enumerated() {
      let pointer = Pointer([.key(key), .key(publication.key)])
      if let other = publications[..<position].first(where: {
        $0.name == publication.name && $0.provider == publication.provider
          && !$0.types.isDisjoint(with: publication.types)
      }) {
        check.findings.report(
          at: pointer,
          "\(quoted(other.key)) publishes \(publication.name) already: the two would undo each other"
        )
      }
      guard case .gateways(let group)? = publication.source else { continue }
      let members = check.contents.blueprints.flatMap(\.publicMembers)
      if members.isEmpty {
        check.findings.report(
          at: pointer,
          "there are no \"gateways\" whose addresses could be published: state \"from\", such as "
            + "[\"probe.gw0\"], or \"addresses\"")
        continue
      }
      let groups = members.map(\.group).reduce(into: [String]()) { groups, group in
        if let group, !groups.contains(group) { groups.append(group) }
      }
      let choice = Spelling.list(groups.map { quoted("gateways.\($0)") }, "or")
      let from = Pointer([.key(key), .key(publication.key), .key(DDNSKey.from.name)])
      if let group, !groups.contains(group) {
        check.findings.report(
          at: from,
          "there is no group of gateways \(quoted(group)): write "
            + (groups.isEmpty ? quoted("gateways") : choice))
      } else if group == nil, groups.count > 1 {
        check.findings.report(
          at: pointer, "there are several groups of gateways: write \"from\": \(choice)")
      }
    }
  }
}

extension ObjectReader<DDNSKey> {
  fileprivate mutating func publication(named key: String) -> Publication? {
    let name = required(.name, recordNameForm, ", such as \"vpn.example.org\"")
    let records = records()
    if !has(.provider) { reportMissing(.provider, ": \(DDNSProviderKey.example)") }
    let settings = object(.provider, "provider") {
      (object: inout ObjectReader<DDNSProviderKey>) in object.settings(for: name)
    }
    let when = when()
    let source = source()
    let addresses = list(.addresses) ?? []
    guard let name, let records, let settings else { return nil }
    var publication = Publication(key, name, records, provider: settings)
    publication.source = source
    publication.addresses = addresses
    publication.when = when
    if source == nil, !has(.from), addresses.isEmpty { publication.source = .gateways(group: nil) }
    readTimes(&publication)
    readTTL(&publication)
    publication.most = optional(.most, .uint16(1, to: 1000)).map(Int.init)
    readEmpty(&publication)
    check(publication)
    return publication
  }

  // MARK: - Whose addresses

  private mutating func source() -> Publication.Source? {
    guard let value = value(.from) else { return nil }
    if let text = value.string {
      if text == "gateways" { return .gateways(group: nil) }
      if text.hasPrefix("gateways.") {
        return .gateways(group: String(text.dropFirst("gateways.".count)))
      }
    }
    guard value.elements != nil else {
      report(
        .from,
        Mismatch(value, mustBe: "\"gateways\", or a list of probes such as [\"probe.gw0\"]").message
      )
      return nil
    }
    guard let read = elements(.from, probeSignalForm) else { return nil }
    if read.isEmpty { report(.from, "must not be empty") }
    for (index, signal) in read.enumerated() {
      guard let signal else { continue }
      findings.enter(.key(DDNSKey.from.name))
      findings.enter(.index(index))
      findings.note(signal)
      findings.leave()
      findings.leave()
      if read[..<index].contains(signal) { report(.from, index, "\"\(signal)\" is there already") }
    }
    return .probes(read.compactMap(\.self))
  }

  /// Addresses that the internet may reach, each once.
  private mutating func list(_ key: DDNSKey) -> [IPAddress]? {
    guard has(key), let read = elements(key, .address) else { return nil }
    if read.isEmpty { report(key, "must not be empty") }
    for case (let index, let address?) in read.enumerated() {
      if !address.canBePublished {
        report(key, index, "\"\(address)\" is no address that others can reach")
      } else if read[..<index].contains(address) {
        report(key, index, "\"\(address)\" is there already")
      }
    }
    return read.compactMap(\.self)
  }

  // MARK: - How

  private mutating func readTimes(_ publication: inout Publication) {
    func duration(_ key: DDNSKey, _ least: Duration, _ most: Duration) -> Duration? {
      optional(key, .duration(least...most, step: .milliseconds(1))) ?? nil
    }
    let day = Duration.seconds(86_400)
    publication.check = duration(.check, .seconds(1), day) ?? publication.check
    publication.refresh = duration(.refresh, .seconds(60), day * 365)
    publication.pause = duration(.minInterval, .zero, day) ?? publication.pause
    publication.retry = duration(.retry, .milliseconds(100), .seconds(300)) ?? publication.retry
    publication.timeout =
      duration(.timeout, .milliseconds(100), .seconds(600)) ?? publication.timeout
  }

  private mutating func readTTL(_ publication: inout Publication) {
    let limits = publication.limits
    guard let ttls = limits.ttls else {
      refuse([.ttl]) { "\($0) is \(publication.provider.type)'s own choice: leave it out" }
      return
    }
    let range = Duration.seconds(Int64(ttls.lowerBound)) ... .seconds(Int64(ttls.upperBound))
    let stated = optional(.ttl, .duration(range, step: .seconds(1))) ?? nil
    publication.ttl =
      stated.map { UInt32($0.components.seconds) } ?? min(max(60, ttls.lowerBound), ttls.upperBound)
  }

  private mutating func readEmpty(_ publication: inout Publication) {
    guard let value = value(.empty) else { return }
    if value.elements != nil {
      guard let fallback = list(.empty) else { return }
      publication.empty = .fallback(fallback)
      if case .addresses(let types) = publication.records {
        for (index, address) in fallback.enumerated()
        where !types.contains(RecordValue.address(address).type) {
          report(
            .empty, index,
            "\"\(address)\" needs \"type\": \"\(RecordValue.address(address).type.rawValue)\"")
        }
      } else {
        report(.empty, "a fallback is for addresses: write \"keep\" or \"remove\"")
      }
      return
    }
    if value.string == "keep" {
      publication.empty = .keep
    } else if value.string == "remove" {
      publication.empty = .remove
      if !publication.limits.canRemove {
        report(
          .empty,
          "\(publication.provider.type) can't remove a record: write \"keep\" or a list of addresses"
        )
      }
    } else {
      report(
        .empty,
        Mismatch(value, mustBe: "\"keep\", \"remove\" or a list of addresses").message)
    }
  }

  /// What several keys say together.
  private mutating func check(_ publication: Publication) {
    let (limits, type) = (publication.limits, publication.provider.type)
    for record in publication.types.subtracting(limits.types).sorted() {
      report(
        has(.type) ? .type : .provider,
        "\(type) holds \(Spelling.list(limits.types.sorted().map(\.rawValue), "and")) records, not "
          + record.rawValue)
    }
    if case .addresses(let types) = publication.records {
      for (index, address) in publication.addresses.enumerated()
      where !types.contains(RecordValue.address(address).type) {
        report(
          .addresses, index,
          "\"\(address)\" needs \"type\": \"\(RecordValue.address(address).type.rawValue)\"")
      }
    } else if !publication.addresses.isEmpty {
      refuse(.addresses, "\"addresses\" are for A and AAAA records")
    }
    if let most = publication.most, let limit = limits.most, most > limit {
      report(
        .most, "\(type) holds \(limit) record\(limit == 1 ? "" : "s") of a name and type at most")
    }
    if publication.pause < limits.interval, has(.minInterval) {
      report(.minInterval, "\(type) asks for at least \"\(limits.interval.text)\" between writes")
    }
  }
}

private let publicationNameForm = TextForm.name(of: "record", most: 63)

private let probeSignalForm = TextForm<Signal>(
  what: "a probe such as \"probe.gw0\""
) { text throws(Mismatch) in
  guard let signal = Signal(text), signal.source == .probe else {
    throw Mismatch("\(quoted(text)) is no probe; write one such as \"probe.gw0\"")
  }
  return signal
}
