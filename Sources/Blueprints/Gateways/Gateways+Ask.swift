public import Model
import Nftables

/// Handles packets that real servers behind the gateways' VIPs send in flows that this router
/// doesn't know, because another router had them until now. No mark can be restored from such a
/// connection; sent by the wrong gateway, the packet has an address that makes the remote client
/// reset, and its conntrack entry clashes with the client's own next packet. Measured:
/// 40 of 40 flows in which the server spoke first ended without this, and 0 of 40 with it.
///
/// TCP: gateways know their flows. Each gateway gets a copy from its own VIP, and only the one that
/// has the flow passes it on; the client's answer comes back to that VIP and makes the flow known
/// here. UDP: an unsolicited datagram creates no entry, so the client's next packet meets none.
extension Gateways {
  /// A real server's port behind the VIPs.
  public struct Served: Hashable, Comparable, Sendable {
    public var address: IPAddress
    public var `protocol`: IPVSProtocol
    public var port: UInt16

    public init(address: IPAddress, protocol: IPVSProtocol, port: UInt16) {
      self.address = address
      self.protocol = `protocol`
      self.port = port
    }

    public static func < (a: Served, b: Served) -> Bool {
      a.address != b.address
        ? a.address < b.address : (a.protocol, a.port) < (b.protocol, b.port)
    }
  }

  private static let askName = "vpngw-ask"

  /// The tables that the blueprint makes: `dup` exists in `ip` and `ip6`, not in `inet`.
  public var tableIDs: [NftablesTable.ID] {
    [Self.tableID] + askingFamilies.map { NftablesTable.ID($0 == .inet ? .ip : .ip6, Self.askName) }
  }

  /// The families in which unknown TCP flows can be asked for. Without pins nothing tells them
  /// apart from flows that a server opened from its service's port.
  private var askingFamilies: [Family] {
    groups.contains(where: \.isPinning)
      ? Family.allCases.filter { family in
        served.contains { $0.protocol == .tcp && $0.address.family == family }
          && !asked(family).isEmpty
      } : []
  }

  private var servedFamilies: [Family] {
    Family.allCases.filter { family in served.contains { $0.address.family == family } }
  }

  private func asked(
    _ family: Family
  ) -> [(vip: IPAddress, gateway: IPAddress, link: LinkName)] {
    groups.flatMap { group in
      group.members.flatMap { member in
        member.address(family).map { gateway in
          member.vips.filter { $0.family == family }.map { ($0, gateway, group.link) }
        } ?? []
      }
    }
  }

  // MARK: - Sets

  func servedSets() -> [Nftables.NamedSet] {
    servedFamilies.flatMap { family in
      var heard = Nftables.NamedSet(
        name: family.named("heard"),
        key: .types([family.addressType, "inet_service", "inet_service"]))
      heard.flags = [.dynamic, .timeout]
      // Less than conntrack's timeout for UDP, which is less than IPVS's: whatever is in this set
      // is known to both.
      heard.timeout = 170_000
      heard.size = 65_536
      let elements = served.filter { $0.address.family == family }.sorted().map {
        Nftables.Element(
          .concat([
            .symbol($0.address.description), .symbol($0.protocol.rawValue),
            .number(UInt64($0.port)),
          ]))
      }
      return [
        Nftables.NamedSet(
          name: family.named("served"),
          key: .types([family.addressType, "inet_proto", "inet_service"]), elements: elements),
        heard,
      ]
    }
  }

  // MARK: - Rules

  /// In `raw`: tracks only the datagrams that answer a client.
  func untrackedDatagrams() -> [[Nftables.Statement]] {
    servedFamilies.flatMap { family -> [[Nftables.Statement]] in
      let fromServer: [Nftables.Statement] = [
        .isOf("udp"), .match(family.served(family.saddr, "sport"), in: family.named("served")),
      ]
      let flow = Nftables.Expression.concat([family.daddr, .port("dport"), .port("sport")])
      return [
        fromServer + [
          .match(flow, in: family.named("heard")),
          .update(.update, set: family.named("heard"), Nftables.Element(flow)), .verdict(.return),
        ],
        fromServer + [.notrack],
      ]
    }
  }

  /// In `steer`, after the answers that conntrack knows.
  func unknownSegments() -> [[Nftables.Statement]] {
    askingFamilies.map { family in
      [
        .isOf("tcp"), .match(family.served(family.saddr, "sport"), in: family.named("served")),
        .verdict(.goto("unknown")),
      ]
    }
  }

  func asking() -> [Nftables.Chain] {
    var chains: [Nftables.Chain] = []
    if !askingFamilies.isEmpty {
      let ask: [Nftables.Statement] = [.count, .mangle(.mark, askMark)]
      if groups.count > 1 {
        // A server that is nobody's client opens no flow.
        let dispatch = askingFamilies.flatMap { family in
          byClient(family) { $0.own($0.isPinning ? "unknown" : "leaving") }
        }
        chains.append(.called("unknown", dispatch + [ask]))
      }
      chains += groups.filter { groups.count == 1 || $0.isPinning }.map { $0.unknown(ask) }
    }
    if served.isEmpty { return chains }
    // After NAT: the tuple that the real server will answer to.
    chains.append(
      .hooked(
        "heard", .filter, .postrouting, 101,
        servedFamilies.map { family in
          [
            .match(.equal, .meta("oifname"), vpn), .isOf("udp"),
            .match(family.served(family.daddr, "dport"), in: family.named("served")),
            .update(
              .update, set: family.named("heard"),
              Nftables.Element(.concat([family.saddr, .port("sport"), .port("dport")]))),
          ]
        }))
    return chains
  }

  /// No rule looks the mark up: without these tables, marked packets go nowhere.
  func askTables() -> [Nftables.Table] {
    zip(askingFamilies, tableIDs.dropFirst()).map { family, id in
      var table = Nftables.Table(family: id.family, name: id.name)
      let copies = asked(family).map { vip, gateway, link -> [Nftables.Statement] in
        [
          .mangle(family.saddr, .symbol(vip.description)),
          .dup(address: .symbol(gateway.description), device: .symbol(link.text)),
        ]
      }
      table.chains = [
        .hooked(
          "ask", .filter, .prerouting, -149,
          [[.match(.notEqual, .mark, askMark), .verdict(.return)]] + copies
            + [[.count, .verdict(.drop)]])
      ]
      return table
    }
  }
}

extension Gateways.Group {
  fileprivate func unknown(_ ask: [Nftables.Statement]) -> Nftables.Chain {
    .called(
      own("unknown"),
      [
        // A flow that the server opens, from its service's port.
        [.isFirstSegment, .verdict(.goto(own("leaving")))]
      ] + pinLookups() + [
        [.match(.mark, in: own("up")), .verdict(.goto(own("keep")))],
        ask,
      ])
  }
}

extension Nftables.Statement {
  /// `meta l4proto udp`
  fileprivate static func isOf(_ proto: String) -> Self {
    .match(.equal, .meta("l4proto"), .symbol(proto))
  }
}

extension Nftables.Expression {
  fileprivate static func port(_ field: String) -> Self { .payload(protocol: "th", field: field) }
}

extension Family {
  fileprivate func served(
    _ address: Nftables.Expression, _ port: String
  ) -> Nftables.Expression {
    .concat([address, .meta("l4proto"), .port(port)])
  }
}
