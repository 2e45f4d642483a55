/// The keys of the section `gateway`: a gateway pod's own side.
enum GatewayPodKey: Int, ObjectKey {
  case link, tunnel, mtu, egress, vips, forwards, health, strict, table, priority

  static let names = spelledNames()
  static let example =
    "{ \"link\": \"eth1\", \"tunnel\": \"tun0\", \"egress\": {...}, \"health\": \"probe.tunnel\" }"
}

enum GatewayEgressKey: Int, ObjectKey {
  case from, except, allow

  static let names = spelledNames()
  static let example = "{ \"from\": \"192.168.24.0/22\" }"
}

enum ForwardKey: Int, ObjectKey {
  case ports, protocols, to, toPorts

  static let names = spelledNames()
  static let example = "{ \"ports\": 6881 }"
}
