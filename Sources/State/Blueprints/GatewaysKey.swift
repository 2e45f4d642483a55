enum GatewaysKey: Int, ObjectKey {
  case name, link, clientLinks, vipLinks, mtu, members, probe, probes, egress, `return`, strict

  static let names = spelledNames()
  static let example = "{ \"link\": \"eth1\", \"members\": [...], \"egress\": {...} }"
}

/// The keys of one gateway in a list, or of all gateways in ranges, which have no names.
enum GatewayKey: Int, ConditionalKey {
  case name, addresses, host, vips, weight, mtu, probe, probes, when

  static let names = spelledNames()
  static let example = "{ \"addresses\": \"192.168.25.128\" }"
}

enum GatewayRangesKey: Int, ObjectKey {
  case addresses, vips

  static let names = spelledNames()
  static let example = "{ \"addresses\": \"192.168.25.128/29\" }"
}

enum EgressKey: Int, ObjectKey {
  case from, balance, active, sticky, seed, except, buckets, policy, fields, slots

  static let names = spelledNames()
  static let example = "{ \"from\": \"192.168.24.0/22\" }"

  /// The keys that belong to one way of balancing.
  static let own: [(balance: String, keys: [EgressKey])] = [
    ("consistent", [.buckets]), ("ecmp", [.policy, .fields, .slots]), ("single", []),
  ]
}

enum ReturnKey: Int, ObjectKey {
  case mark, table, priority

  static let names = spelledNames()
  static let example = "{ \"mark\": \"0x1900\", \"table\": 50, \"priority\": 1000 }"
}
