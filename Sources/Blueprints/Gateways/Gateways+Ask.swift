public import Model
import Nftables

/// What real servers behind the gateways' VIPs send in flows that this router doesn't know: another
/// one had them until now. By connection no mark comes back, and a wrong gateway's address makes the
/// remote client reset; the entry that such a packet leaves in conntrack clashes with the client's own
/// next one. In the prototype 40 of 40 flows ended where the server spoke first, and 0 of 40 with this.
///
/// TCP: gateways know their flows. One copy goes to each, from the VIP of that gateway, and only the
/// flow's own passes it on; its client's answer comes back to that VIP and makes the flow known here.
/// UDP: what nobody asked for makes no entry, so that the client's next packet finds no other.
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

  /// The tables that it stands for: `dup` is of `ip` and `ip6`, and not of `inet`.
  public var tableIDs: [NftablesTable.ID] {
    [Self.tableID] + askingFamilies.map { NftablesTable.ID($0 == .inet ? .ip : .ip6, Self.askName) }
  }

  /// Those in which unknown TCP flows can be asked for. Without pins nothing tells them from flows
  /// that a server has opened from its service's port.
  private var askingFamilies: [Family] {
    isPinning
      ? Family.allCases.filter { family in
        served.contains { $0.protocol == .tcp && $0.address.family == family }
          && !asked(family).isEmpty
      } : []
  }

  private var servedFamilies: [Family] {
    Family.allCases.filter { family in served.contains { $0.address.family == family } }
  }

  private func asked(_ family: Family) -> [(vip: IPAddress, gateway: IPAddress)] {
    members.flatMap { member in
      member.address(family).map { gateway in
        member.vips.filter { $0.family == family }.map { ($0, gateway) }
      } ?? []
    }
  }

  var askMark: Nftables.Expression { .number(UInt64(numbers.mark + Numbers.ask)) }

  // MARK: - Sets

  func servedSets() -> [Nftables.NamedSet] {
    servedFamilies.flatMap { family in
      var heard = Nftables.NamedSet(
        name: family.named("heard"),
        key: .types([family.addressType, "inet_service", "inet_service"]))
      heard.flags = [.dynamic, .timeout]
      // Less than conntrack's time for UDP, which is less than that of IPVS: what is heard here is
      // known there.
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

  /// In `raw`: the answers that clients have asked for are tracked, and no others.
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

  /// In `steer`, behind answers that conntrack knows.
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
      chains.append(
        .called(
          "unknown",
          [
            // A server's own flow, from its service's port.
            [.isFirstSegment, .verdict(.goto("leaving"))]
          ] + pinLookups() + [
            [.match(.mark, in: "up"), .verdict(.goto("keep"))],
            [.count, .mangle(.mark, askMark)],
          ]))
    }
    if served.isEmpty { return chains }
    // After NAT: the flow that the real server will answer to.
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

  /// The mark has no rule: without these tables what bears it goes nowhere.
  func askTables() -> [Nftables.Table] {
    zip(askingFamilies, tableIDs.dropFirst()).map { family, id in
      var table = Nftables.Table(family: id.family, name: id.name)
      let copies = asked(family).map { vip, gateway -> [Nftables.Statement] in
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
