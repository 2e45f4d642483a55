import Blueprints
internal import JSON
internal import Model

enum GatewaysReader: BlueprintReader {
  typealias Read = Gateways

  static func read(_ file: inout ObjectReader<FileKey>, into contents: inout Contents) {
    let gateways = file.object(fileKey, "section of gateways") { $0.gateways() }
    contents.blueprints[Gateways.self] = gateways
    if gateways == nil, file.has(fileKey) {
      // The section couldn't be read: its probes may have any name.
      contents.probeNames = nil
    }
    for member in gateways?.members ?? [] { contents.probeNames?.insert(member.name) }
  }

  static func check(_ check: CrossCheck) {
    guard let gateways = check.contents.blueprints[Gateways.self] else { return }
    let members = Pointer([.key("gateways"), .key("members")])
    let own = Set(check.contents[Address.self].items.map(\.address.address))
    for member in gateways.members {
      for address in member.addresses where own.contains(address) {
        check.findings.report(
          at: members, "\"\(address)\" of \"\(member.name)\" is this machine's own address")
      }
      if check.contents.probes.contains(where: { $0.name == member.name }) {
        check.findings.report(
          at: Pointer([.key("probes"), .key(member.name)]),
          "the probe of the gateway \"\(member.name)\" has this name already")
      }
    }
  }
}

extension ObjectReader<GatewaysKey> {
  fileprivate mutating func gateways() -> Gateways? {
    let link = required(.link, .link, ": the link of the VPN network")
    let clientLinks = clientLinks(besides: link)
    let mtu = optional(.mtu, .bytes(576, to: 65_535))
    if !has(.members) {
      reportMissing(
        .members, ": a list, or ranges such as { \"addresses\": \"192.168.25.128/29\" }")
    }
    let members = value(.members)?.elements == nil ? ranges() : list()
    let template = object(.probe, "probe") { $0.probeTemplate() }
    if !has(.egress) {
      reportMissing(.egress, ": { \"from\": \"192.168.24.0/22\" }, the client pods' network")
    }
    let egress = object(.egress, "object of egress") { $0.egress() } ?? nil
    let numbers = object(.return, "object of return") { $0.numbers() } ?? Gateways.Numbers()
    let isStrict = optional(.strict, .bool) ?? false
    guard let link, let members, let egress, !members.isEmpty else { return nil }

    var gateways = Gateways(link: link, members: members, egress: egress)
    gateways.clientLinks = clientLinks
    gateways.mtu = mtu
    gateways.numbers = numbers
    gateways.isStrict = isStrict
    if let template { gateways.probes = probes(template, members) }
    askAddressesThroughTunnels(&gateways)
    check(gateways)
    return isSound ? gateways : nil
  }

  /// `vip_links` is the key's former name.
  private mutating func clientLinks(besides link: LinkName?) -> [LinkName] {
    if has(.clientLinks) {
      refuse([.vipLinks]) { "\($0) is the old name of \"client_links\": state that alone" }
    }
    let key = has(.clientLinks) ? GatewaysKey.clientLinks : .vipLinks
    let links = oneOrMore(key, .link) ?? []
    if let link, links.contains(link) {
      report(key, "\"\(link)\" is the \"link\" already: leave it out")
    }
    for (index, name) in links.enumerated() where links[..<index].contains(name) {
      report(key, index, "\"\(name)\" is stated twice")
    }
    return links
  }

  private mutating func list() -> [Gateways.Member]? {
    var members: [Gateways.Member?] = []
    let count = each(.members, of: "gateway") { (member: inout ObjectReader<GatewayKey>, index) in
      members.append(member.member(index))
    }
    guard let count else { return nil }
    if !(1...64).contains(count) {
      report(.members, count == 0 ? "must not be empty" : "\(count) are too many: 64 at most")
      return nil
    }
    let sound = members.compactMap(\.self)
    return sound.count == count ? sound : nil
  }

  private mutating func ranges() -> [Gateways.Member]? {
    if let value = value(.members), value.members == nil {
      report(.members, Mismatch(value, mustBe: "an array or an object of ranges").message)
      return nil
    }
    return object(.members, "range of gateways") { (ranges: inout ObjectReader<GatewayRangesKey>) in
      ranges.members()
    } ?? nil
  }

  private mutating func probes(
    _ template: ProbeTemplate, _ members: [Gateways.Member]
  ) -> [Probe] {
    let probes = members.compactMap { member in
      member.addresses.first { template.family == nil || $0.family == template.family }.map {
        template.probe(named: member.name, at: $0)
      }
    }
    if probes.count < members.count {
      report(.probe, "its \"source\" is of a family of which not every gateway has an address")
    }
    return probes
  }

