/// What packets of the VPN network meet, hook by hook. Order and reasons are the prototype's
/// (README, "Gateways"): answers to egress flows don't pass the router, so conntrack knows half of each.
extension Gateways {
  static let tableName = "vpngw"
  /// The table that holds it all.
  public static let tableID = NftablesTable.ID(.inet, tableName)

  func table(_ used: [Bool]) -> Nftables.Table {
    var table = Nftables.Table(family: .inet, name: Self.tableName)
    table.sets = sets(used)
    table.chains = [raw, steer] + balancing(used) + asking() + [forward]
    if hasVIPs { table.chains.append(answer) }
    table.chains.append(leave)
    return table
  }

  // MARK: - Sets

  private func sets(_ used: [Bool]) -> [Nftables.NamedSet] {
    var sets = [
      Nftables.NamedSet(
        name: "vpn_if", key: .types(["ifname"]),
        elements: links.map { Nftables.Element(.symbol($0.text)) }),
      Nftables.NamedSet(
        name: "up", key: .types(["mark"]),
        elements: members.indices.filter { used[$0] }.map { Nftables.Element(markNumber($0)) }),
    ]
    for family in Family.allCases {
      for (name, prefixes) in [("from", egress.from), ("closed", closed)] {
        let merged = prefixes.merged(family)
        if merged.isEmpty { continue }
        sets.append(
          Nftables.NamedSet(
            name: family.named(name), key: .types([family.addressType]), flags: [.interval],
            elements: merged.map { Nftables.Element($0.expression) }))
      }
      let vips = members.indices.flatMap { index in
        members[index].vips.filter { $0.family == family }.map { vip in
          Nftables.Element(.symbol(vip.description), data: markNumber(index))
        }
      }
      if vips.isEmpty { continue }
      sets.append(
        Nftables.NamedSet(
          name: family.named("ingress"), key: .types([family.addressType]),
          data: .value(.types(["mark"])), elements: vips))
    }
    sets += servedSets()
    if case .consistent(let buckets) = egress.balance {
      var map = numbered("egress", modulus: buckets)
      map.elements = (choices(buckets, used) ?? []).enumerated().map { bucket, index in
        Nftables.Element(.number(UInt64(bucket)), data: markNumber(index))
      }
      sets.append(map)
    }
    if isPinning {
      var pin = numbered("pin", modulus: .max)
      pin.flags = [.dynamic, .timeout]
      pin.timeout = 600_000
      pin.size = 262_144
      sets.append(pin)
    }
    return sets
  }

  /// Never by a gateway: the reserved ranges, what is excepted, and the VPN network itself.
  private var closed: [Prefix] {
    (egress.exceptsReserved ? ReservedRanges.all : []) + egress.except + egress.from
      + members.flatMap { $0.addresses + $0.vips }.map { Prefix($0) }
  }

  /// nft 1.0.6 takes no `type` for what a hash gives, and fails on `typeof jhash`.
  private func numbered(_ name: String, modulus: UInt32) -> Nftables.NamedSet {
    Nftables.NamedSet(
      name: name, key: .expressions([.numgen(mode: "inc", modulus: modulus, offset: 0)]),
      data: .value(.expressions([.mark])))
  }

  private func markNumber(_ index: Int) -> Nftables.Expression { .number(UInt64(mark(index))) }

  var isPinning: Bool { if case .ecmp = egress.balance { false } else { true } }

  /// `ct mark 0x1900-0x1907`
  private var hasMark: Nftables.Expression {
    marks.count == 1
      ? .number(UInt64(marks.lowerBound))
      : .range(.number(UInt64(marks.lowerBound)), .number(UInt64(marks.upperBound)))
  }

  // MARK: - Hooks

  /// Half a flow makes entries that never see an answer: what leaves needs none. A first segment
  /// is never an answer; the rest may be one to a remote client, as far as this chain can tell.
  private var raw: Nftables.Chain {
    var rules: [[Nftables.Statement]] = [[.notFromVPN, .verdict(.return)]]
    rules += closedFamilies.map { [.match($0.daddr, in: $0.named("closed")), .verdict(.return)] }
    rules += untrackedDatagrams()
    rules.append([hasVIPs ? .isFirstSegment : .isPorted, .notrack])
    return .hooked("raw", "filter", "prerouting", -300, rules)
  }

