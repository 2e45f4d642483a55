import Blueprints
internal import JSON
internal import Model

extension ObjectReader<GatewaysKey> {
  /// One group of a list, after another one, or the only group.
  mutating func group(
    isListed: Bool, after previous: Gateways.Group? = nil
  ) -> (group: Gateways.Group, isStrict: Bool)? {
    let name = isListed ? required(.name, groupNameForm) : nil
    let link = required(.link, .link, ": the link of the VPN network")
    let clientLinks = clientLinks(besides: link)
    let mtu = optional(.mtu, .bytes(576, to: 65_535))
    if !has(.members) {
      reportMissing(
        .members, ": a list, or ranges such as { \"addresses\": \"192.168.25.128/29\" }")
    }
    let prefix = name.map { $0 + "." } ?? ""
    let members = value(.members)?.elements == nil ? ranges(prefix) : list(prefix)
    let tests = gatewayProbes(.probe, .probes) ?? .usual
    if !has(.egress) {
      reportMissing(.egress, ": { \"from\": \"192.168.24.0/22\" }, the client pods' network")
    }
    let egress = object(.egress, "object of egress") { $0.egress() } ?? nil
    let numbers = numbers(after: previous?.numbers)
    let isStrict = optional(.strict, .bool) ?? false
    guard let link, let members, let egress, !members.isEmpty, name != nil || !isListed
    else { return nil }

    var group = Gateways.Group(name, link: link, members: members.map(\.member), egress: egress)
    group.clientLinks = clientLinks
    group.mtu = mtu
    group.numbers = numbers
    complete(&group, members, tests)
    check(group, members.map(\.position))
    return isSound ? (group, isStrict) : nil
  }

  private mutating func numbers(after previous: Gateways.Numbers?) -> Gateways.Numbers {
    let usual = previous?.following ?? Gateways.Numbers()
    let read = object(.return, "object of return") { $0.numbers(usual) } ?? usual
    guard let previous else { return read }
    let last = Gateways.Numbers.lastTable
    if read.table == usual.table, (253 - min(last, 253)...255).contains(read.table) {
      report(
        .return,
        "needs a \"table\": those after the group before, \(previous.table) to "
          + "\(previous.table + last), reach the kernel's, 253 to 255")
    }
    if read.mark < previous.mark, read.mark == usual.mark {
      report(.return, "needs a \"mark\": there are none after the group before")
    }
    return read
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

  private mutating func complete(
    _ group: inout Gateways.Group, _ members: [ReadMember], _ tests: GatewayProbes
  ) {
    var isSaid = false
    for (index, member) in members.enumerated() {
      let mark = group.numbers.mark &+ UInt32(index)
      let problem = (member.tests ?? tests).complete(&group.members[index], mark: mark)
      guard let problem else { continue }
      if member.tests != nil {
        complain(member.position, problem)
      } else if !isSaid {
        report(has(.probe) || !has(.probes) ? .probe : .probes, problem)
        isSaid = true
      }
    }
  }

  /// Finds mistakes that only all members together can show.
  private mutating func check(_ group: Gateways.Group, _ positions: [Int?]) {
    let members = group.members
    var owners: [IPAddress: String] = [:]
    var names: Set<String> = []
    // A host's families aren't known.
    let first = members.first { $0.host == nil }
    for (index, member) in members.enumerated() {
      if !names.insert(member.name).inserted {
        complain(positions[index], "the name \"\(member.name)\" is another gateway's already")
      }
      for (address, noun) in member.addresses.map({ ($0, "address") })
        + member.vips.map({ ($0, "vip") })
      {
        if let owner = owners.updateValue("\(noun) of \"\(member.name)\"", forKey: address) {
          complain(positions[index], "\"\(address)\" is the \(owner) already")
        }
      }
      guard member.host == nil, let first else { continue }
      for (list, words) in [(\Gateways.Member.addresses, "addresses"), (\.vips, "vips")] {
        let (own, first) = (
          member[keyPath: list].map(\.family), first[keyPath: list].map(\.family)
        )
        if Set(own) != Set(first) {
          complain(
            positions[index], "every gateway needs \(words) of the same families as the first")
        }
      }
    }
    if members.allSatisfy({ $0.weight == 0 }) {
      report(.members, "with a weight of 0 all, nobody takes new flows: leave it out")
    }
    if let active = group.egress.active, active > members.count {
      report(.egress, "\"active\" is \(active), and there are \(members.count) gateways")
    }
    let families = Set((first ?? members[0]).addresses.map(\.family))
    let hasHosts = members.contains { $0.host != nil }
    for family in families.sorted() {
      if !group.egress.from.contains(where: { $0.family == family }) {
        report(
          .egress,
          "\"from\" has no prefix of family \(family.rawValue), of which gateways have addresses")
      }
    }
    checkMTU(group, positions)
    if case .ecmp(let multipath) = group.egress.balance, multipath.slots != nil,
      families.contains(.inet6)
        || hasHosts && group.egress.from.contains(where: { $0.family == .inet6 })
    {
      report(
        .egress,
        "\"slots\" is for gateways with IPv4 alone: the kernel refuses an IPv6 route that names a gateway twice"
      )
    }
  }

  /// Reports at the member, if it has a place of its own.
  private mutating func complain(_ position: Int?, _ message: String) {
    if let position {
      report(.members, position, message)
    } else {
      report(.members, message)
    }
  }

  private mutating func checkMTU(_ group: Gateways.Group, _ positions: [Int?]) {
    guard group.egress.from.contains(where: { $0.family == .inet6 }) else { return }
    for (index, member) in group.members.enumerated()
    where member.host != nil || member.addresses.contains(where: { $0.family == .inet6 }) {
      func sentence(_ mtu: UInt32) -> String {
        "must be 1280 at least where gateways have IPv6 addresses, not \(mtu)"
      }
      if let mtu = member.mtu, mtu < 1280 { complain(positions[index], "\"mtu\" \(sentence(mtu))") }
      if let mtu = group.mtu, mtu < 1280, !faults.contains(.mtu) { report(.mtu, sentence(mtu)) }
    }
  }
}

/// A group's name: names of its sets and chains end with it, and names of its gateways begin with it.
private let groupNameForm = TextForm.name(of: "group", most: 31)
