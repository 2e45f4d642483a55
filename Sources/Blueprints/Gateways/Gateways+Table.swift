public import Model
import Nftables

/// What packets of the VPN network pass, hook by hook. The order and the reasons are the
/// prototype's (README, "Gateways"): answers to egress flows don't pass the router, so conntrack
/// sees only half of each.
extension Gateways {
  static let tableName = "vpngw"
  /// The table that holds all of this.
  public static let tableID = NftablesTable.ID(.inet, tableName)

  func table(_ used: [Bool]) -> Nftables.Table {
    var table = Nftables.Table(family: .inet, name: Self.tableName)
    table.sets = sets(used)
    table.objects = dropCounters
    table.chains = steering + [source] + balancing(used) + asking() + [input, forward, output]
    if hasVIPs { table.chains.append(answer) }
    table.chains.append(leave)
    return table
  }

  // MARK: - Sets

  private func sets(_ used: [Bool]) -> [Nftables.NamedSet] {
    var sets = [
      Nftables.NamedSet(
        name: "up", key: .types(["mark"]),
        elements: members.indices.filter { used[$0] }.map { Nftables.Element(markNumber($0)) })
    ]
    if links.count > 1 {
      sets.insert(
        Nftables.NamedSet(
          name: "vpn_if", key: .types(["ifname"]),
          elements: links.map { Nftables.Element(.symbol($0.text)) }), at: 0)
    }
    for family in Family.allCases {
      let named = [("from", egress.from), ("others", others(family))]
      for (name, prefixes) in named {
        let merged = prefixes.merged(family)
        if merged.isEmpty || name == "from" && merged.count == 1 { continue }
        sets.append(
          Nftables.NamedSet(
            name: family.named(name), key: .types([family.addressType]), flags: [.interval],
            elements: merged.map { Nftables.Element($0.expression) }))
      }
      if !closed.merged(family).isEmpty {
        sets.append(
          Nftables.NamedSet(
            name: family.named("open"), key: .types([family.addressType]), flags: [.interval],
            elements: closed.gaps(family).map { first, last in
              let (first, last) = (first.description, last.description)
              return Nftables.Element(
                first == last ? .symbol(first) : .range(.symbol(first), .symbol(last)))
            }))
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
    return sets + pinSets()
  }

  /// What never goes to a gateway: the reserved ranges, the exceptions, and the VPN network itself.
  private var closed: [Prefix] {
    (egress.exceptsReserved ? ReservedRanges.all : []) + egress.except + egress.from
      + members.flatMap { $0.addresses + $0.vips }.map { Prefix($0) }
  }

  /// nft 1.0.6 has no `type` for the result of a hash, and fails on `typeof jhash`.
  func numbered(_ name: String, modulus: UInt32) -> Nftables.NamedSet {
    Nftables.NamedSet(
      name: name, key: .expressions([.numgen(mode: .inc, modulus: modulus, offset: 0)]),
      data: .value(.expressions([.mark])))
  }

  private func markNumber(_ index: Int) -> Nftables.Expression { .number(UInt64(mark(index))) }

  var isPinning: Bool { if case .ecmp = egress.balance { false } else { true } }

  /// `ct mark 0x1900-0x1907`
  var hasMark: Nftables.Expression {
    marks.count == 1
      ? .number(UInt64(marks.lowerBound))
      : .range(.number(UInt64(marks.lowerBound)), .number(UInt64(marks.upperBound)))
  }

  // MARK: - What is compared: one of anything without a set, which costs several times as much

  /// The VPN network's links.
  var vpn: Nftables.Expression {
    links.count == 1 ? .symbol(link.text) : .reference("vpn_if")
  }

  func from(_ family: Family) -> Nftables.Expression {
    let merged = egress.from.merged(family)
    return merged.count == 1 ? merged[0].expression : .reference(family.named("from"))
  }

  var notFromVPN: Nftables.Statement { .match(.notEqual, .meta("iifname"), vpn) }
  private var isFromVPN: Nftables.Statement { .match(.equal, .meta("iifname"), vpn) }

  // MARK: - Hooks

  /// Outgoing packets aren't tracked: half a flow would create entries that never see an answer.
  /// Conntrack has reassembled fragments before all of this; the rules that mention conntrack make
  /// sure that it is loaded.
  private var steering: [Nftables.Chain] {
    guard hasVIPs else {
      return [
        .hooked(
          "steer", .filter, .prerouting, -300,
          inside + [[.notrack]] + outside),
        // After conntrack, which recognises the answers to the router's own questions.
        .hooked(
          "within", .filter, .prerouting, -150,
          [[notFromVPN, .verdict(.return)]] + fromClients + [
            isAnswered, [.verdict(.goto("source"))],
          ]),
      ]
    }
    // Whether anything but a first segment answers a remote client, only conntrack can tell.
    let isOutside = Nftables.Expression.number(UInt64(numbers.mark + Numbers.outside))
    return [
      .hooked(
        "raw", .filter, .prerouting, -300,
        inside + [[.mangle(.mark, isOutside)]] + untrackedDatagrams()
          + [[.isFirstSegment, .notrack]]),
      .hooked(
        "steer", .filter, .prerouting, -150,
        [
          [.match(.equal, .mark, isOutside), .verdict(.goto("outside"))],
          [notFromVPN, .verdict(.return)],
        ]
          // A client pod that asks a VIP directly is answered within the VPN network.
          + fromClients + [[.match(.equal, .ctMark, hasMark), .verdict(.return)]]
          + vipFamilies.map { family in
            [
              // Also for a flow that was opened while this table was absent or had other marks.
              .ctState("new", "established", "related"),
              .mangle(.ctMark, .map(key: family.daddr, data: .reference(family.named("ingress")))),
              .verdict(.return),
            ]
          } + [[.verdict(.goto("source"))]]),
      .called(
        "outside",
        [[.isReply, .match(.equal, .ctMark, hasMark), .mangle(.mark, .ctMark), .verdict(.return)]]
          + unknownSegments() + outside),
    ]
  }

  /// Rules that let packets return which aren't from the VPN network, or stay within it. While a table
  /// is being replaced, Linux runs the rules for a moment before it finds a set's ranges (4 packets each time under load): a
  /// set of closed ranges would then let packets out, while a set of open ranges keeps them in.
  private var inside: [[Nftables.Statement]] {
    [[notFromVPN, .verdict(.return)]]
      + closedFamilies.map {
        [.match(.notEqual, $0.daddr, .reference($0.named("open"))), .verdict(.return)]
      }
  }

  /// Answers to the router's own question that carry a gateway's mark (a probe through its tunnel).
  /// Their source may be any address, and only the mark tells them apart from a client pod's forged
  /// packets.
  private var isAnswered: [Nftables.Statement] {
    [.isReply, .match(.equal, .ctMark, hasMark), .verdict(.return)]
  }

  private var fromClients: [[Nftables.Statement]] {
    fromFamilies.map { [.match(.equal, $0.saddr, from($0)), .verdict(.return)] }
  }

  /// Outgoing packets. An error about a flow could leave by any exit except the flow's, since its
  /// addresses aren't those that the flow was hashed by.
  private var outside: [[Nftables.Statement]] {
    leavingFamilies.flatMap { [[isError($0), .count(.clientError), .verdict(.drop)], leaves($0)] }
      + [[.verdict(.goto("source"))]]
  }

  private func isError(_ family: Family) -> Nftables.Statement {
    .match(.equal, .payload(protocol: family.icmp, field: "type"), family.icmpErrors)
  }

  private func leaves(_ family: Family) -> [Nftables.Statement] {
    [.match(.equal, family.saddr, from(family)), .verdict(.goto("leaving"))]
  }

  /// The first of two locks, beside the rules: packets of the VPN network stay on its links.
  private var forward: Nftables.Chain {
    var rules: [[Nftables.Statement]] = [
      [isFromVPN, .match(.notEqual, .meta("oifname"), vpn), .count(.otherLink), .verdict(.drop)]
    ]
    if isStrict { rules.append([notFromVPN, .count(.strict), .verdict(.drop)]) }
    if let mtu {
      for family in families {
        // The kernel only ever lowers the MSS. The flags alone show that most segments need
        // nothing.
        rules.append([
          .match(.equal, .flags(["syn", "rst"]), .symbol("syn")), isFromVPN, family.isIt,
          .mangle(
            .option(.tcp, name: "maxseg", field: "size"), .number(UInt64(mtu - family.headers))),
        ])
      }
    }
    return .hooked("forward", .filter, .forward, 0, rules)
  }

  /// What the router itself sends about a remote client's flow (a reset, an error) goes the same
  /// way.
  private var answer: Nftables.Chain {
    .hooked(
      "answer", .route, .output, -150,
      [[.isReply, .match(.equal, .ctMark, hasMark), .mangle(.mark, .ctMark)]])
  }

  /// The last check: no packet leaves by another link if it came from the VPN network, has an
  /// address of it, or was meant for a gateway. It follows source NAT, which must not hide the
  /// address. A packet to a client pod counts too, since an ICMP error quotes the pod's packet, for
  /// instance while the link is about to regain its address.
  private var leave: Nftables.Chain {
    var rules: [[Nftables.Statement]] = [
      [.match(.equal, .meta("oifname"), vpn), .verdict(.return)],
      [.match(.equal, .meta("oifname"), .symbol("lo")), .verdict(.return)],
    ]
    var leaks = [isFromVPN]
    for family in fromFamilies {
      leaks.append(.match(.equal, family.saddr, from(family)))
      leaks.append(.match(.equal, family.daddr, from(family)))
    }
    for family in Family.allCases where !others(family).isEmpty {
      leaks.append(.match(family.saddr, in: family.named("others")))
      leaks.append(.match(family.daddr, in: family.named("others")))
    }
    leaks += [.match(.equal, .mark, steered), .match(.equal, .ctMark, steered)]
    let drops = leaks.map { [$0, .count(.leak), .verdict(.drop)] }
    // Their source may be an address of the VPN network, but the reason is a different one.
    rules += drops.prefix(1) + reassemblyErrors + drops.dropFirst()
    return .hooked("leave", .filter, .postrouting, 110, rules)
  }

  /// Any of our marks.
  private var steered: Nftables.Expression {
    .range(.number(UInt64(reservedMarks.lowerBound)), .number(UInt64(reservedMarks.upperBound)))
  }

  var fromFamilies: [Family] {
    Family.allCases.filter { !egress.from.merged($0).isEmpty }
  }
  private var closedFamilies: [Family] {
    Family.allCases.filter { !closed.merged($0).isEmpty }
  }
  private var vipFamilies: [Family] {
    Family.allCases.filter { family in members.contains { $0.vips.contains { $0.family == family } }
    }
  }
  /// The families that have both clients and gateways.
  var leavingFamilies: [Family] { fromFamilies.filter(families.contains) }
}
