internal import Addressing
internal import JSON
internal import Model
internal import NetworkDesign

extension ObjectReader<NetworkDescriptionKey> {
  /// Nil if something is missing or wrong, which is reported.
  mutating func description() -> NetworkDescription? {
    _ = optional(.schema, .plainText)
    _ = optional(.comment, .plainText)
    _ = required(.version, .uint8(1, to: 1), ": write \"version\": 1")
    let networks = describedNetworks()
    let routerNetwork = required(
      .routerNetwork, describedNetworkForm, ", such as \"192.168.28.0/24\"")
    let underlay = required(.underlay, .link, ": the nodes' link that carries the VXLANs")
    if !has(.mtu) { reportMissing(.mtu, ": { \"underlay\": 1500, \"provider\": 1420 }") }
    let mtu = object(.mtu, "mtu") { (reader: inout ObjectReader<DescribedMTUKey>) in reader.mtu() }
    guard let networks, let routerNetwork, let underlay, let mtu else {
      // The other keys are read for their mistakes.
      var rest = NetworkDescription(
        network: [], routerNetwork: .all(.inet), underlay: .loopback,
        mtu: NetworkDescription.MTU(underlay: 1500, provider: 1420))
      readRest(into: &rest)
      return nil
    }
    var description = NetworkDescription(
      network: networks, routerNetwork: routerNetwork, underlay: underlay, mtu: mtu)
    readRest(into: &description)
    return description
  }

  private mutating func describedNetworks() -> [Prefix]? {
    if !has(.network) { reportMissing(.network, ", such as \"192.168.24.0/22\"") }
    guard let networks = oneAFamily(.network, .network, \.family) else { return nil }
    guard let ipv4 = networks.first(where: { $0.family == .inet }) else {
      report(.network, "needs an IPv4 prefix; an IPv6 one may stand beside it, in a list")
      return nil
    }
    guard (8...27).contains(ipv4.length) else {
      report(.network, "\(ipv4) must have a length from /8 to /27")
      return nil
    }
    if let ipv6 = networks.first(where: { $0.family == .inet6 }),
      !(8...(96 + ipv4.length)).contains(ipv6.length)
    {
      report(
        .network,
        "\(ipv6) must have a length from /8 to /\(96 + ipv4.length): it is divided as \(ipv4) is")
      return nil
    }
    return networks
  }

  private mutating func readRest(into description: inout NetworkDescription) {
    if let ranges = oneOrMore(.intranet, describedRangeForm, mayBeEmpty: true) {
      description.intranet = ranges
    }
    description.clusterDNS = optional(.clusterDns, .ipv4Address)
    description.gateways = required(.gateways, .count(to: 64), ": how many there are") ?? 1
    description.routers = optional(.routers, .count(to: 32)) ?? 2
    if let nodes = elements(.routerNodes, nodeNameForm) {
      description.routerNodes = nodes.compactMap(\.self)
    }
    if let ports = oneOrMore(.ports, PortRangeForm(range: 1...65535), mayBeEmpty: true) {
      description.ports = ports.flatMap { $0.first...$0.last }
      if description.ports.count > 64 {
        report(.ports, "are \(description.ports.count); 64 at most")
      }
    }
    description.podsPerPort = optional(.podsPerPort, .count(to: 1024)) ?? description.podsPerPort
    description.dnsPods = optional(.dnsPods, .count(to: 16)) ?? description.dnsPods
    if let vxlan = object(
      .vxlan, "vxlan", { (reader: inout ObjectReader<DescribedVXLANKey>) in reader.vxlan() })
    {
      description.vxlan = vxlan
    }
    description.addressing =
      optional(.addresses, WordForm(NetworkDescription.Addressing.self, \.rawValue)) ?? .static
    description.namespace = optional(.namespace, namespaceForm) ?? description.namespace
    description.tunnel =
      optional(.tunnel, WordForm(NetworkDescription.Tunnel.self, \.rawValue)) ?? .gluetun
    if value(.wireguard) != nil {
      description.wireguard =
        list(.wireguard, of: "exit") { (reader: inout ObjectReader<DescribedExitKey>) in
          reader.exit()
        } ?? []
    }
    let forwards = object(.simple, "simple alternative") {
      (reader: inout ObjectReader<DescribedSimpleKey>) in reader.forwards()
    }
    description.forwards = forwards ?? []
  }
}