  /// A gateway's public address is the one that its own tunnel's packets have.
  private mutating func askAddressesThroughTunnels(_ gateways: inout Gateways) {
    for (index, member) in gateways.members.enumerated() where index < gateways.probes.count {
      gateways.probes[index].askAddresses(with: Mark(gateways.numbers.mark + UInt32(index)))
      let families = member.addresses.map(\.family)
      if let source = gateways.probes[index].addressSources.first(where: {
        $0.isAsked && !families.contains($0.family)
      }) {
        report(
          .probe,
          "\"public_address\" asks for one of \"\(source.family.rawValue)\", of which "
            + "\"\(member.name)\" has no address to be reached by")
        return
      }
    }
  }

  /// Finds mistakes that only all members together can show.
  private mutating func check(_ gateways: Gateways) {
    let members = gateways.members
    var owners: [IPAddress: String] = [:]
    var names: Set<String> = []
    for (index, member) in members.enumerated() {
      if !names.insert(member.name).inserted {
        complain(index, "the name \"\(member.name)\" is another gateway's already")
      }
      for (address, noun) in member.addresses.map({ ($0, "address") })
        + member.vips.map({ ($0, "vip") })
      {
        if let owner = owners.updateValue("\(noun) of \"\(member.name)\"", forKey: address) {
          complain(index, "\"\(address)\" is the \(owner) already")
        }
      }
      for (list, words) in [(\Gateways.Member.addresses, "addresses"), (\.vips, "vips")] {
        let (own, first) = (
          member[keyPath: list].map(\.family), members[0][keyPath: list].map(\.family)
        )
        if Set(own) != Set(first) {
          complain(index, "every gateway needs \(words) of the same families as the first")
        }
      }
    }
    if members.allSatisfy({ $0.weight == 0 }) {
      report(.members, "with a weight of 0 all, nobody takes new flows: leave it out")
    }
    for family in Family.allCases
    where members[0].addresses.contains(where: { $0.family == family }) {
      if !gateways.egress.from.contains(where: { $0.family == family }) {
        report(
          .egress,
          "\"from\" has no prefix of family \(family.rawValue), of which gateways have addresses")
      }
      if family == .inet6, let mtu = gateways.mtu, mtu < 1280 {
        report(.mtu, "must be 1280 at least where gateways have IPv6 addresses, not \(mtu)")
      }
    }
    if case .ecmp(let multipath) = gateways.egress.balance, multipath.slots != nil,
      members[0].addresses.contains(where: { $0.family == .inet6 })
    {
      report(
        .egress,
        "\"slots\" is for gateways with IPv4 alone: the kernel refuses an IPv6 route that names a gateway twice"
      )
    }
  }

  /// Reports at the member, if it has a place of its own.
  private mutating func complain(_ index: Int, _ message: String) {
    if value(.members)?.elements == nil {
      report(.members, message)
    } else {
      report(.members, index, message)
    }
  }
}

extension ObjectReader<GatewayKey> {
  /// Members without a name get the names of ranges: `gw0`, `gw1`.
  fileprivate mutating func member(_ index: Int) -> Gateways.Member? {
    let name = has(.name) ? optional(.name, probeNameForm) : "gw\(index)"
    if !has(.addresses) { reportMissing(.addresses) }
    let addresses = oneAFamily(.addresses, .address, \.family)
    let vips = oneAFamily(.vips, .address, \.family) ?? []
    let weight: UInt16 = optional(.weight, .uint16(0, to: 100)) ?? 1
    guard let name, let addresses else { return nil }
    for (key, list) in [(GatewayKey.addresses, addresses), (.vips, vips)] {
      if let wrong = list.first(where: { $0.isUnspecified || $0.isMulticast || $0.isLoopback }) {
        report(key, "\"\(wrong)\" is \(wrong.nature), by which nobody is reached")
      }
    }
    if let vip = vips.first(where: { vip in !addresses.contains { $0.family == vip.family } }) {
      report(.vips, "\"\(vip)\" is of a family of which the gateway has no address")
    }
    var member = Gateways.Member(name, addresses)
    member.vips = vips
    member.weight = weight
    return isSound ? member : nil
  }
}

extension ObjectReader<GatewayRangesKey> {
  fileprivate mutating func members() -> [Gateways.Member]? {
    if !has(.addresses) { reportMissing(.addresses) }
    let addresses = oneAFamily(.addresses, .addressRange, \.family)
    let vips = oneAFamily(.vips, .addressRange, \.family) ?? []
    guard isSound, let first = addresses?.first else { return nil }
    let count = first.count
    for (key, ranges) in [(GatewayRangesKey.addresses, addresses ?? []), (.vips, vips)] {
      for range in ranges where range.count > 64 || range.count != count {
        report(
          key,
          "\"\(range)\" has \(range.count) addresses"
            + (range.count > 64 ? ": 64 at most" : ", and \"\(first)\" has \(count)"))
      }
    }
    if let vip = vips.first(where: { vip in !addresses!.contains { $0.family == vip.family } }) {
      report(.vips, "\"\(vip)\" is of a family of which the gateways have no addresses")
    }
    guard isSound else { return nil }
    return (0..<count).map { index in
      var member = Gateways.Member("gw\(index)", addresses!.map { $0.first.advanced(index) })
      member.vips = vips.map { $0.first.advanced(index) }
      return member
    }
  }
}
