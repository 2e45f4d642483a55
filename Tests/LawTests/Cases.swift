import Glibc
import Model

let br0 = #"{ "name": "br0", "type": "bridge" }"#
let on24 = #"{ "link": "br0", "address": "192.168.24.1/22" }"#
let on6 = #"{ "link": "br0", "address": "fd24::1/64", "nodad": true }"#
let network = ["links": [br0], "addresses": [on24, on6]]

/// At least one object of every kind, of every type of link, and of both families.
let allCases: [Case] =
  linkCases + nodeLinkCases + addressCases + nexthopCases + routeCases + ruleCases + otherCases
  + tableCases
  + ipvsCases + wireGuardCases

/// The cases for this kernel: the virtual machine, which is slow, is only for what other kernels
/// may lack.
let cases = getenv("VPNGW_TEST_VM") == nil ? allCases : allCases.filter { $0.needs != nil }

func link(
  _ type: String, _ object: String, _ changed: [String] = [], base: [String: [String]] = [:],
  says output: String, name: String = "l0", needs: String? = nil
) -> Case {
  Case(
    name: "link \(type)", kind: Link.kind, base: base, section: "links", object: object,
    changed: changed, oracle: ("ip -d link show \(name)", output),
    removal: "ip link delete \(name)",
    needs: needs.map { "ip link add probe0 type \($0)" })
}

