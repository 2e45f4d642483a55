public import Model
import Nftables

/// The first of the two locks, and everything else that the gateway does with packets.
extension Gateway {
  /// Beside a router's own table, whose name is shorter.
  public static let tableID = NftablesTable.ID(.inet, "vpngw-gateway")

  /// `ports`: where the ports lead that a probe reads.
  func table(
    mtu: UInt32?, tunnelAddresses: [IPAddress], ports: [Int: [UInt16: UInt16]]
  ) -> Nftables.Table {
    var table = Nftables.Table(family: .inet, name: Self.tableID.name)
    table.sets = sets + portMaps(ports)
    table.objects = drops.map {
      Nftables.NamedObject(name: $0.rawValue, content: .counter(packets: 0, bytes: 0))
    }
    table.chains = [source, forwarded, forward(mtu), leaving]
    if isStrict { table.chains.append(input) }
    table.chains += [output, masquerade, leave(tunnelAddresses)]
    return table
  }

  // MARK: - Sets

  private var sets: [Nftables.NamedSet] {
    var sets: [Nftables.NamedSet] = []
    for family in families {
      let sources = sources(family)
      if sources.count > 1 { sets.append(interval("from", family, sources.map(\.expression))) }
      sets.append(interval("open", family, gaps(in: closed, family)))
    }
    for family in Family.allCases where !excepted.merged(family).isEmpty {
      sets.append(interval("own", family, gaps(in: excepted, family)))
    }
    return sets
  }

  /// Where no packet of the VPN network goes: the network itself, too.
  private var closed: [Prefix] {
    excepted + egress.from + (vips + forwards.flatMap(\.to)).map { Prefix($0) }
  }

  /// While a table is being replaced, Linux runs its rules for a moment before it finds a set's
  /// ranges: a set of what is closed would then let packets out, a set of what is open doesn't.
  private func gaps(in closed: [Prefix], _ family: Family) -> [Nftables.Expression] {
    closed.gaps(family).map { first, last in
      let (first, last) = (first.description, last.description)
      return first == last ? .symbol(first) : .range(.symbol(first), .symbol(last))
    }
  }

  private func interval(
    _ name: String, _ family: Family, _ ranges: [Nftables.Expression]
  ) -> Nftables.NamedSet {
    Nftables.NamedSet(
      name: family.named(name), key: .types([family.addressType]), flags: [.interval],
      elements: ranges.map { Nftables.Element($0) })
  }

  private func from(_ family: Family) -> Nftables.Expression {
    let sources = sources(family)
    return sources.count == 1 ? sources[0].expression : .reference(family.named("from"))
  }

  // MARK: - What is compared

  private func isFrom(_ link: LinkName) -> Nftables.Statement {
    .match(.equal, .meta("iifname"), .symbol(link.text))
  }

  private func isNotFrom(_ link: LinkName) -> Nftables.Statement {
    .match(.notEqual, .meta("iifname"), .symbol(link.text))
  }

  private func isBy(_ link: LinkName) -> Nftables.Statement {
    .match(.equal, .meta("oifname"), .symbol(link.text))
  }

  private func isNotBy(_ link: LinkName) -> Nftables.Statement {
    .match(.notEqual, .meta("oifname"), .symbol(link.text))
  }

  // MARK: - Hooks

  /// The gateway's own answer to a packet (an echo reply, an error) must stay on the link, too: so
  /// a source that it would answer by another link is false.
  private var source: Nftables.Chain {
    var rules: [[Nftables.Statement]] = [[isNotFrom(link), .verdict(.return)]]
    rules += fromNetwork
    let linkLocal = Nftables.Expression.prefix(.symbol("fe80::"), length: 10)
    rules += [
      // Answers to link-local addresses stay on the link. Duplicate address detection has no source
      // address.
      [.match(.equal, Family.inet6.saddr, linkLocal), .verdict(.return)],
      [.match(.equal, Family.inet6.saddr, .symbol("::")), .verdict(.return)],
      [
        .match(.notEqual, .fib(result: .oifname, flags: [.saddr]), .symbol(link.text)),
        .counted(as: .falseSource), .verdict(.drop),
      ],
    ]
    return .hooked("source", .filter, .prerouting, -150, rules)
  }

  private var fromNetwork: [[Nftables.Statement]] {
    families.map { [.match(.equal, $0.saddr, from($0)), .verdict(.return)] }
  }

  /// The VPN network's packets leave by the tunnel or stay on the link; nobody else's leave by it.
  private func forward(_ mtu: UInt32?) -> Nftables.Chain {
    var rules: [[Nftables.Statement]] = []
    for family in families {
      // Both ways: each end must not send more than fits.
      guard let mtu, mtu > family.headers else { continue }
      let size = UInt64(min(mtu, 65_535) - family.headers)
      for isAtTunnel in [isBy(tunnel), isFrom(tunnel)] {
        rules.append([
          .match(.equal, .flags(["syn", "rst"]), .symbol("syn")), isAtTunnel, family.isIt,
          .mangle(.option(.tcp, name: "maxseg", field: "size"), .number(size)),
        ])
      }
    }
    rules += [
      [isFrom(link), isBy(tunnel), .verdict(.goto("leaving"))],
      [isFrom(link), isNotBy(link), .counted(as: .otherLink), .verdict(.drop)],
      [isBy(tunnel), .counted(as: .otherSource), .verdict(.drop)],
      [isFrom(tunnel), isNotBy(link), .counted(as: .fromTunnel), .verdict(.drop)],
      [isFrom(tunnel), .ctState("established", "related"), .verdict(.return)],
      [isFrom(tunnel), .isTranslated, .verdict(.return)],
      [isFrom(tunnel), .counted(as: .fromTunnel), .verdict(.drop)],
    ]
    if isStrict { rules.append([isNotFrom(link), .counted(as: .strict), .verdict(.drop)]) }
    return .hooked("forward", .filter, .forward, 0, rules)
  }

