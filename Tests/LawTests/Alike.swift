import Model
import TestSupport
import Testing

/// Law 6 at its hardest: others' objects that are like ours in all but one part.
struct Alike: Sendable, CustomTestStringConvertible {
  let name: String
  let section: String
  /// The commands that make theirs: ip(8), bridge(8) or nft(8).
  let theirs: [String]
  /// Our object, in successive versions.
  let versions: [String]
  /// The command that prints theirs.
  let show: String
  /// Whether the kernel keeps a single mark for theirs and ours: then ours may stay as well.
  let sharesMark: Bool

  var testDescription: String { name }

  init(
    _ name: String, _ section: String, theirs: [String], ours: [String], show: String,
    sharesMark: Bool = false
  ) {
    self.name = name
    self.section = section
    self.theirs = theirs
    versions = ours
    self.show = show
    self.sharesMark = sharesMark
  }

  func file(_ version: Int) throws -> NetworkState {
    try decode([
      "links": [
        #"{ "name": "t0", "managed": false }"#, #"{ "name": "t1", "managed": false }"#,
        #"{ "name": "t2", "managed": false }"#,
      ],
      section: [versions[version]],
    ])
  }

  static let all: [Alike] =
    [
      Alike(
        "IPv6 routes of multicast, which the kernel makes for each link", "routes", theirs: [],
        ours: [
          #"{ "dst": "ff00::/8", "dev": "t1", "table": "local", "metric": 256 }"#,
          #"{ "dst": "ff00::/8", "dev": "t1", "table": "local", "metric": 255 }"#,
        ], show: "ip -6 route show table local ff00::/8"),
      Alike(
        "IPv6 routes of link-local addresses", "routes", theirs: [],
        ours: [
          #"{ "dst": "fe80::/64", "dev": "t1", "metric": 256 }"#,
          #"{ "dst": "fe80::/64", "dev": "lo", "metric": 256 }"#,
        ], show: "ip -6 route show fe80::/64"),
      Alike(
        "IPv6 routes but for the link", "routes",
        theirs: ["ip -6 route append 2001:db8::/32 dev t0 metric 7 mtu 1300"],
        ours: [
          #"{ "dst": "2001:db8::/32", "dev": "t1", "metric": 7 }"#,
          #"{ "dst": "2001:db8::/32", "dev": "t1", "metric": 7, "mtu": 1400 }"#,
          #"{ "dst": "2001:db8::/32", "type": "unreachable", "metric": 7 }"#,
          #"{ "dst": "2001:db8::/32", "type": "blackhole", "metric": 7 }"#,
          #"{ "dst": "2001:db8::/32", "via": "fd99::3", "dev": "t0", "metric": 7 }"#,
          #"{ "dst": "2001:db8::/32", "via": "fd99::4", "dev": "t0", "metric": 7 }"#,
        ], show: "ip -6 route show 2001:db8::/32"),
      Alike(
        "IPv6 routes, theirs by a gateway", "routes",
        theirs: ["ip -6 route append 2001:db8::/32 via fd99::2 metric 7"],
        ours: [
          #"{ "dst": "2001:db8::/32", "dev": "t0", "metric": 7 }"#,
          #"{ "dst": "2001:db8::/32", "dev": "t0", "metric": 7, "mtu": 1400 }"#,
          #"{ "dst": "2001:db8::/32", "dev": "t1", "metric": 7 }"#,
          #"{ "dst": "2001:db8::/32", "via": "fd99::2", "dev": "t0", "metric": 8 }"#,
        ], show: "ip -6 route show 2001:db8::/32"),
      Alike(
        "IPv6 routes, theirs by a nexthop object", "routes",
        theirs: [
          "ip nexthop add id 7 via fd99::2 dev t0", "ip nexthop add id 8 via fd99::3 dev t0",
          "ip -6 route append 2001:db8::/32 nhid 7 metric 7",
        ],
        ours: [
          #"{ "dst": "2001:db8::/32", "dev": "t0", "metric": 7 }"#,
          #"{ "dst": "2001:db8::/32", "type": "unreachable", "metric": 7 }"#,
        ], show: "ip -6 route show 2001:db8::/32"),
      Alike(
        "IPv4 routes but for metric, TOS or table", "routes",
        theirs: [
          "ip route add 10.1.0.0/16 via 172.16.0.2",
          "ip route add 10.1.0.0/16 via 172.16.0.2 tos 0x10",
          "ip route add unreachable 10.1.0.0/16 metric 9",
          "ip route add 10.1.0.0/16 via 172.16.0.2 table 99",
        ],
        ours: [
          #"{ "dst": "10.1.0.0/16", "via": "172.16.0.3", "metric": 7 }"#,
          #"{ "dst": "10.1.0.0/16", "via": "172.16.0.2", "metric": 7 }"#,
          #"{ "dst": "10.1.0.0/16", "via": "172.16.0.2", "tos": 8 }"#,
          #"{ "dst": "10.1.0.0/16", "type": "prohibit", "metric": 10 }"#,
          #"{ "dst": "10.1.0.0/16", "via": "172.16.0.2", "table": 98 }"#,
        ], show: "ip route show table all 10.1.0.0/16"),
      Alike(
        "neighbors, theirs proxied", "neighbors",
        theirs: ["ip neighbor add proxy 172.16.0.9 dev t0"],
        ours: [
          #"{ "link": "t0", "address": "172.16.0.9", "mac": "02:00:00:00:00:09" }"#,
          #"{ "link": "t0", "address": "172.16.0.9", "mac": "02:00:00:00:00:0a" }"#,
        ], show: "ip neighbor show proxy"),
      Alike(
        "proxied addresses, theirs a neighbor", "neighbors",
        theirs: ["ip neighbor add fd99::9 lladdr 02:00:00:00:00:99 dev t0"],
        ours: [#"{ "link": "t0", "address": "fd99::9", "proxy": true }"#],
        show: "ip neighbor show nud permanent"),
      Alike(
        "endpoints of a VXLAN but for the port", "neighbors",
        theirs: [
          "bridge fdb append 00:00:00:00:00:00 dev t2 dst 192.0.2.8 port 4790",
          "bridge fdb add 02:00:00:00:00:98 dev t2 dst 192.0.2.8",
        ],
        ours: [
          #"{ "link": "t2", "mac": "00:00:00:00:00:00", "dst": "192.0.2.8" }"#,
          #"{ "link": "t2", "mac": "00:00:00:00:00:00", "dst": "192.0.2.8", "port": 4791 }"#,
        ], show: "bridge fdb show dev t2", sharesMark: true),
      Alike(
        "addresses of one subnet", "addresses",
        theirs: [
          "ip address add 10.0.0.1/24 dev t1", "ip address add 10.0.0.1/25 dev t1",
          "ip address add 10.0.0.1 peer 10.0.0.7/32 dev t1", "ip address add 10.0.0.3/24 dev t1",
        ],
        ours: [
          #"{ "link": "t1", "address": "10.0.0.1/26" }"#,
          #"{ "link": "t1", "address": "10.0.0.2/24" }"#,
          #"{ "link": "t1", "address": "10.0.0.1/32", "peer": "10.0.0.8/32" }"#,
        ], show: "ip -4 -o address show dev t1"),
      Alike(
        "nexthops but for the id", "nexthops", theirs: ["ip nexthop add id 7 via fd99::2 dev t0"],
        ours: [
          #"{ "id": 8, "via": "fd99::2", "dev": "t0" }"#,
          #"{ "id": 8, "via": "fd99::3", "dev": "t0" }"#,
        ], show: "ip nexthop show id 7"),
      Alike(
        "tables but for the family", "nftables",
        theirs: ["nft add table ip t", "nft add chain ip t c", "nft add rule ip t c counter"],
        ours: [#"{ "table": { "family": "inet", "name": "t" } }"#], show: "nft list table ip t"),
    ] + rules

  /// Selectors of rules in ip(8)'s syntax.
  private static let selectors = [
    "from 10.0.0.0/8", "to 10.0.0.0/8", "iif t0", "oif t0", "fwmark 7", "fwmark 7/0xff",
    "ipproto tcp", "ipproto udp sport 53", "ipproto udp dport 53", "tos 0x10",
    "not from 10.0.0.0/8",
    "uidrange 5-7",
  ]

  private static let rules =
    selectors.map { words in
      Alike(
        "rules, theirs \(words)", "rules",
        theirs: [
          "ip rule add \(words) lookup 99 priority 999",
          "ip rule add \(words) goto 32766 priority 999",
          "ip rule add \(words) unreachable priority 999",
        ],
        ours: [
          #"{ "priority": 999, "family": "inet", "lookup": 99 }"#,
          #"{ "priority": 999, "family": "inet", "goto": 32767 }"#,
          #"{ "priority": 999, "family": "inet", "unreachable": true }"#,
        ], show: "ip rule show priority 999")
    }
}
