internal import Addressing
public import JSON
internal import Model
internal import NetworkDesign

extension StateFiles {
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

  func address(_ place: Int, _ family: Family, _ more: [(String, Tree)] = []) -> Tree {
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
}
