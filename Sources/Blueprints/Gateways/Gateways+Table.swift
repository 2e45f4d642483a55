public import Model
import Nftables

/// What packets of the VPN network pass, hook by hook; docs/gateways.md gives the reasons. Answers
/// to egress flows don't pass the router, so conntrack sees only half of each.
extension Gateways {
  static let tableName = "vpngw"
  /// The set of the gateways that carry new flows: a sticky group learns from it, after a restart
  /// too, which to prefer. No rule looks anything up there.
  static let leadingSet = "leading"
  /// The table that holds all of this.
  public static let tableID = NftablesTable.ID(.inet, tableName)

  func table(_ uses: [Use]) -> Nftables.Table {
    var table = Nftables.Table(family: .inet, name: Self.tableName)
    table.sets = sets(uses)
    table.objects = dropCounters
    table.chains =
      steering + [source] + zip(groups, uses).flatMap { $0.balancing($1) } + asking()
      + [input, forward, output]
    if hasVIPs { table.chains.append(answer) }
    table.chains.append(leave)
    return table
  }

  // MARK: - Sets

  private func sets(_ uses: [Use]) -> [Nftables.NamedSet] {
    var sets = zip(groups, uses).flatMap { $0.useSets($1) }
    if links.count > 1 {
      sets.insert(
        Nftables.NamedSet(
          name: "vpn_if", key: .types(["ifname"]),
          elements: links.map { Nftables.Element(.symbol($0.text)) }), at: 0)
    }
    for family in Family.allCases {
      let named = [("from", from), ("others", others(family))]
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
      let vips = groups.flatMap { group in
        group.members.indices.flatMap { index in
          group.members[index].vips.filter { $0.family == family }.map { vip in
            Nftables.Element(.symbol(vip.description), data: .number(group.markNumber(index)))
          }
        }
      }
      if vips.isEmpty { continue }
      sets.append(
        Nftables.NamedSet(
          name: family.named("ingress"), key: .types([family.addressType]),
          data: .value(.types(["mark"])), elements: vips))
    }
    sets += servedSets()
    return sets + zip(groups, uses).flatMap { $0.flowSets($1) }
  }

  /// What never goes to a gateway: the reserved ranges, the exceptions, and the VPN network itself.
  private var closed: [Prefix] {
    // The same in all groups: the ranges are the router's.
    let egress = groups[0].egress
    return (egress.exceptsReserved ? ReservedRanges.all : []) + egress.except + from
      + members.flatMap { $0.addresses + $0.vips }.map { Prefix($0) }
  }

  /// `ct mark 0x1900-0x1907`, of each group.
  var hasMarks: [Nftables.Expression] { groups.map { .marks($0.marks) } }

  // MARK: - What is compared: one of anything without a set, which costs several times as much

  /// The VPN network's links.
  var vpn: Nftables.Expression {
    links.count == 1 ? .symbol(links[0].text) : .reference("vpn_if")
  }

  func from(_ family: Family) -> Nftables.Expression {
    let merged = from.merged(family)
    return merged.count == 1 ? merged[0].expression : .reference(family.named("from"))
  }

