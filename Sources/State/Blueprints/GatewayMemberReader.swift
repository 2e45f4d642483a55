import Blueprints
internal import JSON
internal import Model

/// A member, and what of it must wait for the rest of its group.
struct ReadMember {
  var member: Gateways.Member
  /// Nil: the group's.
  var tests: GatewayProbes?
  /// In the list of members; nil: there is none.
  var position: Int?
}

extension ObjectReader<GatewaysKey> {
  /// `prefix` is for those without a name.
  mutating func list(_ prefix: String) -> [ReadMember]? {
    var members: [ReadMember] = []
    var isWhole = true
    let count = each(.members, of: "gateway") { (member: inout ObjectReader<GatewayKey>, index) in
      guard let read = member.members(prefix, from: members.count) else {
        isWhole = false
        return
      }
      members += read.map { ReadMember(member: $0.member, tests: $0.tests, position: index) }
    }
    guard let count else { return nil }
    if count == 0 || members.count > 64 || count > 64 {
      report(
        .members,
        count == 0 ? "must not be empty" : "\(max(count, members.count)) are too many: 64 at most")
      return nil
    }
    return isWhole ? members : nil
  }

  mutating func ranges(_ prefix: String) -> [ReadMember]? {
    if let value = value(.members), value.members == nil {
      report(.members, Mismatch(value, mustBe: "an array or an object of ranges").message)
      return nil
    }
    let members =
      object(.members, "range of gateways") { (ranges: inout ObjectReader<GatewayRangesKey>) in
        ranges.members(prefix)
      } ?? nil
    return members?.map { ReadMember(member: $0) }
  }
}

extension ObjectReader<GatewayKey> {
  /// Members without a name get the names of ranges: `gw0`, `gw1`, counted from `position`; several with
  /// one have a number behind it.
  fileprivate mutating func members(
    _ prefix: String, from position: Int
  ) -> [(member: Gateways.Member, tests: GatewayProbes?)]? {
    let name = optional(.name, gatewayNameForm)
    let host = optional(.host, hostNameForm)
    if has(.host) {
      refuse([.addresses]) { "\($0) can't stand beside \"host\", whose addresses are followed" }
    } else if !has(.addresses) {
      reportMissing(.addresses, ", or a \"host\" that has them")
    }
    let addresses = oneAFamily(.addresses, .addressRange, \.family) ?? []
    let vips = oneAFamily(.vips, .addressRange, \.family) ?? []
    let weight: UInt16 = optional(.weight, .uint16(0, to: 100)) ?? 1
    let mtu = optional(.mtu, .bytes(576, to: 65_535))
    let tests = gatewayProbes(.probe, .probes)
    let when = when()
    for (key, list) in [(GatewayKey.addresses, addresses), (.vips, vips)] {
      if let wrong = list.flatMap(\.addresses).first(where: \.isLoopback) {
        report(key, "\"\(wrong)\" is \(wrong.nature), by which nobody is reached")
      }
    }
    let first = host ?? addresses.first?.description
    let count = host == nil ? addresses.first?.count ?? 1 : 1
    for (key, ranges) in [(GatewayKey.addresses, addresses), (.vips, vips)] {
      for range in ranges {
        if range.count > 64 {
          report(key, "\"\(range)\" has \(range.count) addresses: 64 at most")
        } else if let first, range.count != count {
          report(key, "\"\(range)\" has \(range.count) addresses, and \"\(first)\" has \(count)")
        }
      }
    }
    if host == nil,
      let vip = vips.first(where: { vip in !addresses.contains { $0.family == vip.family } })
    {
      report(.vips, "\"\(vip)\" is of a family of which the gateway has no address")
    }
    guard isSound else { return nil }
    return (0..<count).map { index in
      let own = name.map { count == 1 ? $0 : "\($0)\(index)" } ?? "\(prefix)gw\(position + index)"
      var member = Gateways.Member(own, addresses.map { $0.first.advanced(index) })
      member.host = host
      member.vips = vips.map { $0.first.advanced(index) }
      member.weight = weight
      member.mtu = mtu
      member.when = when
      return (member, tests)
    }
  }
}

extension ObjectReader<GatewayRangesKey> {
  fileprivate mutating func members(_ prefix: String) -> [Gateways.Member]? {
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
      var member = Gateways.Member(
        "\(prefix)gw\(index)", addresses!.map { $0.first.advanced(index) })
      member.vips = vips.map { $0.first.advanced(index) }
      return member
    }
  }
}

/// A gateway's name, and so its signal's and that of its only probe.
private let gatewayNameForm = TextForm.name(of: "probe", most: 63)

private let hostNameForm = TextForm<String>(
  what: "a host's name such as \"gw0.example.org\""
) { text throws(Mismatch) in
  if IPAddress(text) != nil {
    throw Mismatch("\(quoted(text)) is an address: state it under \"addresses\"")
  }
  return try TextForm<String>.domainName.parse(text)
}
