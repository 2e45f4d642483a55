enum NetworkDescriptionKey: Int, ObjectKey {
  case schema, comment, version
  case network, routerNetwork, intranet, clusterDns
  case gateways, routers, routerNodes, ports, podsPerPort, dnsPods
  case underlay, mtu, vxlan, addresses, namespace, tunnel, wireguard, simple

  static let names = ["$schema", "$comment"] + spelledNames().dropFirst(2)
  static let example = "{ \"version\": 1, \"network\": \"192.168.24.0/22\", ... }"
}

enum DescribedMTUKey: Int, ObjectKey {
  case underlay, provider, internet, network

  static let names = spelledNames()
  static let example = "{ \"underlay\": 1500, \"provider\": 1420 }"
}

enum DescribedVXLANKey: Int, ObjectKey {
  case id, routerId, group

  static let names = spelledNames()
  static let example = "{ \"id\": 1000, \"router_id\": 2000 }"
}

enum DescribedExitKey: Int, ObjectKey {
  case publicKey, endpoint, address

  static let names = spelledNames()
  static let example =
    "{ \"public_key\": \"...\", \"endpoint\": \"198.51.100.1:51820\", \"address\": \"10.64.0.2\" }"
}

enum DescribedSimpleKey: Int, ObjectKey {
  case forwards

  static let names = spelledNames()
  static let example = "{ \"forwards\": [{ \"port\": 1111, \"to_port\": 6666 }] }"
}

enum DescribedForwardKey: Int, ObjectKey {
  case port, toPort

  static let names = spelledNames()
  static let example = "{ \"port\": 1111, \"to_port\": 6666 }"
}
