internal import Addressing
public import JSON
internal import Model
public import NetworkDesign

/// The state file of each role in a network.
public struct StateFiles {
  let design: NetworkDesign

  public init(_ design: NetworkDesign) { self.design = design }

  static let podLink = "vpn-gw-veth0"
  static let routerLink = "vpn-r-veth0"
  static let bridge = "vpn-gw-bridge0"
  static let routerBridge = "vpn-r-bridge0"

  var description: NetworkDescription { design.description }
  var division: Division { design.division }
  private var hasPorts: Bool { !description.ports.isEmpty }

  /// Whether DNS pods' state file says their addresses, and not the attachment. Gateways' always does: a
  /// gateway's number is that of its VIP, by which answers return to it.
  var isStatic: Bool { description.addressing == .static }
  /// The same for routers, which have no number of their own, but are on nodes that have one.
  var areRoutersStatic: Bool { isStatic && !description.routerNodes.isEmpty }

  // MARK: - Nodes

  public var node: Tree { links(routers: true) }
  public var simpleNode: Tree { links(routers: false) }

  private func links(routers: Bool) -> Tree {
    let dev = description.underlay.text
    func vxlan(_ name: String, _ id: Int, mtu: Int, _ master: String) -> Tree {
      [
        "name": .string(name), "type": "vxlan", "id": .integer(id),
        "group": .string("\(description.vxlan.group)"), "dev": .string(dev), "mtu": .integer(mtu),
        "master": .string(master),
      ]
    }
    var links: [Tree] = [
      ["name": .string(dev), "managed": false],
      [
        "name": .string(Self.bridge), "type": "bridge", "mtu": .integer(design.hops.network),
      ],
      vxlan("vpn-gw-vxlan0", description.vxlan.id, mtu: design.hops.network, Self.bridge),
    ]
    if routers {
      links += [
        ["name": .string(Self.routerBridge), "type": "bridge"],
        vxlan(
          "vpn-r-vxlan0", description.vxlan.routerID, mtu: design.hops.vxlan, Self.routerBridge),
      ]
    }
    return ["version": 1, "links": .array(links)]
  }

  // MARK: - Routers

  public var router: Tree {
    var addresses = ownAddresses(from: 0) + virtual(division.nextHop)
    if hasPorts {
      for number in 0..<division.vips.count {
        addresses += virtual(Division.Block(division.vips.first + number, 1), families: [.inet])
      }
    }
    var members: [(String, Tree)] = [("addresses", text(division.gateways))]
    if hasPorts { members.append(("vips", .string(division.text(division.vips)!))) }
    var gateways: [(String, Tree)] = gatewaysHead(members)
    gateways.append(
      ("egress", ["from": networks, "balance": "consistent", "except": ["reserved"]]))
    if hasPorts {
      gateways.append(("return", ["mark": "0x1900", "table": 50, "priority": 1000]))
    }
    gateways.append(("strict", true))
    let settings = ["all", Self.podLink].flatMap { link -> [(String, Tree)] in
      [("net.ipv4.conf.\(link).arp_ignore", 1), ("net.ipv4.conf.\(link).arp_announce", 2)]
    }
    return .object(
      [("version", 1), ("sysctls", .object(settings))]
        + routerHead(addresses, id: 51)
        + [("gateways", .object(gateways)), ("services", services)])
  }

  public var singleRouter: Tree {
    let gateways =
      gatewaysHead([("addresses", text(division.gateways))])
      + [("egress", ["from": networks, "balance": "single", "sticky": true]), ("strict", true)]
    return .object(
      [("version", 1)]
        + routerHead(
          ownAddresses(from: division.routers.count / 2) + virtual(division.singleExitNextHop),
          id: 52)
        + [("gateways", .object(gateways))])
  }

  private func routerHead(_ addresses: [Tree], id: Int) -> [(String, Tree)] {
    let nodes: [(String, Tree)] = description.routerNodes.enumerated().map {
      ("router-\($0)", ["hostname": .string($1)])
    }
    let probes = (0..<description.gateways).map { Tree.string("probe.gw\($0)") }
    let track: Tree = [
      ["when": .string("link.\(Self.podLink)")],
      ["when": ["any": .array(probes)], "weight": -50],
    ]
    return [
      (
        "links",
        .array([Self.podLink, Self.routerLink].map { ["name": .string($0), "managed": false] })
      ),
      ("addresses", .array(addresses)),
    ] + (areRoutersStatic ? [("nodes", .object(nodes))] : [])
      + [
        (
          "vrrp",
          ["router": ["link": .string(Self.routerLink), "id": .integer(id), "track": track]]
        )
      ]
  }

  /// Each node's router has the same address wherever else a router runs.
  private func ownAddresses(from place: Int) -> [Tree] {
    guard areRoutersStatic else { return [] }
    let half = 1 << (31 - Int(description.routerNetwork.length))
    let start = place == 0 ? 1 : half + 1
    return description.routerNodes.indices.flatMap { number -> [Tree] in
      let routers = description.routerNetwork
      let node = Tree.string("node.router-\(number)")
      return design.families.map { family in
        address(division.routers.first + place + number, family, [("when", node)])
      } + [
        [
          "link": .string(Self.routerLink),
          "address": .string(
            "\(routers.address.offset(by: start + number)!)/\(routers.length)"),
          "when": node,
        ]
      ]
    }
  }

