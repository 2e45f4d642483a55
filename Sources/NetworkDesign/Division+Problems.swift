internal import Addressing

/// Something wrong with a description, and the key to blame.
public struct DescriptionProblem: Hashable, Sendable {
  /// `["mtu", "provider"]`; elements of lists by their index.
  public var path: [Step]
  public var message: String

  public enum Step: Hashable, Sendable {
    case key(String)
    case index(Int)
  }

  init(_ path: Step..., message: String) {
    self.path = path
    self.message = message
  }
}

extension Division {
  /// What doesn't fit into a network of this many addresses, without an end to the sentence.
  static func shortages(
    _ description: NetworkDescription, size: Int
  ) -> [(key: String, message: String)] {
    let eighth = size / 8
    var shortages: [(String, String)] = []
    func check(_ key: String, _ what: String, _ need: Int, of room: Int) {
      if need > room {
        shortages.append(
          (key, "\(what) need \(need) addresses, and there is room for \(max(room, 0))"))
      }
    }
    let (gateways, ports) = (description.gateways, description.ports.count)
    // The last address of that eighth stays free, and two are next hops.
    check("gateways", "\(count(gateways, "gateway")) with a VIP each", gateways, of: eighth - 3)
    // The other half is that of the single-exit clients' routers.
    let routers = max(description.routers, description.routerNodes.count)
    check(
      description.routerNodes.count > description.routers ? "router_nodes" : "routers",
      count(routers, "router"), routers, of: eighth / 2)
    check(
      "pods_per_port", "\(count(ports, "port")) of \(count(description.podsPerPort, "pod"))",
      ports * step(description.podsPerPort), of: eighth)
    // The last address is the network's broadcast address.
    check("dns_pods", count(description.dnsPods, "DNS pod"), description.dnsPods, of: eighth - 1)
    check(
      "simple", count(description.forwards.count, "forward"), description.forwards.count,
      of: eighth - 1)
    return shortages
  }

  private static func count(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }

  /// The smallest network around this one in which everything has room.
  static func sufficient(_ description: NetworkDescription) -> Prefix? {
    let network = description.ipv4
    for length in stride(from: Int(network.length), through: 8, by: -1) {
      let larger = Prefix(network.address, length: UInt8(length))!.network
      if shortages(description, size: size(larger)).isEmpty { return larger }
    }
    return nil
  }
}

extension NetworkDescription {
  /// Everything wrong with it, in the order of its keys.
  public var problems: [DescriptionProblem] {
    overlaps + shortages + repetitions + fragmentations
  }

  private var shortages: [DescriptionProblem] {
    let found = Division.shortages(self, size: Division.size(ipv4))
    if found.isEmpty { return [] }
    let hint =
      Division.sufficient(self).map { ": \($0) has room for everything" }
      ?? ": no network is large enough"
    return found.map { DescriptionProblem(.key($0.key), message: $0.message + hint) }
  }

  private var overlaps: [DescriptionProblem] {
    var problems: [DescriptionProblem] = []
    for (index, range) in intranet.enumerated() {
      if let other = intranet[..<index].first(where: { $0.overlaps(range) }) {
        problems.append(
          DescriptionProblem(
            .key("intranet"), .index(index),
            message: "\(range) overlaps \(other), which the intranet has already"))
      }
      if let network = network.first(where: { $0.overlaps(range) }) {
        problems.append(
          DescriptionProblem(
            .key("intranet"), .index(index),
            message: "\(range) overlaps the VPN network \(network): clients couldn't reach both; "
              + "name the intranet's own networks, or choose another VPN network"))
      }
      if routerNetwork.overlaps(range) {
        problems.append(
          DescriptionProblem(
            .key("router_network"),
            message:
              "\(routerNetwork) overlaps \(range) of the intranet, which routers couldn't reach"
          ))
      }
    }
    if let network = network.first(where: { $0.overlaps(routerNetwork) }) {
      problems.append(
        DescriptionProblem(
          .key("router_network"),
          message:
            "\(routerNetwork) overlaps the VPN network \(network): both are links of the routers"
        ))
    }
    if let clusterDNS, let network = network.first(where: { $0.contains(clusterDNS) }) {
      problems.append(
        DescriptionProblem(
          .key("cluster_dns"),
          message:
            "\(clusterDNS) is in the VPN network \(network): give the cluster's own DNS address"
        ))
    }
    // The other half is that of the single-exit clients' routers.
    let (places, room) = (max(routers, routerNodes.count), Division.size(routerNetwork) / 2 - 2)
    if room < places {
      problems.append(
        DescriptionProblem(
          .key("router_network"),
          message: "\(routerNetwork) has room for \(max(0, room)) routers, not for \(places)"))
    }
    return problems
  }

  private var repetitions: [DescriptionProblem] {
    var problems: [DescriptionProblem] = []
    for (index, port) in ports.enumerated() where ports[..<index].contains(port) {
      problems.append(
        DescriptionProblem(.key("ports"), message: "port \(port) is there twice"))
    }
    for (index, node) in routerNodes.enumerated() where routerNodes[..<index].contains(node) {
      problems.append(
        DescriptionProblem(
          .key("router_nodes"), .index(index), message: "node \"\(node)\" is there twice"))
    }
    if !routerNodes.isEmpty, routerNodes.count < routers {
      problems.append(
        DescriptionProblem(
          .key("router_nodes"),
          message: "\(routers) routers need as many nodes, and there are \(routerNodes.count)"))
    }
    if tunnel == .wireguard || !wireguard.isEmpty, wireguard.count != gateways {
      problems.append(
        DescriptionProblem(
          .key(wireguard.isEmpty ? "tunnel" : "wireguard"),
          message:
            "\(gateways) gateways need an exit each, and \"wireguard\" lists \(wireguard.count)"))
    }
    if vxlan.id == vxlan.routerID {
      problems.append(
        DescriptionProblem(
          .key("vxlan"), .key("router_id"),
          message: "the VPN network has VXLAN \(vxlan.id) already: choose another number"))
    }
    return problems
  }
}

extension Prefix {
  func overlaps(_ other: Prefix) -> Bool {
    contains(other.address) || other.contains(address)
  }
}
