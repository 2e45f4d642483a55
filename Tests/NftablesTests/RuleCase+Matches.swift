extension RuleCase {
  static let metaCases: [RuleCase] = join([
    each(
      "inet",
      [
        "meta length 100", "meta length 100-200", "meta length > 1000", "meta length != 1-9",
        "meta protocol ip", "meta protocol ip6", "meta protocol { ip, arp }", "meta mark 0x1900",
        "meta mark != 0", "meta mark 1-5", "meta mark != 1-5", "meta mark < 5", "meta mark >= 7",
        "meta mark { 1, 2, 3 }", "meta mark { 1-5, 7 }", "meta priority 1:2", "meta priority none",
        "meta priority { 1:2, 3:4 }", "iif \"lo\"", "oif \"lo\"", "iif { \"lo\", 7 }",
        "iifname \"eth0\"", "iifname \"eth*\"", "iifname != \"eth*\"", "iifname != \"eth0\"",
        "iifname { \"a\", \"b\" }", "iifname { \"a*\", \"b\" }", "oifname \"net0\"",
        "oifname != { \"lo\", \"net0\", \"vrrp.51\" }", "iifname . oifname { \"a\" . \"b\" }",
        "meta iiftype ether", "meta oiftype { ether, loopback }", "meta skuid 0",
        "meta skuid 1000-2000", "meta skgid { 1, 2 }", "meta nftrace 1", "meta rtclassid 7",
        "meta nfproto ipv4", "meta nfproto ipv6", "meta nfproto { ipv4, ipv6 }",
        "meta l4proto tcp", "meta l4proto { tcp, udp }", "meta l4proto != { tcp, udp }",
        "meta l4proto 47", "meta l4proto icmp", "meta l4proto ipv6-icmp", "meta l4proto > 20",
        "meta pkttype broadcast", "meta pkttype { host, multicast }", "meta cpu 1",
        "meta cpu 1-3", "meta cpu { 1, 2 }", "meta iifgroup 3", "meta oifgroup default",
        "meta cgroup 1048577", "meta random 5", "meta random < 1000", "meta ipsec exists",
        "meta ipsec missing", "meta hour \"10:00\"-\"12:00\"", "meta day \"Monday\"",
        "meta day { \"Monday\", \"Sunday\" }", "meta time > \"2022-01-01 00:00:00\"",
        "meta time \"2022-01-01\"-\"2023-01-01\"", "meta sdif \"lo\"", "meta sdifname \"vrf0\"",
        "meta iifkind \"vxlan\"", "meta mark & 0xff == 0x12", "meta mark & 0xff != 0",
        "meta mark and 0xff00 == { 0x100, 0x200 }", "meta mark | 0x1 == 0x3",
        "meta mark ^ 0x5 == 0x3", "iif . meta mark { \"lo\" . 5 }",
      ]),
    each("bridge", ["meta ibrname \"br0\"", "meta obrname \"br0\"", "ibrname { \"a\", \"b\" }"]),
  ])

  static let ctCases: [RuleCase] = join([
    each(
      "inet",
      [
        "ct state new", "ct state established,related", "ct state != new",
        "ct state != established,related", "ct state { new, invalid }", "ct state == new",
        "ct state invalid,untracked drop", "ct state vmap { established : accept, new : drop }",
        "ct direction original", "ct direction reply ct mark != 0 meta mark set ct mark return",
        "ct status dnat", "ct status snat,dnat", "ct status != confirmed", "ct mark 5",
        "ct mark 0x1900-0x19ff", "ct mark != 0x1900-0x19ff", "ct mark { 1, 2 }", "ct mark > 5",
        "ct mark & 0xff == 5", "ct expiration 30s", "ct expiration > 1m", "ct expiration 10s-20s",
        "ct helper \"ftp\"", "ct l3proto ipv4", "ct original l3proto ipv4",
        "ct original protocol tcp", "ct protocol udp", "ct original ip saddr 10.0.0.1",
        "ct original ip saddr 10.0.0.0/8", "ct reply ip daddr 10.0.0.0/12",
        "ct reply ip6 saddr fe80::1", "ct original ip saddr { 10.0.0.1, 10.0.0.2 }",
        "ct original proto-src 80", "ct reply proto-dst 1000-2000", "ct packets > 10",
        "ct original packets 5", "ct reply bytes > 100000", "ct bytes 1-2",
        "ct original avgpkt > 200",
        "ct avgpkt 100-200", "ct zone 5", "ct original zone 7", "ct id 12345",
        "ct state . ct mark { new . 5, established . 6 }",
      ])
  ])

  static let payloadCases: [RuleCase] = join([
    each(
      "inet ip",
      [
        "ip version 4", "ip hdrlength 5", "ip dscp cs1", "ip dscp 3", "ip dscp != cs0",
        "ip dscp { cs1, af11 }", "ip ecn ce", "ip length 100", "ip length 100-200", "ip id 1",
        "ip frag-off 0x1fff", "ip frag-off & 0x1fff != 0", "ip ttl 64", "ip ttl > 5", "ip ttl < 2",
        "ip ttl { 1, 2 }", "ip ttl 1-10", "ip protocol tcp", "ip protocol { tcp, udp }",
        "ip protocol != tcp", "ip checksum 5", "ip saddr 10.0.0.1", "ip saddr != 10.0.0.1",
        "ip daddr 10.0.0.0/8", "ip daddr 10.0.0.0/12", "ip daddr != 10.0.0.0/24",
        "ip saddr 10.0.0.1-10.0.0.9", "ip saddr != 10.0.0.1-10.0.0.9",
        "ip saddr { 10.0.0.1, 10.0.0.2 }", "ip saddr { 10.0.0.0/8, 192.168.0.0/16 }",
        "ip saddr { 10.0.0.1-10.0.0.9, 10.0.0.20 }", "ip saddr != { 10.0.0.0/8 }",
        "ip saddr { 0.0.0.0/8, 224.0.0.0/3 }", "ip saddr 10.0.0.1 ip daddr 10.0.0.2",
        "ip daddr 10.0.0.2 ip saddr 10.0.0.1", "ip saddr . ip daddr { 10.0.0.1 . 10.0.0.2 }",
        "ip saddr & 255.255.0.255 == 10.0.0.1", "ip ttl 64 ip protocol tcp",
        "ip saddr . tcp dport { 10.0.0.1 . 22, 10.0.0.0/8 . 80-90 }",
        "ip protocol tcp tcp dport 22", "ip protocol . th dport { tcp . 22, udp . 53 }",
      ]),
    each(
      "inet ip6",
      [
        "ip6 version 6", "ip6 dscp cs1", "ip6 dscp { cs1, 5 }", "ip6 ecn ect0", "ip6 flowlabel 22",
        "ip6 flowlabel != 233", "ip6 length 33-45", "ip6 nexthdr tcp", "ip6 nexthdr { tcp, udp }",
        "ip6 hoplimit 1", "ip6 hoplimit > 5", "ip6 saddr ::1", "ip6 saddr fe80::/10",
        "ip6 saddr fd24::/64", "ip6 daddr != fe80::/64", "ip6 saddr ::1-::5",
        "ip6 saddr { ::1, fe80::1 }", "ip6 saddr { fe80::/10, fd00::/8 }",
        "ip6 saddr . ip6 daddr { ::1 . ::2 }", "exthdr frag exists", "exthdr frag missing",
        "frag frag-off 5", "frag more-fragments 1", "frag id 1", "hbh nexthdr tcp",
        "rt type 0", "exthdr dst exists", "mh type 1",
        "ip6 nexthdr ipv6-icmp icmpv6 type echo-request",
      ]),
    each(
      "bridge netdev",
      [
        "ether saddr 00:11:22:33:44:55", "ether daddr { 00:11:22:33:44:55, 00:11:22:33:44:56 }",
        "ether type ip", "ether type ip ip saddr 10.0.0.1", "ether type arp", "ip saddr 10.0.0.1",
        "ip6 saddr ::1", "tcp dport 22", "ether saddr & ff:ff:00:00:00:00 == 00:11:00:00:00:00",
        "arp operation request", "arp saddr ip 10.0.0.1", "meta protocol ip tcp dport 22",
        "icmp type echo-request", "icmpv6 type echo-request",
        "ether saddr 00:11:22:33:44:55 ether type ip",
      ]),
    each(
      "arp",
      [
        "arp operation request", "arp operation { request, reply }", "arp htype 1",
        "arp ptype ip", "arp hlen 6", "arp plen 4", "arp saddr ip 10.0.0.1",
        "arp daddr ip 10.0.0.0/8", "arp saddr ether 00:11:22:33:44:55",
        "arp htype 1 arp ptype ip arp hlen 6 arp plen 4 arp operation request",
      ]),
    each("inet", ["ether saddr 00:11:22:33:44:55", "ether saddr 00:11:22:33:44:55 tcp dport 22"]),
  ])

  static let transportCases: [RuleCase] = join([
    each(
      "inet ip",
      [
        "tcp dport 22", "tcp dport != 22", "tcp dport 1-1024", "tcp dport != 1-1024",
        "tcp dport { 22, 80, 443 }", "tcp dport { 22, 80-90 }", "tcp sport 22 tcp dport 80",
        "tcp dport 80 tcp sport 22", "tcp sport . tcp dport { 1 . 2 }", "tcp sequence 5",
        "tcp ackseq > 100", "tcp doff 5", "tcp flags syn", "tcp flags != syn", "tcp flags == syn",
        "tcp flags syn,ack", "tcp flags & (fin | syn | rst | ack) == syn",
        "tcp flags & (fin | syn) != 0", "tcp flags & syn == 0", "tcp flags { syn, ack }",
        "tcp flags & (fin|syn|rst|ack) == { syn, ack }", "tcp flags fin,syn / fin,syn",
        "tcp flags != fin,syn / fin,syn,rst", "tcp window 100", "tcp window < 1000",
        "tcp checksum 1", "tcp urgptr 0", "udp sport 53", "udp dport { 53, 5353 }",
        "udp length 100-200", "udp checksum 0", "udplite dport 5", "udplite csumcov 8",
        "sctp dport 5", "sctp vtag 7", "dccp sport 5", "dccp type request", "th dport 53",
        "meta l4proto { tcp, udp } th dport 53",
        "meta l4proto { tcp, udp } th sport . th dport { 1 . 2 }",
        "ah spi 5", "esp spi 100-200", "comp cpi 3", "igmp type membership-query",
        "icmp type echo-request", "icmp type { echo-request, echo-reply }", "icmp code 3",
        "icmp type destination-unreachable icmp code port-unreachable", "icmp checksum 5",
        "tcp option maxseg size 1400", "tcp option maxseg exists", "tcp option window count 5",
        "tcp option sack-perm missing", "tcp option timestamp tsval 5",
        "tcp dport 22 tcp flags syn",
        "meta l4proto tcp tcp dport 22", "@th,0,16 22", "@nh,64,8 5", "@th,16,16 { 22, 80 }",
        "tcp dport 22 ip saddr 10.0.0.1",
      ]),
    each(
      "inet ip6",
      [
        "icmpv6 type nd-neighbor-solicit", "icmpv6 type { echo-request, nd-router-advert }",
        "icmpv6 code no-route", "icmpv6 checksum 5", "tcp dport 22", "udp sport 53",
      ]),
    each(
      "ip",
      [
        "icmp type { destination-unreachable, time-exceeded, parameter-problem } drop",
        "icmp id 5", "icmp sequence 7", "icmp mtu 1400", "icmp gateway 5", "rt classid 5",
      ]),
  ])

  static let operationCases: [RuleCase] = join([
    each(
      "inet",
      [
        "meta mark set 5", "meta mark set ct mark", "ct mark set meta mark", "ct mark set 0x5",
        "meta mark set meta mark & 0xff | 0x1", "meta mark set ct mark and 0xff or 0x1",
        "meta mark set meta mark xor 0x5", "meta mark set meta mark | 0x100",
        "meta mark set meta mark & 0xffffff00", "meta mark set meta mark << 8",
        "meta mark set meta mark >> 4", "meta mark set tcp dport", "ct mark set ip dscp",
        "meta priority set 1:2", "meta priority set none", "meta nftrace set 1",
        "meta pkttype set host", "ct event set new,destroy", "ct event set new",
        "meta mark set numgen inc mod 4", "meta mark set numgen random mod 4 offset 10",
        "meta mark set jhash ip saddr mod 4", "meta mark set jhash ip saddr mod 4 seed 5",
        "meta mark set jhash ip saddr . ip daddr mod 4 seed 5 offset 100",
        "meta mark set jhash ip saddr . ip daddr . meta l4proto . th sport . th dport mod 4096 seed 7",
        "meta mark set jhash ip6 saddr . ip6 daddr . meta l4proto mod 4096 seed 7",
        "meta mark set symhash mod 4", "meta mark set symhash mod 4 offset 5",
        "meta mark set numgen inc mod 2 map { 0 : 5, 1 : 6 }",
        "meta mark set ip saddr map { 10.0.0.1 : 5, 10.0.0.2 : 6 }",
        "meta mark set ip saddr map { 10.0.0.0/8 : 5, 192.168.0.0/16 : 6 }",
        "meta mark set tcp dport map { 22 : 1, 80-90 : 2 }",
        "meta mark set ip saddr . tcp dport map { 10.0.0.1 . 22 : 5 }",
        "ct mark set iifname map { \"a\" : 1, \"b\" : 2 }", "meta mark set meta iif",
        "numgen inc mod 10 offset 3 < 5", "numgen random mod 100 50-99", "numgen inc mod 2 1",
        "jhash ip saddr mod 4 seed 1 2", "symhash mod 4 1",
        "fib saddr type local", "fib daddr type { local, broadcast }",
        "fib saddr type != local drop",
        "fib saddr oif exists", "fib saddr . iif oif missing", "fib daddr . iif oif exists",
        "fib saddr oif \"lo\"", "fib saddr oifname \"eth0\"", "fib saddr . mark . iif oif missing",
        "fib daddr . iif type vmap { local : accept, blackhole : drop }",
        "rt ip nexthop 10.0.0.1", "rt ip6 nexthop ::1", "rt mtu > 1000", "rt classid 5",
        "rt ipsec exists", "ip saddr set 10.0.0.1", "ip dscp set cs1", "ip ecn set ce",
        "ip ttl set 5", "ip6 saddr set ::1", "ip6 hoplimit set 5", "tcp dport set 80",
        "udp sport set 53", "tcp sport set 5", "ip daddr set 10.0.0.1", "ip6 dscp set 5",
        "tcp option maxseg size set 1400", "tcp flags & (fin|syn|rst|ack) == syn notrack",
        "meta mark set ct mark map { 1 : 2, 3 : 4 }", "ct mark set ct mark | 0x10",
      ]),
    each(
      "inet", hook: "filter hook forward priority 0",
      [
        "tcp option maxseg size set rt mtu",
        "tcp flags syn tcp option maxseg size set rt mtu",
      ]),
  ])
}
