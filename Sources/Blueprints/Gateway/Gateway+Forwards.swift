import Model
import Nftables

/// What the provider forwards: at fixed ports, and at those that it assigns and changes.
extension Gateway {
  /// For each of ``forwards`` that reads its ports: where each port leads.
  ///
  /// Ports that aren't known stay as the kernel has them: a restart of the daemon, or a control
  /// server that doesn't answer, takes nothing away.
  func forwardedPorts(
    _ readings: [Signal: SignalReading], keeping observed: [NftablesTable]
  ) -> [Int: [UInt16: UInt16]] {
    let table = observed.first { $0.id == Self.tableID }
    var forwarded: [Int: [UInt16: UInt16]] = [:]
    for (index, forward) in forwards.enumerated() {
      guard case .read(let signal) = forward.ports else { continue }
      if let ports = readings[signal]?.forwardedPorts {
        let inner = forward.toPorts.isEmpty ? ports : forward.toPorts
        forwarded[index] = Dictionary(zip(ports, inner)) { first, _ in first }
      } else {
        let present = table?.ports(inMap: mapName(index)) ?? [:]
        forwarded[index] = present.filter { outer, inner in
          forward.toPorts.isEmpty ? outer == inner : forward.toPorts.contains(inner)
        }
      }
    }
    return forwarded
  }

  /// By the probe, and not by the position: another forward before it must not give it the other's
  /// ports.
  private func mapName(_ index: Int) -> String {
    guard case .read(let signal) = forwards[index].ports else { return "" }
    let earlier = forwards[..<index].count(where: { $0.ports == forwards[index].ports })
    return "ports_\(signal.name)" + (earlier == 0 ? "" : "_\(earlier)")
  }

  func portMaps(_ ports: [Int: [UInt16: UInt16]]) -> [Nftables.NamedSet] {
    ports.sorted { $0.key < $1.key }.map { index, ports in
      Nftables.NamedSet(
        name: mapName(index), key: .types(["inet_service"]),
        data: .value(.types(["inet_service"])),
        elements: ports.sorted { $0.key < $1.key }.map {
          Nftables.Element(.number(UInt64($0.key)), data: .number(UInt64($0.value)))
        })
    }
  }

  /// Destination NAT of what arrives by the tunnel at the gateway's own address. The source stays:
  /// servers see their clients.
  var forwarded: Nftables.Chain {
    .hooked(
      "forwarded", .nat, .prerouting, -100,
      [
        [.match(.notEqual, .meta("iifname"), .symbol(tunnel.text)), .verdict(.return)],
        [
          .match(.notEqual, .fib(result: .type, flags: [.daddr, .iif]), .symbol("local")),
          .verdict(.return),
        ],
      ] + forwards.indices.flatMap(translations))
  }

  private func translations(_ index: Int) -> [[Nftables.Statement]] {
    let forward = forwards[index]
    return forward.to.flatMap { address -> [[Nftables.Statement]] in
      let dport = Nftables.Expression.payload(protocol: "th", field: "dport")
      let condition: [Nftables.Statement] = [
        address.family.isIt,
        .match(.equal, .meta("l4proto"), .oneOf(forward.protocols.map(\.rawValue))),
      ]
      func leads(
        at ports: [UInt16]?, to port: Nftables.Expression?
      ) -> [Nftables.Statement] {
        let atPorts = ports.map { [Nftables.Statement.match(.equal, dport, .oneOf($0))] } ?? []
        let nat = Nftables.NAT(
          .dnat, family: address.family == .inet ? .ip : .ip6,
          address: .symbol(address.description), port: port)
        return condition + atPorts + [.nat(nat)]
      }
      switch forward.ports {
      case .read:
        return [leads(at: nil, to: .map(key: dport, data: .reference(mapName(index))))]
      case .fixed(let ports) where forward.toPorts.isEmpty:
        return [leads(at: ports, to: nil)]
      case .fixed(let ports):
        return zip(ports, forward.toPorts).map { leads(at: [$0], to: .number(UInt64($1))) }
      }
    }
  }
}

extension Nftables.Expression {
  fileprivate static func oneOf(_ ports: [UInt16]) -> Self {
    alone(ports.sorted().map { .number(UInt64($0)) })
  }

  fileprivate static func oneOf(_ names: [String]) -> Self { alone(names.map { .symbol($0) }) }

  private static func alone(_ constants: [Self]) -> Self {
    constants.count == 1 ? constants[0] : .set(constants.map { Nftables.Element($0) })
  }
}
