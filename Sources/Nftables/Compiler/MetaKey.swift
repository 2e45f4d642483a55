internal import Addressing

/// A key of `meta`, `ct`, `rt` or `socket`: its kernel number, and what it yields.
struct MetaKey {
  let name: String
  let number: UInt32
  let type: DataType
  let bits: Int
  let order: DataType.Order

  private init(
    _ name: String, _ number: UInt32, _ type: DataType, _ bits: Int? = nil,
    _ order: DataType.Order? = nil
  ) {
    self.name = name
    self.number = number
    self.type = type
    self.bits = bits ?? type.bits
    self.order = order ?? type.order
  }

  /// `enum nft_meta_keys`.
  static let meta = byName(
    others: ["secpath": "ipsec", "ibriport": "ibrname", "obriport": "obrname"],
    [
      MetaKey("length", 0, .integer, 32, .host), MetaKey("protocol", 1, .etherType),
      MetaKey("priority", 2, .classID), MetaKey("mark", 3, .mark), MetaKey("iif", 4, .ifindex),
      MetaKey("oif", 5, .ifindex), MetaKey("iifname", 6, .ifname), MetaKey("oifname", 7, .ifname),
      MetaKey("iiftype", 8, .arphrd), MetaKey("oiftype", 9, .arphrd), MetaKey("skuid", 10, .uid),
      MetaKey("skgid", 11, .gid), MetaKey("nftrace", 12, .integer, 1, .host),
      MetaKey("rtclassid", 13, .realm), MetaKey("secmark", 14, .integer, 32, .host),
      MetaKey("nfproto", 15, .nfproto),
      MetaKey("l4proto", 16, .inetProtocol, nil, .host), MetaKey("ibrname", 17, .ifname),
      MetaKey("obrname", 18, .ifname), MetaKey("pkttype", 19, .packetType),
      MetaKey("cpu", 20, .integer, 32, .host), MetaKey("iifgroup", 21, .deviceGroup),
      MetaKey("oifgroup", 22, .deviceGroup), MetaKey("cgroup", 23, .integer, 32, .host),
      MetaKey("random", 24, .integer, 32, .network), MetaKey("ipsec", 25, .boolean),
      MetaKey("iifkind", 26, .ifname), MetaKey("oifkind", 27, .ifname),
      MetaKey("ibrpvid", 28, .integer, 16, .host), MetaKey("ibrvproto", 29, .etherType),
      MetaKey("time", 30, .date), MetaKey("day", 31, .day, nil, .host), MetaKey("hour", 32, .hour),
      MetaKey("sdif", 33, .ifindex), MetaKey("sdifname", 34, .ifname),
    ])

  /// `enum nft_ct_keys`.
  static let ct = byName([
    MetaKey("state", 0, .ctState), MetaKey("direction", 1, .ctDirection, nil, .host),
    MetaKey("status", 2, .ctStatus), MetaKey("mark", 3, .mark),
    MetaKey("secmark", 4, .integer, 32, .host), MetaKey("expiration", 5, .time, 32),
    MetaKey("helper", 6, .string, 128), MetaKey("l3proto", 7, .nfproto),
    MetaKey("saddr", 8, .ipv4), MetaKey("daddr", 9, .ipv4),
    MetaKey("protocol", 10, .inetProtocol), MetaKey("proto-src", 11, .inetService),
    MetaKey("proto-dst", 12, .inetService), MetaKey("label", 13, .ctLabel),
    MetaKey("packets", 14, .integer, 64, .host), MetaKey("bytes", 15, .integer, 64, .host),
    MetaKey("avgpkt", 16, .integer, 64, .host), MetaKey("zone", 17, .integer, 16, .host),
    MetaKey("event", 18, .ctEvent), MetaKey("ip saddr", 19, .ipv4), MetaKey("ip daddr", 20, .ipv4),
    MetaKey("ip6 saddr", 21, .ipv6), MetaKey("ip6 daddr", 22, .ipv6),
    MetaKey("id", 23, .integer, 32, .network),
  ])

  /// The keys without a family, where the network protocol is IPv6.
  static let ctAddresses6 = byName([MetaKey("saddr", 8, .ipv6), MetaKey("daddr", 9, .ipv6)])

  /// `enum nft_rt_keys`; the next hop depends on the family.
  static let rt = byName([
    MetaKey("classid", 0, .realm), MetaKey("ip nexthop", 1, .ipv4),
    MetaKey("ip6 nexthop", 2, .ipv6), MetaKey("mtu", 3, .integer, 16, .host),
    MetaKey("ipsec", 4, .boolean),
  ])

  /// `enum nft_socket_keys`.
  static let socket = byName([
    MetaKey("transparent", 0, .integer, 8, .host), MetaKey("mark", 1, .mark),
    MetaKey("wildcard", 2, .integer, 8, .host),
  ])

  /// `enum nft_xfrm_keys`.
  static let ipsec = byName([
    MetaKey("ip daddr", 1, .ipv4), MetaKey("ip6 daddr", 2, .ipv6), MetaKey("ip saddr", 3, .ipv4),
    MetaKey("ip6 saddr", 4, .ipv6), MetaKey("reqid", 5, .integer, 32, .host),
    MetaKey("spi", 6, .integer, 32, .network),
  ])

  /// `others`: older names that nft still takes for these.
  private static func byName(
    others: [String: String] = [:], _ keys: [MetaKey]
  ) -> [String: MetaKey] {
    let named = Dictionary(uniqueKeysWithValues: keys.map { ($0.name, $0) })
    return named.merging(others.compactMapValues { named[$0] }) { own, _ in own }
  }
}
