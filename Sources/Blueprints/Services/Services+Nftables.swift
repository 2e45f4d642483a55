public import Model
import Nftables

extension Services {
  /// The table for what IPVS doesn't do.
  public static let tableID = NftablesTable.ID(.inet, "vpngw-services")
  public var hasTable: Bool { list.contains { $0.balancer == .nft || $0.onNone == .drop } }

  /// The size of a service's map, in which each server has its share by rendezvous.
  private static let bucketCount: UInt32 = 1024
  /// The same on all routers, so that each sends a client to the same server.
  private static let seed: UInt32 = 0xdead_beef

  func table(
    given signals: [Signal: Signal.State], keeping observed: [IPVSService.Match: IPVSService],
    _ present: NftablesTable?
  ) -> Nftables.Table? {
    var table = Nftables.Table(family: Self.tableID.family, name: Self.tableID.name)
    addBalance(&table, signals, present)
    addRefusal(&table, signals, observed)
    return table.chains.isEmpty ? nil : table
  }

  // MARK: - Instead of IPVS

  private func addBalance(
    _ table: inout Nftables.Table, _ signals: [Signal: Signal.State], _ present: NftablesTable?
  ) {
    var rules: [[Nftables.Statement]] = []
    for service in list where service.balancer == .nft {
      for family in Family.allCases {
        let vips = (service.vips + service.aliases).filter { $0.family == family }
        if vips.isEmpty { continue }
        for port in service.ports {
          for `protocol` in service.protocols {
            let map = service.map(
              family, port, `protocol`, signals, present, Self.bucketCount, Self.seed)
            table.sets.append(map)
            rules.append(
              service.rule(family, vips, port, `protocol`, map.name, Self.bucketCount, Self.seed))
          }
        }
      }
    }
    if rules.isEmpty { return }
    table.chains += [
      .called("balance", rules),
      .hooked("incoming", .nat, .prerouting, -100, [[.verdict(.jump("balance"))]]),
      // What the router itself sends to its virtual addresses.
      .hooked("own", .nat, .output, -100, [[.verdict(.jump("balance"))]]),
    ]
  }

  // MARK: - Nobody alive

  private func addRefusal(
    _ table: inout Nftables.Table, _ signals: [Signal: Signal.State],
    _ present: [IPVSService.Match: IPVSService]
  ) {
    let dropping = list.filter { $0.onNone == .drop }
    if dropping.isEmpty { return }
    var rules: [[Nftables.Statement]] = []
    for family in Family.allCases {
      let matches = dropping.flatMap { service in
        service.matches.filter { $0.family == family }.map { (service, $0) }
      }
      if matches.isEmpty { continue }
      let forsaken = matches.compactMap { service, match -> Nftables.Element? in
        guard case .address(let vip, let port, let `protocol`) = match,
          service.isUnserved(match, given: signals, keeping: present[match])
        else { return nil }
        return Nftables.Element(
          .concat([
            .symbol(vip.description), .symbol(`protocol`.rawValue), .number(UInt64(port)),
          ]))
      }
      table.sets.append(
        Nftables.NamedSet(
          name: family.named("none"),
          key: .types([family.addressType, "inet_proto", "inet_service"]), elements: forsaken))
      rules.append([
        .match(
          .equal,
          .concat([
            family.daddr, .meta("l4proto"), .payload(protocol: "th", field: "dport"),
          ]), .reference(family.named("none"))),
        .verdict(.drop),
      ])
    }
    table.chains.append(.hooked("refuse", .filter, .input, 0, rules))
  }
}

extension Service {
  /// The server of each bucket; an unknown server stays as it is in `present`.
  fileprivate func map(
    _ family: Family, _ port: UInt16, _ `protocol`: IPVSProtocol,
    _ signals: [Signal: Signal.State], _ present: NftablesTable?, _ buckets: UInt32,
    _ seed: UInt32
  ) -> Nftables.NamedSet {
    let header = family == .inet ? "ip" : "ip6"
    var map = Nftables.NamedSet(
      name: family.named("\(name).\(`protocol`.rawValue).\(port).v"),
      key: .expressions([.numgen(mode: .inc, modulus: buckets, offset: 0)]),
      data: .value(.expressions([.payload(protocol: header, field: "daddr")])))
    let vip = IPVSService.Match.address(
      (vips + aliases).first { $0.family == family }!, port: port, protocol: `protocol`)
    let used = present?.addresses(inMap: map.name) ?? []
    let servers = servers(of: vip).filter { !$0.isDrained && $0.weight > 0 }.sorted {
      $0.address < $1.address
    }
    let isPresent = servers.map { server in
      switch condition(of: server, vip)?.state(given: signals) ?? .up {
      case .up: true
      case .down: false
      case .unknown: used.contains(server.address)
      }
    }
    let choices =
      Rendezvous(
        servers.map { ($0.address.description, Int($0.weight)) }, buckets: Int(buckets), seed: seed
      ).choices(isPresent: isPresent) ?? []
    map.elements = choices.enumerated().map { bucket, server in
      Nftables.Element(
        .number(UInt64(bucket)), data: .symbol(servers[server].address.description))
    }
    return map
  }

  fileprivate func rule(
    _ family: Family, _ vips: [IPAddress], _ port: UInt16, _ `protocol`: IPVSProtocol,
    _ map: String, _ buckets: UInt32, _ seed: UInt32
  ) -> [Nftables.Statement] {
    let addresses = vips.sorted().map { Nftables.Expression.symbol($0.description) }
    let client =
      flags.contains(.port)
      ? Nftables.Expression.concat([family.saddr, .payload(protocol: "th", field: "sport")])
      : family.saddr
    let other = servers.compactMap(\.port).first
    return [
      .match(
        .equal, family.daddr,
        addresses.count == 1 ? addresses[0] : .set(addresses.map { Nftables.Element($0) })),
      .match(
        .equal, .payload(protocol: `protocol`.rawValue, field: "dport"), .number(UInt64(port))),
      .nat(
        Nftables.NAT(
          .dnat, family: family == .inet ? .ip : .ip6,
          address: .map(
            key: .jhash(client, modulus: buckets, seed: seed, offset: 0), data: .reference(map)),
          port: other.flatMap { $0 == port ? nil : .number(UInt64($0)) })),
    ]
  }
}