  private func virtual(_ block: Division.Block, families: [Family]? = nil) -> [Tree] {
    (families ?? design.families).map { address(block.first, $0, [("when", "vrrp.router")]) }
  }

  private func address(_ place: Int, _ family: Family, _ more: [(String, Tree)] = []) -> Tree {
    let network = family == .inet ? division.network : division.ipv6!
    return .object(
      [
        ("link", .string(Self.podLink)),
        ("address", .string("\(division.address(place, family)!)/\(network.length)")),
      ]
        // It is ours alone, and must answer at once.
        + (family == .inet6 ? [("nodad", true)] : []) + more)
  }

  private func gatewaysHead(_ members: [(String, Tree)]) -> [(String, Tree)] {
    let question: [(String, Tree)] =
      description.tunnel == .gluetun
      ? [("type", "gluetun")]
      : [("type", "http"), ("port", .integer(Workload.port)), ("path", "/healthz")]
    return [
      ("link", .string(Self.podLink)), ("mtu", .integer(design.hops.network)),
      ("members", .object(members)),
      (
        "probe",
        .object(
          question + [("interval", "1s"), ("timeout", "750ms"), ("rise", 2), ("fall", 2)])
      ),
    ]
  }

  private var services: Tree {
    var services: [(String, Tree)] = zip(description.ports, division.ports).enumerated().map {
      number, port in
      (
        "port-\(number + 1)",
        [
          "vips": "gateways", "ports": [.integer(Int(port.0))], "protocols": ["tcp", "udp"],
          "servers": .string(division.text(port.1)!),
        ]
      )
    }
    var dns: [(String, Tree)] = [("vips", .string(division.text(division.nextHop)!))]
    if let address = description.clusterDNS { dns.append(("aliases", .string("\(address)"))) }
    dns += [
      ("ports", 53), ("protocols", ["tcp", "udp"]),
      ("servers", .string(division.text(division.dns)!)),
      ("probe", ["udp": ["type": "dns", "name": ".", "qtype": "SOA"]]),
    ]
    services.append(("dns", .object(dns)))
    return .object(services)
  }

  // MARK: - Gateways

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
    let stated = description.forwards.map { ($0.port, $0.toPort) }
    let forwards = stated.enumerated().map { number, forward -> Tree in
      [
        "ports": .integer(Int(forward.0)),
        "to": .string("\(division.address(design.forwardTargets.first + number)!)"),
        "to_ports": .integer(Int(forward.1)),
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

  private func index(_ count: Int) -> Tree {
    ["INDEX": ["type": "integer", "from": "environment", "min": 0, "max": .integer(count - 1)]]
  }

  private func links(tunnel: Tree) -> Tree {
    [["name": .string(Self.podLink), "managed": false], tunnel]
  }

  /// The addresses of a StatefulSet's pods; `length`: nil is the network's.
  private func counted(_ block: Division.Block, length: Int?) -> [Tree] {
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

  // MARK: - Clients

  public var clientPod: Tree {
    [
      "version": 1, "links": [["name": .string(Self.podLink), "managed": false]],
      "routes": .array(
        clientRoutes(division.nextHop).map { dst, via in
          ["dst": .string("\(dst)"), "via": .string("\(via)"), "dev": .string(Self.podLink)]
        }),
    ]
  }

  /// The cluster's DNS address and the internet, by this next hop.
  func clientRoutes(
    _ nextHop: Division.Block, dns asksRouter: Bool = true
  ) -> [(dst: Prefix, via: IPAddress)] {
    let dns = asksRouter ? description.clusterDNS.map { [Prefix($0)] } ?? [] : []
    return design.families.flatMap { family in
      ((family == .inet ? dns : []) + description.clientRoutes(family)).map {
        ($0, division.address(nextHop.first, family)!)
      }
    }
  }

  public var dnsPod: Tree {
    // Other pods of the link too, whose answers the router translates back.
    let routes = ([division.network] + description.clientRoutes(.inet)).map { dst -> Tree in
      [
        "dst": .string("\(dst)"), "via": .string("\(division.address(division.nextHop.first)!)"),
        "dev": .string(Self.podLink), "onlink": true,
      ]
    }
    // With the network's length the kernel would have a route to it without the router.
    let own = isStatic ? Array(counted(division.dns, length: 32).prefix(1)) : []
    return .object(
      [("version", 1)] + (isStatic ? [("parameters", index(description.dnsPods))] : [])
        + [("links", [["name": .string(Self.podLink), "managed": false]])]
        + (own.isEmpty ? [] : [("addresses", .array(own))]) + [("routes", .array(routes))])
  }

  // MARK: - Texts

  private var networks: Tree {
    let texts = description.network.sorted().map { Tree.string("\($0)") }
    return texts.count == 1 ? texts[0] : .array(texts)
  }

  private func text(_ block: Division.Block) -> Tree {
    let texts = design.families.map { Tree.string(division.text(block, $0)!) }
    return texts.count == 1 ? texts[0] : .array(texts)
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