  var notFromVPN: Nftables.Statement { .match(.notEqual, .meta("iifname"), vpn) }
  var isFromVPN: Nftables.Statement { .match(.equal, .meta("iifname"), vpn) }

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
          [[notFromVPN, .verdict(.return)]] + fromClients + isAnswered + [
            [.verdict(.goto("source"))]
          ]),
      ]
    }
    // Whether anything but a first segment answers a remote client, only conntrack can tell.
    return [
      .hooked(
        "raw", .filter, .prerouting, -300,
        inside + [[.mangle(.mark, outsideMark)]] + untrackedDatagrams()
          + [[.isFirstSegment, .notrack]]),
      .hooked(
        "steer", .filter, .prerouting, -150,
        [
          [.match(.equal, .mark, outsideMark), .verdict(.goto("outside"))],
          [notFromVPN, .verdict(.return)],
        ]
          // A client pod that asks a VIP directly is answered within the VPN network.
          + fromClients + hasMarks.map { [.match(.equal, .ctMark, $0), .verdict(.return)] }
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
        hasMarks.map {
          [.isReply, .match(.equal, .ctMark, $0), .mangle(.mark, .ctMark), .verdict(.return)]
        } + unknownSegments() + outside),
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
  private var isAnswered: [[Nftables.Statement]] {
    hasMarks.map { [.isReply, .match(.equal, .ctMark, $0), .verdict(.return)] }
  }

  private var fromClients: [[Nftables.Statement]] {
    fromFamilies.map { [.match(.equal, $0.saddr, from($0)), .verdict(.return)] }
  }

  /// Outgoing packets. An error about a flow could leave by any exit except the flow's, since its
  /// addresses aren't those that the flow was hashed by.
  private var outside: [[Nftables.Statement]] {
    leavingFamilies.flatMap { family in
      [[isError(family), .count(.clientError), .verdict(.drop)]]
        + byClient(family) { $0.leavingFamilies.contains(family) ? $0.own("leaving") : "source" }
    } + [[.verdict(.goto("source"))]]
  }

  private func isError(_ family: Family) -> Nftables.Statement {
    .match(.equal, .payload(protocol: family.icmp, field: "type"), family.icmpErrors)
  }

  /// The first of two locks, beside the rules: packets of the VPN network stay on its links.
  private var forward: Nftables.Chain {
    var rules: [[Nftables.Statement]] = [
      [isFromVPN, .match(.notEqual, .meta("oifname"), vpn), .count(.otherLink), .verdict(.drop)]
    ]
    if isStrict { rules.append([notFromVPN, .count(.strict), .verdict(.drop)]) }
    rules += clamping
    return .hooked("forward", .filter, .forward, 0, rules)
  }

  /// What the router itself sends about a remote client's flow (a reset, an error) goes the same
  /// way.
  private var answer: Nftables.Chain {
    .hooked(
      "answer", .route, .output, -150,
      hasMarks.map { [.isReply, .match(.equal, .ctMark, $0), .mangle(.mark, .ctMark)] })
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
    leaks += reservedMarks.flatMap { range in
      [Nftables.Expression.mark, .ctMark].map { .match(.equal, $0, .marks(range)) }
    }
    let drops = leaks.map { [$0, .count(.leak), .verdict(.drop)] }
    // Their source may be an address of the VPN network, but the reason is a different one.
    rules += drops.prefix(1) + reassemblyErrors + drops.dropFirst()
    return .hooked("leave", .filter, .postrouting, 110, rules)
  }

  private var closedFamilies: [Family] {
    Family.allCases.filter { !closed.merged($0).isEmpty }
  }
  private var vipFamilies: [Family] {
    Family.allCases.filter { family in members.contains { $0.vips.contains { $0.family == family } }
    }
  }
}

extension Gateways.Group {
  /// Which of its gateways are in use.
  fileprivate func useSets(_ use: Gateways.Use) -> [Nftables.NamedSet] {
    func marks(_ name: String, _ indices: [Int]) -> Nftables.NamedSet {
      Nftables.NamedSet(
        name: own(name), key: .types(["mark"]),
        elements: indices.map { Nftables.Element(.number(markNumber($0))) })
    }
    let up = marks("up", members.indices.filter { use.isUsed[$0] })
    return egress.isSticky ? [up, marks(Gateways.leadingSet, use.kept)] : [up]
  }

  /// Where flows go.
  fileprivate func flowSets(_ use: Gateways.Use) -> [Nftables.NamedSet] {
    guard case .consistent(let buckets) = egress.balance else { return pinSets() }
    var map = Nftables.NamedSet.numbered(own("egress"), modulus: buckets)
    map.elements = (choices(buckets, use) ?? []).enumerated().map { bucket, index in
      Nftables.Element(.number(UInt64(bucket)), data: .number(markNumber(index)))
    }
    return [map] + pinSets()
  }
}