  private var steer: Nftables.Chain {
    var rules: [[Nftables.Statement]] = [[.notFromVPN, .verdict(.return)]]
    for family in vipFamilies {
      // A client pod that asks a VIP itself is answered within the VPN network.
      rules.append([
        .match(.notEqual, family.saddr, .reference(family.named("from"))), .ctState("new"),
        .mangle(.ctMark, .map(key: family.daddr, data: .reference(family.named("ingress")))),
      ])
    }
    rules += closedFamilies.map { [.match($0.daddr, in: $0.named("closed")), .verdict(.return)] }
    if hasVIPs {
      rules.append([
        .isReply, .match(.equal, .ctMark, hasMark), .mangle(.mark, .ctMark), .verdict(.return),
      ])
    }
    rules += unknownSegments()
    for family in leavingFamilies {
      // An error about a flow that conntrack doesn't know would leave by any exit but the flow's.
      rules.append([
        .match(.equal, .payload(protocol: family.icmp, field: "type"), family.icmpErrors),
        .ctState("invalid", "untracked"), .verdict(.drop),
      ])
      rules.append([.match(family.saddr, in: family.named("from")), .verdict(.goto("leaving"))])
    }
    return .hooked("steer", "filter", "prerouting", -150, rules)
  }

  /// The first of two locks, beside the rules: the VPN network's packets stay on its links.
  private var forward: Nftables.Chain {
    var rules: [[Nftables.Statement]] = [
      [
        .match(.meta("iifname"), in: "vpn_if"),
        .match(.notEqual, .meta("oifname"), .reference("vpn_if")), .count, .verdict(.drop),
      ]
    ]
    if let mtu {
      for family in families {
        // The kernel only ever lowers it.
        rules.append([
          .match(.meta("iifname"), in: "vpn_if"),
          family.isIt, .match(.equal, .flags(["syn", "rst"]), .symbol("syn")),
          .mangle(
            .option(.tcp, name: "maxseg", field: "size"), .number(UInt64(mtu - family.headers))),
        ])
      }
    }
    return .hooked("forward", "filter", "forward", 0, rules)
  }

  /// What the router itself says about a remote client's flow (a reset, an error) goes that way too.
  private var answer: Nftables.Chain {
    .hooked(
      "answer", "route", "output", -150,
      [[.isReply, .match(.equal, .ctMark, hasMark), .mangle(.mark, .ctMark)]])
  }

  /// The last look: by any other link nothing leaves that came from the VPN network, has an address
  /// of it, or was meant for a gateway. After source NAT, which must not hide it. What is for a
  /// client pod quotes its packets: an ICMP error, while the link is about to get its address back.
  private var leave: Nftables.Chain {
    var rules: [[Nftables.Statement]] = [
      [.match(.equal, .meta("oifname"), .symbol("lo")), .verdict(.return)],
      [.match(.meta("oifname"), in: "vpn_if"), .verdict(.return)],
    ]
    var leaks: [Nftables.Statement] = [.match(.meta("iifname"), in: "vpn_if")]
    for family in fromFamilies {
      leaks.append(.match(family.saddr, in: family.named("from")))
      leaks.append(.match(family.daddr, in: family.named("from")))
    }
    leaks += [.match(.equal, .mark, steered), .match(.equal, .ctMark, steered)]
    rules += leaks.map { [$0, .count, .verdict(.drop)] }
    return .hooked("leave", "filter", "postrouting", 110, rules)
  }

  /// Any mark of ours.
  private var steered: Nftables.Expression {
    .range(.number(UInt64(reservedMarks.lowerBound)), .number(UInt64(reservedMarks.upperBound)))
  }

  private var fromFamilies: [Family] {
    Family.allCases.filter { !egress.from.merged($0).isEmpty }
  }
  private var closedFamilies: [Family] {
    Family.allCases.filter { !closed.merged($0).isEmpty }
  }
  private var vipFamilies: [Family] {
    Family.allCases.filter { family in members.contains { $0.vips.contains { $0.family == family } }
    }
  }
  /// Those in which there is somebody to leave and a gateway to leave by.
  var leavingFamilies: [Family] { fromFamilies.filter(families.contains) }
}