private let linkCases: [Case] = [
  link(
    "bridge",
    #"{ "name": "l0", "type": "bridge", "mtu": 1420, "stp_state": false, "ageing_time": "60s" }"#,
    [
      #"{ "name": "l0", "type": "bridge", "mtu": 1400, "stp_state": true, "ageing_time": "5m", "priority": 4096 }"#,
      #"{ "name": "l0", "type": "bridge", "up": false, "altnames": ["first-bridge", "b-1"], "alias": "for pods", "address": "02:00:00:00:00:01" }"#,
      #"{ "name": "l0", "type": "bridge", "altnames": ["b-1"], "mtu": 1500 }"#,
      #"{ "name": "l0", "type": "ifb" }"#,
    ], says: "ageing_time 6000 "),
  link(
    "bridge in full",
    #"{ "name": "l0", "type": "bridge", "forward_delay": "4s", "priority": 8192, "altnames": ["x.y"], "alias": "a b", "address": "02:00:00:00:00:02", "mtu": 1300, "up": false }"#,
    says: "altname x.y"),
  link(
    "bridge that filters VLANs", #"{ "name": "l0", "type": "bridge", "vlan_filtering": true }"#,
    [#"{ "name": "l0", "type": "bridge", "vlan_filtering": false }"#], says: "vlan_filtering 1",
    needs: "bridge vlan_filtering 1"),
  link(
    "port of a bridge",
    #"{ "name": "l0", "type": "ifb", "master": "br0" }"#,
    [
      #"{ "name": "l0", "type": "ifb", "master": "br1", "mtu": 1400 }"#,
      #"{ "name": "l0", "type": "ifb" }"#,
    ], base: ["links": [br0, #"{ "name": "br1", "type": "bridge" }"#]], says: "master br0"),
  link(
    "vxlan with a group",
    #"{ "name": "l0", "type": "vxlan", "id": 1000, "group": "224.0.0.88", "dev": "br0", "mtu": 1420, "master": "br1" }"#,
    [
      #"{ "name": "l0", "type": "vxlan", "id": 1000, "group": "224.0.0.89", "dev": "br1", "mtu": 1400 }"#,
      #"{ "name": "l0", "type": "vxlan", "id": 1000, "remote": "192.168.24.9", "ttl": 8, "learning": false }"#,
      #"{ "name": "l0", "type": "vxlan", "id": 1001, "remote": "192.168.24.9", "dstport": 4790, "srcport": "5000-6000" }"#,
      #"{ "name": "l0", "type": "vxlan", "id": 1001, "remote": "fd24::9", "local": "fd24::1" }"#,
    ],
    base: [
      "links": [
        #"{ "name": "br0", "type": "bridge", "mtu": 1500 }"#,
        #"{ "name": "br1", "type": "bridge", "mtu": 1500 }"#,
      ],
      "addresses": [on24, on6],
    ], says: "vxlan id 1000 group 224.0.0.88 dev br0 srcport 0 0 dstport 4789"),
  link(
    "vxlan without a destination",
    #"{ "name": "l0", "type": "vxlan", "id": 7, "learning": false }"#,
    [#"{ "name": "l0", "type": "vxlan", "id": 7, "learning": true, "local": "192.168.24.1" }"#],
    base: network, says: "vxlan id 7"),
  link(
    "veth", #"{ "name": "l0", "type": "veth", "peer": "l1", "mtu": 1400 }"#,
    [
      #"{ "name": "l0", "type": "veth", "peer": "l1", "mtu": 1300, "address": "02:00:00:00:00:03" }"#,
      #"{ "name": "l0", "type": "veth", "peer": "l2" }"#,
    ], says: "l0@l1"),
  link(
    "veth with both ends", #"{ "name": "l0", "type": "veth", "peer": "a1", "master": "br0" }"#,
    [#"{ "name": "l0", "type": "veth", "peer": "a1", "mtu": 1400 }"#],
    base: ["links": [br0]], says: "master br0"),
  link(
    "macvlan",
    #"{ "name": "l0", "type": "macvlan", "link": "br0", "mode": "bridge" }"#,
    [
      #"{ "name": "l0", "type": "macvlan", "link": "br0", "mode": "private", "address": "00:00:5e:00:01:33" }"#,
      #"{ "name": "l0", "type": "macvlan", "link": "br1", "mode": "vepa" }"#,
    ], base: ["links": [br0, #"{ "name": "br1", "type": "bridge" }"#]],
    says: "macvlan mode bridge"),
  link("ifb", #"{ "name": "l0", "type": "ifb", "mtu": 1400 }"#, says: "ifb"),
  link(
    "dummy", #"{ "name": "l0", "type": "dummy", "mtu": 9000 }"#,
    [#"{ "name": "l0", "type": "dummy", "mtu": 1400, "address": "02:00:00:00:00:04" }"#],
    says: "dummy", needs: "dummy"),
  link(
    "vlan", #"{ "name": "l0", "type": "vlan", "link": "br0", "id": 100 }"#,
    [
      #"{ "name": "l0", "type": "vlan", "link": "br0", "id": 100, "mtu": 1400 }"#,
      #"{ "name": "l0", "type": "vlan", "link": "br0", "id": 101, "protocol": "802.1ad" }"#,
    ], base: ["links": [br0]], says: "vlan protocol 802.1Q id 100", needs: "vlan id 9 link lo"),
  link(
    "vrf", #"{ "name": "l0", "type": "vrf", "table": 77 }"#,
    [#"{ "name": "l0", "type": "vrf", "table": 78 }"#], says: "vrf table 77",
    needs: "vrf table 79"),
  link(
    "port of a vrf", #"{ "name": "l0", "type": "dummy", "master": "vrf0" }"#,
    [#"{ "name": "l0", "type": "dummy" }"#],
    base: ["links": [#"{ "name": "vrf0", "type": "vrf", "table": 77 }"#]], says: "master vrf0",
    needs: "vrf table 79"),
  link(
    "wireguard", #"{ "name": "l0", "type": "wireguard", "mtu": 1420 }"#,
    [#"{ "name": "l0", "type": "wireguard", "mtu": 1400 }"#], says: "wireguard",
    needs: "wireguard"),
]

private func address(
  _ name: String, _ object: String, _ changed: [String] = [], says output: String, remove: String
) -> Case {
  Case(
    name: "address \(name)", kind: Address.kind, base: ["links": [br0]], section: "addresses",
    object: object, changed: changed, oracle: ("ip address show dev br0", output),
    removal: "ip address delete \(remove) dev br0")
}

private let addressCases: [Case] = [
  address(
    "of IPv4", on24,
    [
      #"{ "link": "br0", "address": "192.168.24.1/22", "valid_lft": "1h", "preferred_lft": "30m" }"#,
      #"{ "link": "br0", "address": "192.168.24.1/22", "broadcast": "192.168.27.255", "metric": 50 }"#,
      #"{ "link": "br0", "address": "192.168.24.1/22", "noprefixroute": true, "scope": "link" }"#,
    ], says: "inet 192.168.24.1/22", remove: "192.168.24.1/22"),
  address(
    "with a peer", #"{ "link": "br0", "address": "10.0.0.1/32", "peer": "10.0.0.2/31" }"#,
    says: "inet 10.0.0.1 peer 10.0.0.2/31", remove: "10.0.0.1 peer 10.0.0.2/31"),
  address(
    "of IPv6", on6,
    [
      #"{ "link": "br0", "address": "fd24::1/64", "valid_lft": "1h", "preferred_lft": "0s" }"#,
      #"{ "link": "br0", "address": "fd24::1/64", "noprefixroute": true, "nodad": true }"#,
      #"{ "link": "br0", "address": "fd24::1/80" }"#,
    ], says: "inet6 fd24::1/64 scope global nodad", remove: "fd24::1/64"),
]

private let gateways = network.merging(
  [
    "nexthops": [
      #"{ "id": 10, "via": "192.168.25.128", "dev": "br0" }"#,
      #"{ "id": 11, "via": "192.168.25.129", "dev": "br0" }"#,
    ]
  ], uniquingKeysWith: { first, _ in first })

private func nexthop(
  _ name: String, _ object: String, _ changed: [String] = [], says output: String,
  needs: String? = nil
) -> Case {
  Case(
    name: "nexthop \(name)", kind: Nexthop.kind, base: gateways, section: "nexthops",
    object: object,
    changed: changed, oracle: ("ip nexthop show id 20", output), removal: "ip nexthop delete id 20",
    needs: needs)
}

private let nexthopCases: [Case] = [
  nexthop(
    "via IPv4", #"{ "id": 20, "via": "192.168.25.130", "dev": "br0" }"#,
    [
      #"{ "id": 20, "via": "192.168.25.131", "dev": "br0" }"#,
      #"{ "id": 20, "via": "10.9.9.9", "dev": "br0", "onlink": true }"#,
      #"{ "id": 20, "via": "fd24::2", "dev": "br0" }"#,
      #"{ "id": 20, "group": [ { "id": 10 } ] }"#,
    ], says: "via 192.168.25.130 dev br0"),
  nexthop(
    "via IPv6", #"{ "id": 20, "via": "fd24::2", "dev": "br0" }"#,
    [#"{ "id": 20, "dev": "br0", "family": "inet6" }"#], says: "via fd24::2 dev br0"),
  nexthop(
    "blackhole", #"{ "id": 20, "blackhole": true, "family": "inet6" }"#,
    [#"{ "id": 20, "blackhole": true, "family": "inet" }"#], says: "blackhole"),
  nexthop(
    "group", #"{ "id": 20, "group": [ { "id": 11 }, { "id": 10, "weight": 3 } ] }"#,
    [
      #"{ "id": 20, "group": [ { "id": 11, "weight": 200 } ] }"#,
      #"{ "id": 20, "group": [ { "id": 10 }, { "id": 11 } ], "resilient": { "buckets": 64 } }"#,
    ], says: "group 10,3/11"),
  nexthop(
    "resilient group",
    #"{ "id": 20, "group": [ { "id": 10 }, { "id": 11 } ], "resilient": { "buckets": 32, "idle_timer": "60s", "unbalanced_timer": "5m" } }"#,
    [
      #"{ "id": 20, "group": [ { "id": 10 } ], "resilient": { "buckets": 32, "idle_timer": "30s" } }"#,
      #"{ "id": 20, "group": [ { "id": 10 } ], "resilient": { "buckets": 64 } }"#,
    ], says: "buckets 32 idle_timer 60 unbalanced_timer 300"),
]

private func route(
  _ name: String, _ object: String, _ changed: [String] = [], show: String, says output: String,
  base: [String: [String]] = gateways
) -> Case {
  Case(
    name: "route \(name)", kind: Route.kind, base: base, section: "routes", object: object,
    changed: changed,
    oracle: ("ip \(show.replacing(" route ", with: " route show "))", output),
    removal: "ip \(show.replacing(" route ", with: " route delete "))")
}

private let routeCases: [Case] = [
  route(
    "via IPv4", #"{ "dst": "10.1.0.0/16", "via": "192.168.25.128" }"#,
    [
      #"{ "dst": "10.1.0.0/16", "via": "192.168.25.129", "dev": "br0", "src": "192.168.24.1" }"#,
      #"{ "dst": "10.1.0.0/16", "via": "10.9.9.9", "dev": "br0", "onlink": true, "mtu": 1400, "advmss": 1360 }"#,
      #"{ "dst": "10.1.0.0/16", "dev": "br0", "scope": "link" }"#,
      #"{ "dst": "10.1.0.0/16", "nhid": 10 }"#,
      #"{ "dst": "10.1.0.0/16", "type": "prohibit" }"#,
      #"{ "dst": "10.1.0.0/16", "nexthops": [ { "via": "192.168.25.128", "dev": "br0" }, { "via": "192.168.25.129", "dev": "br0", "weight": 4 } ] }"#,
      #"{ "dst": "10.1.0.0/16", "via": "fd24::2", "dev": "br0" }"#,
    ], show: "-4 route 10.1.0.0/16", says: "via 192.168.25.128 dev br0 proto 118"),
  route(
    "by table, metric and tos",
    #"{ "dst": "10.2.0.0/16", "via": "192.168.25.128", "table": 57, "metric": 7, "tos": 16 }"#,
    [#"{ "dst": "10.2.0.0/16", "via": "192.168.25.129", "table": 57, "metric": 7, "tos": 16 }"#],
    show: "-4 route 10.2.0.0/16 table 57 metric 7 tos 0x10", says: "via 192.168.25.128"),
  route(
    "default of several nexthops",
    #"{ "dst": "default", "table": 300, "nexthops": [ { "via": "192.168.25.128", "dev": "br0", "weight": 2 }, { "via": "192.168.25.129", "dev": "br0" } ] }"#,
    [
      #"{ "dst": "default", "table": 300, "nexthops": [ { "via": "192.168.25.129", "dev": "br0" }, { "via": "192.168.25.130", "dev": "br0" } ] }"#,
      #"{ "dst": "default", "table": 300, "via": "192.168.25.129" }"#,
    ], show: "-4 route default table 300", says: "nexthop via 192.168.25.128 dev br0 weight 2"),
  route(
    "that is unreachable",
    #"{ "dst": "default", "family": "inet", "table": 57, "type": "unreachable", "metric": 4278198272 }"#,
    [
      #"{ "dst": "default", "family": "inet", "table": 57, "type": "blackhole", "metric": 4278198272 }"#,
      #"{ "dst": "default", "family": "inet", "table": 57, "type": "throw", "metric": 4278198272 }"#,
    ], show: "-4 route default table 57 metric 4278198272", says: "unreachable default"),
  route(
    "of a group", #"{ "dst": "10.3.0.0/16", "nhid": 20 }"#,
    [#"{ "dst": "10.3.0.0/16", "nhid": 11 }"#],
    show: "-4 route 10.3.0.0/16", says: "nhid 20",
    base: gateways.merging(
      ["nexthops": [#"{ "id": 20, "group": [ { "id": 10 }, { "id": 11 } ] }"#]],
      uniquingKeysWith: +)),
  route(
    "that is local", #"{ "dst": "192.0.2.0/24", "type": "local", "dev": "lo", "table": 99 }"#,
    show: "-4 route 192.0.2.0/24 table 99", says: "local 192.0.2.0/24 dev lo"),
  route(
    "via IPv6", #"{ "dst": "2001:db8::/32", "via": "fd24::2" }"#,
    [
      #"{ "dst": "2001:db8::/32", "via": "fd24::3", "dev": "br0", "src": "fd24::1" }"#,
      #"{ "dst": "2001:db8::/32", "dev": "br0", "mtu": 1400 }"#,
      #"{ "dst": "2001:db8::/32", "nexthops": [ { "via": "fd24::2", "dev": "br0" }, { "via": "fd24::3", "dev": "br0", "weight": 4 } ] }"#,
      #"{ "dst": "2001:db8::/32", "type": "unreachable" }"#,
    ], show: "-6 route 2001:db8::/32", says: "via fd24::2 dev br0 proto 118"),
  route(
    "default of IPv6",
    #"{ "dst": "default", "via": "fd24::2", "dev": "br0", "table": 57, "metric": 5 }"#,
    [#"{ "dst": "::/0", "type": "blackhole", "table": 57, "metric": 5 }"#],
    show: "-6 route default table 57 metric 5", says: "default via fd24::2"),
]

private func rule(
  _ name: String, _ object: String, show: String, says output: String, remove: String
) -> Case {
  Case(
    name: "rule \(name)", kind: Rule.kind, section: "rules", object: object,
    oracle: ("ip \(show) rule show", output), removal: "ip \(show) rule delete \(remove)")
}

private let ruleCases: [Case] = [
  rule(
    "by mark", #"{ "priority": 1000, "family": "inet", "fwmark": "0x1900", "lookup": 50 }"#,
    show: "-4", says: "1000:\tfrom all fwmark 0x1900 lookup 50", remove: "priority 1000"),
  rule(
    "by masked mark of IPv6",
    #"{ "priority": 1000, "family": "inet6", "fwmark": "0x1900/0xff00", "lookup": 1000 }"#,
    show: "-6", says: "1000:\tfrom all fwmark 0x1900/0xff00 lookup 1000", remove: "priority 1000"),
  rule(
    "by prefixes and links",
    #"{ "priority": 1001, "from": "192.168.24.0/22", "to": "10.0.0.0/8", "iif": "br0", "oif": "eth9", "tos": 16, "not": true, "lookup": "main", "suppress_prefixlength": 0 }"#,
    show: "-4", says: "not from 192.168.24.0/22 to 10.0.0.0/8 tos 0x10 iif br0",
    remove: "priority 1001"),
  rule(
    "by ports",
    #"{ "priority": 1002, "from": "fd24::1", "ipproto": "udp", "sport": 53, "dport": "1000-2000", "lookup": 50 }"#,
    show: "-6", says: "from fd24::1 ipproto udp sport 53 dport 1000-2000 lookup 50",
    remove: "priority 1002"),
  rule(
    "that goes elsewhere", #"{ "priority": 1003, "to": "10.0.0.0/8", "goto": 32766 }"#, show: "-4",
    says: "from all to 10.0.0.0/8 goto 32766", remove: "priority 1003"),
  rule(
    "that is unreachable",
    #"{ "priority": 1101, "family": "inet", "iif": "br0", "unreachable": true }"#,
    show: "-4", says: "iif br0 [detached] unreachable", remove: "priority 1101"),
  rule(
    "that is a blackhole", #"{ "priority": 1102, "family": "inet6", "blackhole": true }"#,
    show: "-6", says: "1102:\tfrom all blackhole", remove: "priority 1102"),
  rule(
    "that prohibits", #"{ "priority": 1103, "from": "198.51.100.0/24", "prohibit": true }"#,
    show: "-4", says: "from 198.51.100.0/24 prohibit", remove: "priority 1103"),
  rule(
    "that does nothing", #"{ "priority": 1104, "family": "inet", "nop": true }"#,
    show: "-4", says: "1104:\tfrom all nop", remove: "priority 1104"),
]

private let otherCases: [Case] = [
  Case(
    name: "neighbor of IPv4", kind: Neighbor.kind, base: network, section: "neighbors",
    object: #"{ "link": "br0", "address": "192.168.24.7", "mac": "02:00:00:00:00:07" }"#,
    changed: [#"{ "link": "br0", "address": "192.168.24.7", "mac": "02:00:00:00:00:08" }"#],
    oracle: ("ip neighbor show dev br0", "192.168.24.7 lladdr 02:00:00:00:00:07 PERMANENT"),
    removal: "ip neighbor delete 192.168.24.7 dev br0"),
  Case(
    name: "neighbor of IPv6", kind: Neighbor.kind, base: network, section: "neighbors",
    object: #"{ "link": "br0", "address": "fd24::7", "mac": "02:00:00:00:00:07", "router": true }"#,
    changed: [#"{ "link": "br0", "address": "fd24::7", "mac": "02:00:00:00:00:07" }"#],
    oracle: ("ip neighbor show dev br0", "fd24::7 lladdr 02:00:00:00:00:07 router PERMANENT"),
    removal: "ip neighbor delete fd24::7 dev br0"),
  Case(
    name: "neighbor that is proxied", kind: Neighbor.kind, base: network, section: "neighbors",
    object: #"{ "link": "br0", "address": "192.168.24.9", "proxy": true }"#,
    oracle: ("ip neighbor show proxy", "192.168.24.9 dev br0"),
    removal: "ip neighbor delete proxy 192.168.24.9 dev br0"),
  Case(
    name: "neighbor that is proxied, IPv6", kind: Neighbor.kind, base: network,
    section: "neighbors",
    object: #"{ "link": "br0", "address": "fd24::9", "proxy": true }"#,
    oracle: ("ip -6 neighbor show proxy", "fd24::9 dev br0"),
    removal: "ip neighbor delete proxy fd24::9 dev br0"),
  Case(
    name: "fdb entry", kind: FDBEntry.kind,
    base: ["links": [#"{ "name": "vx0", "type": "vxlan", "id": 5, "learning": false }"#]],
    section: "neighbors",
    object: #"{ "link": "vx0", "mac": "02:00:00:00:00:08", "dst": "192.0.2.8" }"#,
    changed: [
      #"{ "link": "vx0", "mac": "02:00:00:00:00:08", "dst": "192.0.2.9", "port": 4790, "vni": 6 }"#
    ],
    oracle: ("bridge fdb show dev vx0", "02:00:00:00:00:08 dst 192.0.2.8"),
    removal: "bridge fdb delete 02:00:00:00:00:08 dev vx0"),
  Case(
    name: "fdb entry for the unknown", kind: FDBEntry.kind,
    base: [
      "links": [#"{ "name": "vx0", "type": "vxlan", "id": 5, "remote": "192.0.2.1" }"#],
      "neighbors": [#"{ "link": "vx0", "mac": "00:00:00:00:00:00", "dst": "192.0.2.8" }"#],
    ],
    section: "neighbors",
    object: #"{ "link": "vx0", "mac": "00:00:00:00:00:00", "dst": "192.0.2.9" }"#,
    changed: [#"{ "link": "vx0", "mac": "00:00:00:00:00:00", "dst": "192.0.2.9", "port": 4790 }"#],
    oracle: ("bridge fdb show dev vx0", "00:00:00:00:00:00 dst 192.0.2.9"),
    removal: "bridge fdb delete 00:00:00:00:00:00 dev vx0 dst 192.0.2.9"),
  Case(
    name: "sysctl", kind: Sysctl.kind, section: "sysctls", object: #""net.ipv4.ip_forward": 1"#,
    changed: [#""net.ipv4.ip_forward": 0"#, #""net.ipv4.ip_forward": "1""#],
    oracle: ("sysctl net.ipv4.ip_forward", "net.ipv4.ip_forward = 1"),
    removal: "sysctl -w net.ipv4.ip_forward=0"),
  Case(
    name: "sysctl of a link with a dot", kind: Sysctl.kind,
    base: ["links": [#"{ "name": "br0.7", "type": "bridge" }"#]], section: "sysctls",
    object: #""net.ipv4.conf.br0/7.rp_filter": 2"#,
    changed: [#""net/ipv4/conf/br0.7/rp_filter": 1"#],
    oracle: ("sysctl net/ipv4/conf/br0.7/rp_filter", "= 2"),
    removal: "sysctl -w net/ipv4/conf/br0.7/rp_filter=0"),
]