  /// A router that doesn't know a flow asks all of its gateways, each from its own VIP; only the
  /// one that knows the flow passes the packet on (`Gateways+Ask.swift`).
  private var leaving: Nftables.Chain {
    var rules: [[Nftables.Statement]] = vips.map { vip in
      [
        .match(.equal, vip.family.saddr, .symbol(vip.description)), .ctState("new", "invalid"),
        .counted(as: .unknownFlow), .verdict(.drop),
      ]
    }
    for family in families {
      rules.append([
        .match(.notEqual, family.daddr, .reference(family.named("open"))), .counted(as: .reserved),
        .reject(Nftables.Reject()),
      ])
    }
    rules += fromNetwork
    rules.append([.counted(as: .falseSource), .verdict(.drop)])
    return .called("leaving", rules)
  }

  /// With `strict`, nobody reaches the gateway itself by the tunnel.
  private var input: Nftables.Chain {
    .hooked(
      "input", .filter, .input, 0,
      [[isFrom(tunnel), .ctState("new"), .counted(as: .fromTunnel), .verdict(.drop)]])
  }

  /// The gateway's own packets.
  private var output: Nftables.Chain {
    var rules: [[Nftables.Statement]] = [
      [isNotBy(tunnel), .verdict(.return)],
      // Multicast listener reports and the like, which no tunnel carries.
      [
        .match(.equal, .fib(result: .type, flags: [.daddr]), .symbol("multicast")), .verdict(.drop),
      ],
    ]
    for family in Family.allCases {
      for allowed in egress.allow.merged(family) {
        rules.append([.match(.equal, family.daddr, allowed.expression), .verdict(.return)])
      }
      if excepted.merged(family).isEmpty { continue }
      rules.append([
        .match(.notEqual, family.daddr, .reference(family.named("own"))), .counted(as: .reserved),
        .reject(Nftables.Reject()),
      ])
    }
    return .hooked("output", .filter, .output, 0, rules)
  }

  /// The provider knows no address but the tunnel's.
  private var masquerade: Nftables.Chain {
    let kept = ["local", "broadcast", "anycast", "multicast"].map { Nftables.Element(.symbol($0)) }
    return .hooked(
      "masquerade", .nat, .postrouting, 100,
      [
        [
          isBy(tunnel), .match(.notEqual, .fib(result: .type, flags: [.daddr]), .set(kept)),
          .nat(Nftables.NAT(.masquerade)),
        ]
      ])
  }

  /// The last check, after source NAT: by the tunnel only the tunnel's own address leaves, and by
  /// any other link neither that nor anything of the VPN network.
  private func leave(_ tunnelAddresses: [IPAddress]) -> Nftables.Chain {
    var rules: [[Nftables.Statement]] = [
      [isBy(link), .verdict(.return)],
      [.match(.equal, .meta("oifname"), .symbol("lo")), .verdict(.return)],
      [
        // Conntrack translates no packet that belongs to no connection.
        isBy(tunnel),
        .match(.notEqual, .fib(result: .type, flags: [.saddr, .oif]), .symbol("local")),
        .counted(as: .untranslated), .verdict(.drop),
      ],
      [isBy(tunnel), .verdict(.return)],
    ]
    rules += Family.allCases.flatMap(errors)
    var leaks = [isFrom(link)]
    for family in families {
      leaks.append(.match(.equal, family.saddr, from(family)))
      // An error quotes the packet that it is about.
      leaks.append(.match(.equal, family.daddr, from(family)))
    }
    leaks += tunnelAddresses.map { .match(.equal, $0.family.saddr, .symbol($0.description)) }
    rules += leaks.map { [$0, .counted(as: .leak), .verdict(.drop)] }
    return .hooked("leave", .filter, .postrouting, 110, rules)
  }
}

extension Gateway {
  /// The gateway's own errors about packets that it was to forward, or that never became whole: they quote
  /// the VPN network's, whatever their addresses are. What its own services answer with (a closed port)
  /// isn't among them; nor, where others' packets are forwarded, is that they are too big.
  fileprivate func errors(_ family: Family) -> [[Nftables.Statement]] {
    func error(_ type: String, codes: [UInt64] = []) -> [Nftables.Statement] {
      let isType = Nftables.Statement.match(
        .equal, .payload(protocol: family.icmp, field: "type"), .symbol(type))
      let isCode = Nftables.Statement.match(
        .equal, .payload(protocol: family.icmp, field: "code"),
        .set(codes.map { Nftables.Element(.number($0)) }))
      return [isType] + (codes.isEmpty ? [] : [isCode])
        + [.counted(as: .errors), .verdict(.drop)]
    }
    switch family {
    case .inet:
      // Net, host, fragmentation needed (RFC 792).
      return [
        error("time-exceeded"),
        error("destination-unreachable", codes: [0, 1] + (isStrict ? [4] : [])),
      ]
    case .inet6:
      // No route, address (RFC 4443).
      return [error("time-exceeded"), error("destination-unreachable", codes: [0, 3])]
        + (isStrict ? [error("packet-too-big")] : [])
    }
  }
}

extension Nftables.Statement {
  /// `ct status dnat`
  fileprivate static let isTranslated = Self.match(
    .in, .ct(key: "status", direction: nil), .symbol("dnat"))

  /// `counter name "REASON"`
  fileprivate static func counted(as drop: Gateway.Drop) -> Self {
    .object(kind: .counter, name: .symbol(drop.rawValue))
  }
}
