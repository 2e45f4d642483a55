internal import Addressing
internal import JSON
internal import NetworkDesign

/// NetworkAttachmentDefinitions: how multus plugs pods into the network, by the CNI plugin `bridge`.
struct Attachments {
  let design: NetworkDesign
  let files: StateFiles

  init(_ design: NetworkDesign) {
    self.design = design
    files = StateFiles(design)
  }

  private var division: Division { design.division }

  static let clients = "gateway-network-client-pods"
  static let gateways = "gateway-network-vpn-gateway-pods"
  static let routers = "gateway-network-router-pods"
  static let routerNetwork = "gateway-router-network"
  static let singleRouters = "gateway-network-single-router-pods"
  static let singleRouterNetwork = "gateway-single-router-network"
  static let dns = "gateway-network-dns-pods"

  static func port(_ number: Int) -> String { "\(clients)-forwarded-port-\(number)" }

  /// What a pod's annotation asks multus for.
  static func annotation(_ names: (String, link: String)..., namespace: String? = nil) -> Tree {
    let prefix = namespace.map { $0 + "/" } ?? ""
    return [
      "k8s.v1.cni.cncf.io/networks": .string(
        names.map { "\(prefix)\($0.0)@\($0.link)" }.joined(separator: ","))
    ]
  }

  // MARK: - Those of the network

  var all: [Tree] {
    let ports = division.ports.enumerated().map { number, block in
      definition(Self.port(number + 1), clientIPAM(block, division.nextHop))
    }
    return routerAttachments + [gatewayAttachment]
      + [
        definition(Self.clients, clientIPAM(division.clients, division.nextHop)),
        definition(
          "gateway-network-single-exit-client-pods",
          clientIPAM(division.singleExitClients, division.singleExitNextHop)),
      ] + ports + [dnsAttachment]
  }

  private var gatewayAttachment: Tree {
    definition(Self.gateways, nil, sysctls: sysctls(files.gateway))
  }

  /// The single-exit clients' routers have the second half of each range.
  private var routerAttachments: [Tree] {
    let half = division.routers.count / 2
    let network = design.description.routerNetwork
    let places = 1 << (32 - Int(network.length))
    let kinds: [(String, String, Tree, Int, Int)] = [
      (Self.routers, Self.routerNetwork, files.router, 0, 1),
      (Self.singleRouters, Self.singleRouterNetwork, files.singleRouter, half, places / 2 + 1),
    ]
    return kinds.flatMap { name, networkName, file, place, start in
      let own = Division.Block(division.routers.first + place, max(1, half))
      let ends = (start, start + places / 2 - 3)
      return [
        definition(
          name, files.areRoutersStatic ? nil : pool(own), sysctls: sysctls(file)),
        definition(
          networkName,
          files.areRoutersStatic
            ? nil
            : .object([
              ("type", "whereabouts"), ("range", .string("\(network)")),
              ("range_start", .string("\(network.address.offset(by: ends.0)!)")),
              ("range_end", .string("\(network.address.offset(by: max(ends.0, ends.1))!)")),
            ]), bridge: StateFiles.routerBridge, mtu: design.hops.vxlan),
      ]
    }
  }

  private var dnsAttachment: Tree {
    if files.isStatic { return definition(Self.dns, nil) }
    // The first route goes before the kernel's own to the network: the answers return by the router.
    let nextHop = division.address(division.nextHop.first)!
    let routes = [division.network] + design.description.clientRoutes(.inet)
    return definition(
      Self.dns,
      pool(division.dns, [("routes", Self.routes(routes)), ("gateway", .string("\(nextHop)"))]))
  }

  // MARK: - Those of the simple alternative

  var simple: [Tree] {
    let forwards = design.description.forwards.indices.map { number in
      let place = design.forwardTargets.first + number
      let addresses = design.families.map { family -> Tree in
        let length = (family == .inet ? division.network : division.ipv6!).length
        return ["address": .string("\(division.address(place, family)!)/\(length)")]
      }
      return definition(
        "gateway-network-ingress-client-port-\(number + 1)",
        [
          "type": "static", "addresses": .array(addresses),
          "routes": clientRoutes(division.nextHop, everyHop: true, dns: false),
        ])
    }
    return [
      definition(Self.gateways, nil, sysctls: sysctls(files.simpleGateway)),
      definition(Self.clients, clientIPAM(design.simpleClients, division.nextHop, dns: false)),
    ] + forwards
  }

  // MARK: - Parts

  private func clientIPAM(
    _ block: Division.Block, _ nextHop: Division.Block, dns: Bool = true
  ) -> Tree {
    let isDual = division.ipv6 != nil
    var more: [(String, Tree)] = [
      ("routes", clientRoutes(nextHop, everyHop: isDual, dns: dns))
    ]
    if !isDual {
      more.append(("gateway", .string("\(division.address(nextHop.first)!)")))
    }
    return pool(block, more)
  }

  /// `everyHop`: each route names its next hop, where one key for all can't.
  private func clientRoutes(_ nextHop: Division.Block, everyHop: Bool, dns: Bool) -> Tree {
    let usual = division.address(nextHop.first)!
    return .array(
      files.clientRoutes(nextHop, dns: dns).map { dst, via in
        .object(
          [("dst", .string("\(dst)"))]
            + (everyHop || via != usual ? [("gw", .string("\(via)"))] : []))
      })
  }

  private static func routes(_ routes: [Prefix]) -> Tree {
    .array(routes.map { ["dst": .string("\($0)")] })
  }

  /// Addresses from a range, by whereabouts, with the network's length.
  private func pool(_ block: Division.Block, _ more: [(String, Tree)] = []) -> Tree {
    func range(_ family: Family) -> [(String, Tree)] {
      [
        ("range", .string("\(family == .inet ? division.network : division.ipv6!)")),
        ("range_start", .string("\(division.address(block.first, family)!)")),
        ("range_end", .string("\(division.address(block.last, family)!)")),
      ]
    }
    return .object(
      [("type", "whereabouts")]
        + (division.ipv6 == nil
          ? range(.inet) : [("ipRanges", .array(design.families.map { .object(range($0)) }))])
        + more)
  }

  /// `ipam`: nil leaves the addresses to the pod's vpngw. Sysctls are set by the CNI plugin `tuning`,
  /// since `/proc/sys` is read-only in a container.
  private func definition(
    _ name: String, _ ipam: Tree?, bridge: String = StateFiles.bridge, mtu: Int? = nil,
    sysctls: [(String, Tree)] = []
  ) -> Tree {
    let plug: Tree = [
      "type": "bridge", "bridge": .string(bridge), "mtu": .integer(mtu ?? design.hops.network),
      "ipam": ipam ?? [:],
    ]
    let tuning: Tree = ["type": "tuning", "sysctl": .object(sysctls)]
    let config: Tree = [
      "cniVersion": "0.3.1", "name": .string(name),
      "plugins": sysctls.isEmpty ? [plug] : [plug, tuning],
    ]
    return [
      "apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition",
      "metadata": ["name": .string(name)], "spec": ["config": .string(config.text(width: 90))],
    ]
  }

  private func sysctls(_ file: Tree) -> [(String, Tree)] { files.sysctls(of: file) }
}
