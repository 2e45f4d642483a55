internal import Addressing
public import JSON
internal import Model
internal import NetworkDesign

extension StateFiles {
  public var gateway: Tree {
    let addresses = counted(division.gateways, length: nil)
    return .object(
      [("version", 1), ("parameters", index(description.gateways))]
        + [("links", links(tunnel: ["name": "tun0", "managed": false]))]
        + [
          ("addresses", .array(addresses)), ("probes", ["tunnel": probe(by: "tun0")]),
          (
            "gateway",
            gatewayPod("tun0", forwards, vip: "\(division.address(division.vips.first)!)+${INDEX}")
          ),
        ])
  }

  /// Gateway `number` without gluetun.
  public func wireguardGateway(_ number: Int) -> Tree {
    let exit = description.wireguard[number]
    let own = design.families.map { address(division.gateways.first + number, $0) }
    let peer: Tree = [
      "name": "exit", "public_key": .string(exit.publicKey), "endpoint": .string(exit.endpoint),
      "allowed_ips": ["0.0.0.0/0", "::/0"], "persistent_keepalive": "25s",
    ]
    let tunnel: Tree = [
      "name": "wg0", "type": "wireguard", "mtu": .integer(description.mtu.provider),
    ]
    return [
      "version": 1,
      "links": links(tunnel: tunnel),
      "wireguard": [
        ["link": "wg0", "private_key_file": "/etc/vpn-gateway/wg0.key", "peers": [peer]]
      ],
      "addresses": .array([["link": "wg0", "address": .string("\(exit.address)/32")]] + own),
      "probes": ["tunnel": probe(by: "wg0")],
      "gateway": gatewayPod(
        "wg0", forwards, vip: "\(division.address(division.vips.first + number)!)"),
    ]
  }

  public var simpleGateway: Tree {
    let forwards = description.forwards.enumerated().map { number, forward -> Tree in
      [
        "ports": .integer(Int(forward.port)),
        "to": .string("\(division.address(design.forwardTargets.first + number)!)"),
        "to_ports": .integer(Int(forward.toPort)),
      ]
    }
    return [
      "version": 1,
      "links": links(tunnel: ["name": "tun0", "managed": false]),
      "addresses": .array(design.families.map { address(division.nextHop.first, $0) }),
      "probes": ["tunnel": probe(by: "tun0")],
      "gateway": gatewayPod("tun0", forwards, vip: nil),
    ]
  }

  func index(_ count: Int) -> Tree {
    ["INDEX": ["type": "integer", "from": "environment", "min": 0, "max": .integer(count - 1)]]
  }

  private func links(tunnel: Tree) -> Tree {
    [["name": .string(Self.podLink), "managed": false], tunnel]
  }

  /// The addresses of a StatefulSet's pods; `length`: nil is the network's.
  func counted(_ block: Division.Block, length: Int?) -> [Tree] {
    design.families.map { family in
      let network = family == .inet ? division.network : division.ipv6!
      let first = division.address(block.first, family)!
      return .object(
        [
          ("link", .string(Self.podLink)),
          ("address", .string("\(first)+${INDEX}/\(length ?? Int(network.length))")),
        ] + (family == .inet6 ? [("nodad", true)] : []))
    }
  }

  private func probe(by link: String) -> Tree {
    [
      "type": "tcp", "address": "1.1.1.1", "port": 443, "link": .string(link), "interval": "2s",
      "timeout": "1500ms",
    ]
  }

  /// What the provider forwards goes to the router's address for this gateway.
  private var forwards: [Tree] {
    description.portRanges.map { ports in
      ["ports": ports.tree, "protocols": ["tcp", "udp"]]
    }
  }

  private func gatewayPod(_ tunnel: String, _ forwards: [Tree], vip: String?) -> Tree {
    var members: [(String, Tree)] = [
      ("link", .string(Self.podLink)), ("tunnel", .string(tunnel)),
      ("egress", ["from": networks, "except": ["reserved"]]),
    ]
    if let vip, !forwards.isEmpty { members.append(("vips", .string(vip))) }
    if !forwards.isEmpty { members.append(("forwards", .array(forwards))) }
    return .object(members + [("health", "probe.tunnel"), ("strict", true)])
  }
}

extension NetworkDescription {
  /// The forwarded ports, consecutive ones together.
  var portRanges: [PortRange] {
    ports.sorted().reduce(into: []) { ranges, port in
      if let last = ranges.last, last.last + 1 == port {
        ranges[ranges.count - 1] = PortRange(last.first, port)!
      } else {
        ranges.append(PortRange(port, port)!)
      }
    }
  }
}

extension PortRange {
  fileprivate var tree: Tree { first == last ? .integer(Int(first)) : .string(description) }
}
