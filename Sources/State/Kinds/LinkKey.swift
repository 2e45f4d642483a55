internal import Model

enum LinkKey: Int, ObjectKey {
  case name, managed, adopt, type, mtu, address, master, alias, altnames, vlans, up, when
  case stpState, priority, forwardDelay, ageingTime, vlanFiltering, vlanDefaultPvid, vlanProtocol
  case id, group, remote, local, dev, dstport, srcport, learning, ttl
  case peer, link, mode, `protocol`, table
  case failOverMac, miimon, updelay, downdelay, peerNotifDelay
  case arpInterval, arpIpTarget, arpValidate, arpAllTargets, arpMissedMax
  case primary, primaryReselect, xmitHashPolicy, resendIgmp, numGratArp, allSlavesActive, minLinks
  case lpInterval, packetsPerSlave, tlbDynamicLb
  case lacpRate, lacpActive, adSelect, adActorSysPrio, adUserPortKey, adActorSystem
  case tos, pmtudisc, key, ikey, okey, csum, seq, encaplimit, flowlabel, fwmark

  static let names = spelledNames()
  static let example = "{ \"name\": \"br0\", \"type\": \"bridge\" }"
  static let common: KeySet<LinkKey> = [
    .name, .managed, .adopt, .type, .mtu, .address, .master, .alias, .altnames, .vlans, .up, .when,
  ]

  /// The keys that each type of link adds.
  static let own: [(type: String, keys: KeySet<LinkKey>)] = [
    ("bond", bond),
    (
      "bridge",
      [
        .stpState, .priority, .forwardDelay, .ageingTime, .vlanFiltering, .vlanDefaultPvid,
        .vlanProtocol,
      ]
    ),
    ("gre", gre + [.pmtudisc]),
    ("ip6gre", gre + [.encaplimit, .flowlabel]),
    ("ip6tnl", tunnel + [.mode, .encaplimit, .flowlabel]),
    ("ipip", tunnel + [.mode, .pmtudisc]),
    ("macvlan", [.link, .mode]),
    ("sit", tunnel + [.mode, .pmtudisc]),
    ("veth", [.peer]),
    ("vlan", [.link, .id, .protocol]),
    ("vrf", [.table]),
    ("vxlan", [.id, .group, .remote, .local, .dev, .dstport, .srcport, .learning, .ttl]),
  ]

  private static let bond: KeySet<LinkKey> = [
    .mode, .failOverMac, .miimon, .updelay, .downdelay, .peerNotifDelay, .arpInterval,
    .arpIpTarget, .arpValidate, .arpAllTargets, .arpMissedMax, .primary, .primaryReselect,
    .xmitHashPolicy, .resendIgmp, .numGratArp, .allSlavesActive, .minLinks, .lpInterval,
    .packetsPerSlave, .tlbDynamicLb, .lacpRate, .lacpActive, .adSelect, .adActorSysPrio,
    .adUserPortKey, .adActorSystem,
  ]
  private static let tunnel: KeySet<LinkKey> = [.local, .remote, .dev, .ttl, .tos, .fwmark]
  private static let gre = tunnel + [.key, .ikey, .okey, .csum, .seq]

  static func keys(ofType type: String?) -> KeySet<Self>? {
    guard let type else { return common }
    guard Device.types.contains(type) else { return nil }
    return common + (own.first { $0.type == type }?.keys ?? [])
  }
}
