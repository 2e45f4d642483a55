internal import Model

enum LinkKey: Int, ObjectKey {
  case name, managed, adopt, type, mtu, address, master, alias, altnames, up, when
  case stpState, priority, forwardDelay, ageingTime, vlanFiltering
  case id, group, remote, local, dev, dstport, srcport, learning, ttl
  case peer, link, mode, `protocol`, table

  static let names = spelledNames()
  static let example = "{ \"name\": \"br0\", \"type\": \"bridge\" }"
  static let common: KeySet<LinkKey> = [
    .name, .managed, .adopt, .type, .mtu, .address, .master, .alias, .altnames, .up, .when,
  ]

  /// The keys that each type of link adds.
  static let own: [(type: String, keys: KeySet<LinkKey>)] = [
    ("bridge", [.stpState, .priority, .forwardDelay, .ageingTime, .vlanFiltering]),
    ("macvlan", [.link, .mode]),
    ("veth", [.peer]),
    ("vlan", [.link, .id, .protocol]),
    ("vrf", [.table]),
    ("vxlan", [.id, .group, .remote, .local, .dev, .dstport, .srcport, .learning, .ttl]),
  ]

  static func keys(ofType type: String?) -> KeySet<Self>? {
    guard let type else { return common }
    guard Device.types.contains(type) else { return nil }
    return common + (own.first { $0.type == type }?.keys ?? [])
  }
}