extension ObjectReader<DescribedMTUKey> {
  fileprivate mutating func mtu() -> NetworkDescription.MTU? {
    // The least that IPv4 and VXLAN need, and the most that a link may have.
    let underlay = required(.underlay, .bytes(576, to: 65535), ": that of the nodes' link")
    let provider = required(
      .provider, .bytes(576, to: 65535), ": what the provider's tunnel carries")
    let internet = optional(.internet, .bytes(576, to: 65535))
    let network = optional(.network, .bytes(576, to: 65535))
    guard let underlay, let provider else { return nil }
    return NetworkDescription.MTU(
      underlay: Int(underlay), provider: Int(provider), internet: internet.map { Int($0) },
      network: network.map { Int($0) })
  }
}

extension ObjectReader<DescribedVXLANKey> {
  fileprivate mutating func vxlan() -> NetworkDescription.VXLAN? {
    var vxlan = NetworkDescription.VXLAN()
    let numbers = IntegerForm<Int>(range: 1...0xff_ffff)
    vxlan.id = optional(.id, numbers) ?? vxlan.id
    vxlan.routerID = optional(.routerId, numbers) ?? vxlan.routerID
    if let group = optional(.group, .ipv4Address) {
      if group.isMulticast {
        vxlan.group = group
      } else {
        report(.group, "\(group) is no multicast address; write one such as \"224.0.0.88\"")
      }
    }
    return vxlan
  }
}

extension ObjectReader<DescribedExitKey> {
  fileprivate mutating func exit() -> NetworkDescription.Exit? {
    let publicKey = required(.publicKey, .publicKey)
    let endpoint = required(.endpoint, .endpoint)
    let address = required(.address, .ipv4Address)
    guard publicKey != nil, endpoint != nil, let address,
      let keyText = value(.publicKey)?.string, let endpointText = value(.endpoint)?.string
    else { return nil }
    return NetworkDescription.Exit(publicKey: keyText, endpoint: endpointText, address: address)
  }
}

extension ObjectReader<DescribedSimpleKey> {
  fileprivate mutating func forwards() -> [NetworkDescription.Forward]? {
    list(.forwards, of: "forward") { (reader: inout ObjectReader<DescribedForwardKey>) in
      let port = reader.required(.port, .uint16(1, to: .max))
      let toPort = reader.optional(.toPort, .uint16(1, to: .max))
      return port.map { NetworkDescription.Forward(port: $0, toPort: toPort ?? $0) }
    }
  }
}

extension Form where Self == IntegerForm<Int> {
  fileprivate static func count(to most: Int) -> Self { IntegerForm(range: 1...most) }
}

private let describedNetworkForm = TextForm<Prefix>(
  what: "an IPv4 prefix such as \"192.168.28.0/24\""
) { text throws(Mismatch) in
  let network = try TextForm<Prefix>.network.parse(text)
  guard network.family == .inet, (8...30).contains(network.length) else {
    throw Mismatch("\"\(network)\" must be an IPv4 prefix from /8 to /30")
  }
  return network
}

private let describedRangeForm = TextForm<Prefix>(
  what: "a prefix such as \"10.0.0.0/8\""
) { text throws(Mismatch) in
  let network = try TextForm<Prefix>.network.parse(text)
  guard network.length > 0 else {
    throw Mismatch("\"\(network)\" is everything, and would leave clients no route to the internet")
  }
  return network
}

/// Names of Kubernetes' objects (RFC 1123).
private func isObjectName(_ text: String, most: Int, isDotted: Bool) -> Bool {
  let labels = text.split(separator: ".", omittingEmptySubsequences: false)
  return text.utf8.count <= most && (isDotted || labels.count == 1)
    && labels.allSatisfy { label in
      !label.isEmpty && label.first != "-" && label.last != "-"
        && label.utf8.allSatisfy {
          switch $0 {
          case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"):
            true
          default: false
          }
        }
    }
}

private let namespaceForm = TextForm<String>(what: "a namespace's name") { text throws(Mismatch) in
  guard isObjectName(text, most: 63, isDotted: false) else {
    throw Mismatch("\(quoted(text)) is no namespace's name: lower-case letters, digits and \"-\"")
  }
  return text
}

private let nodeNameForm = TextForm<String>(what: "a node's name") { text throws(Mismatch) in
  guard isObjectName(text, most: 253, isDotted: true) else {
    throw Mismatch("\(quoted(text)) is no node's name: lower-case letters, digits, \"-\" and \".\"")
  }
  return text
}
