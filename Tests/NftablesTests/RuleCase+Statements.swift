extension RuleCase {
  static let setCases: [RuleCase] = join([
    each(
      "inet",
      with: """
        set s4 { type ipv4_addr; elements = { 10.0.0.1, 10.0.0.2 } }
        set i4 { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.168.1.1-192.168.1.9 } }
        set e4 { type ipv4_addr; flags interval; }
        set ports { type inet_service; elements = { 22, 80 } }
        set names { type ifname; elements = { "net0", "lo" } }
        set marks { type mark; elements = { 0x1900, 0x1901 } }
        set imarks { type mark; flags interval; elements = { 0x1900-0x19ff } }
        set pairs { type ipv4_addr . inet_service; elements = { 10.0.0.1 . 22 } }
        set ipairs { type ipv4_addr . inet_service; flags interval; elements = { 10.0.0.0/8 . 1-1024 } }
        set timed { type ipv4_addr; flags timeout; timeout 10m; gc-interval 1m; size 1000; }
        set dyn { type ipv4_addr; size 65535; flags dynamic,timeout; timeout 1m; }
        set states { type ct_state; elements = { new, established } }
        set memory { type ipv6_addr; size 7; elements = { ::1, fe80::1 } }
        map marked { type ipv4_addr : mark; elements = { 10.0.0.1 : 0x5, 10.0.0.2 : 0x6 } }
        map imarked { type ipv4_addr : mark; flags interval; elements = { 10.0.0.0/8 : 0x5 } }
        map pmarked { type ipv4_addr . inet_service : mark; elements = { 10.0.0.1 . 22 : 0x5 } }
        map verdicts { type inet_service : verdict; elements = { 22 : accept, 23 : drop, 24 : return } }
        map iverdicts { type inet_service : verdict; flags interval; elements = { 22 : accept, 80-90 : drop, 95-99 : return } }
        chain x { }
        """,
      [
        "ip saddr @s4", "ip saddr != @s4", "ip saddr @i4", "ip saddr @e4", "tcp dport @ports",
        "tcp dport != @ports", "iifname @names", "iifname != @names return", "meta mark @marks",
        "ct mark @imarks", "meta mark @imarks", "ip saddr . tcp dport @pairs",
        "ip saddr . tcp dport @ipairs", "ip daddr . udp dport != @ipairs", "ip saddr @timed",
        "ct state @states", "ip6 saddr @memory", "meta mark set ip saddr map @marked",
        "meta mark set ip daddr map @imarked", "ct mark set ip saddr map @marked",
        "meta mark set ip saddr . tcp dport map @pmarked", "tcp dport vmap @verdicts",
        "tcp dport vmap @iverdicts",
        "tcp dport vmap { 22 : accept, 80-90 : drop, 100 : jump x }",
        "ip saddr vmap { 10.0.0.1 : accept, 10.0.0.2 : goto x }",
        "ip saddr vmap { 10.0.0.0/8 : return, 192.168.0.0/16 : continue }",
        "ip saddr . tcp dport vmap { 10.0.0.1 . 22 : accept }",
        "meta l4proto vmap { tcp : jump x, udp : drop }",
        "iifname vmap { \"lo\" : accept, \"net0\" : jump x }", "jump x", "goto x", "return",
        "continue", "accept", "drop", "ct mark vmap { 0x1 : drop }",
      ]),
    [
      RuleCase(
        "inet", "accept", with: "set s { type ipv4_addr; elements = { 10.0.0.1 comment \"home\" } }"
      ),
      RuleCase(
        "inet", "accept",
        with:
          "set s { type ipv4_addr; flags interval; auto-merge; elements = { 10.0.0.0/9, 11.0.0.1 } }"
      ),
      RuleCase("inet", "accept", with: "set s { type ipv4_addr; policy memory; }"),
      RuleCase(
        "inet", "tcp dport vmap { 1-5 : accept, 6-7 : drop }",
        with: "set s { type inet_service; flags interval; elements = { 1-5, 6-7, 10-20 } }"),
      RuleCase(
        "inet", "tcp dport { 1-5, 6-7, 9-20 }",
        with:
          "map m { type inet_service : verdict; flags interval; elements = { 1-5 : accept, 6-7 : drop } }"
      ),
      RuleCase(
        "inet", "accept",
        with: "set s { type inet_service; flags interval; auto-merge; elements = { 1-5, 4-7, 8 } }"),
      RuleCase(
        "inet", "accept", with: "set s { type ipv4_addr; flags constant; elements = { 10.0.0.1 } }"),
      RuleCase(
        "inet", "accept",
        with: "set s { type ipv4_addr; flags interval; elements = { 224.0.0.0/3 } }"),
      RuleCase(
        "inet", "accept", with: "set s { type ipv4_addr; flags interval; elements = { 0.0.0.0/0 } }"
      ),
      RuleCase(
        "inet", "accept",
        with: "map m { type ipv4_addr : mark; elements = { * : 0x5, 10.0.0.1 : 0x6 } }"),
      RuleCase(
        "inet", "accept",
        with: "set s { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, * } }"),
      RuleCase(
        "inet", "accept", with: "set s { type ipv4_addr; counter; elements = { 10.0.0.1 } }"),
      RuleCase(
        "inet", "accept",
        with: "map m { type ifname : verdict; flags interval; elements = { \"eth*\" : accept } }"),
      RuleCase(
        "inet", "accept",
        with: "set s { type inet_proto . inet_service; elements = { tcp . 22 } }"),
      RuleCase(
        "inet", "accept", with: "set s { type ether_addr; elements = { 00:11:22:33:44:55 } }"),
      RuleCase(
        "inet", "accept",
        with:
          "set s { type ipv6_addr . ipv6_addr . inet_service; flags interval; elements = { fe80::/10 . ::1 . 80-90 } }"
      ),
      RuleCase("inet", "accept", with: "set s { type icmp_type; elements = { echo-request } }"),
      RuleCase("inet", "accept", with: "set s { type mark . ifname; elements = { 5 . \"lo\" } }"),
    ],
  ])

  static let statementCases: [RuleCase] = join([
    each(
      "inet",
      with: """
        counter hits { packets 5 bytes 100 }
        counter others { comment "why" }
        quota daily { over 100 mbytes }
        limit slow { rate 10/second }
        ct helper ftp-std { type "ftp" protocol tcp; l3proto ip; }
        """,
      [
        "counter", "counter packets 5 bytes 100", "counter accept", "counter name \"hits\"",
        "counter name tcp dport map { 22 : \"hits\", 80 : \"others\" }",
        "quota name \"daily\" drop",
        "limit name \"slow\" accept", "quota 100 mbytes", "quota over 5 kbytes drop",
        "quota until 10 bytes", "limit rate 10/second", "limit rate 10/minute burst 7 packets",
        "limit rate over 400/hour", "limit rate 10/day", "limit rate 1/week",
        "limit rate 10 kbytes/second", "limit rate over 10 mbytes/minute burst 5 kbytes",
        "limit rate 1000 bytes/second burst 200 bytes", "log", "log prefix \"foo \"",
        "log level info", "log level warn", "log level emerg", "log level audit", "log group 2",
        "log group 2 snaplen 100 queue-threshold 5 prefix \"x\"", "log flags all",
        "log flags tcp sequence,options", "log flags ip options flags skuid", "log flags ether",
        "log prefix \"a\" level debug flags skuid accept",
        "ct count 5", "ct count over 20 drop", "accept comment \"why not\"",
        "tcp dport 22 counter packets 0 bytes 0 log prefix \"ssh\" accept comment \"ssh\"",
      ]),
    each(
      "inet", hook: "filter hook input priority 0",
      [
        "reject", "reject with icmpx port-unreachable", "reject with icmpx admin-prohibited",
        "reject with icmpx no-route", "reject with icmpx host-unreachable", "reject with tcp reset",
        "tcp dport 22 reject with tcp reset", "meta l4proto tcp reject with tcp reset",
        "reject with icmp host-unreachable", "reject with icmpv6 no-route",
        "ip saddr 10.0.0.1 reject", "ip6 saddr ::1 reject",
        "ip saddr 10.0.0.1 reject with icmp admin-prohibited",
      ]),
    each(
      "ip", hook: "filter hook input priority 0",
      [
        "reject", "reject with icmp net-unreachable", "reject with icmp prot-unreachable",
        "reject with tcp reset", "reject with icmp host-prohibited",
      ]),
    each(
      "ip6", hook: "filter hook input priority 0",
      ["reject", "reject with icmpv6 addr-unreachable", "reject with icmpv6 policy-fail"]),
    each(
      "inet", hook: "filter hook prerouting priority raw",
      ["notrack", "meta l4proto { tcp, udp } notrack", "ct zone set 5", "udp dport 53 notrack"]),
    each(
      "ip", hook: "filter hook prerouting priority mangle",
      [
        "dup to 10.0.0.1", "dup to 10.0.0.1 device \"lo\"",
        "ip saddr set 10.0.0.1 dup to 10.0.0.2 device \"lo\"",
        "dup to ip saddr map { 10.0.0.1 : 10.0.0.2 }",
      ]),
    each("ip6", hook: "filter hook prerouting priority 0", ["dup to ::1 device \"lo\""]),
    each(
      "inet", hook: "filter hook output priority -300; policy drop",
      ["accept", "skuid 0 accept"]),
    each(
      "inet", hook: "filter hook prerouting priority mangle",
      ["socket transparent 1", "socket mark 5", "socket wildcard 0 accept"]),
    each("inet", hook: "route hook output priority mangle", ["meta mark set 5"]),
    each("bridge", hook: "filter hook forward priority filter", ["accept"]),
    each("arp", hook: "filter hook input priority 5", ["drop"]),
  ])

  static let natCases: [RuleCase] = join([
    each(
      "inet", hook: "nat hook prerouting priority dstnat",
      with: """
        map lb { type mark : ipv4_addr; elements = { 0 : 10.0.0.1, 1 : 10.0.0.2 } }
        """,
      [
        "dnat ip to 10.0.0.1", "tcp dport 80 dnat ip to 10.0.0.1:8080", "dnat ip6 to fe80::1",
        "tcp dport 80 dnat ip6 to [fe80::1]:8080", "dnat ip to 10.0.0.1-10.0.0.9",
        "tcp dport 80 dnat ip to 10.0.0.1:80-90", "dnat ip to 10.0.0.1 persistent",
        "dnat ip to 10.0.0.1-10.0.0.9 random,persistent",
        "dnat ip to numgen inc mod 2 map { 0 : 10.0.0.1, 1 : 10.0.0.2 }",
        "dnat ip to jhash ip saddr mod 2 seed 5 map { 0 : 10.0.0.1, 1 : 10.0.0.2 }",
        "dnat ip to meta mark map @lb", "tcp dport 80 redirect", "tcp dport 80 redirect to :8080",
        "meta l4proto tcp redirect to :8080-8090 random,persistent", "redirect fully-random",
        "ip daddr 10.0.0.1 tcp dport 80 dnat ip to 10.0.0.2:80",
        "dnat ip to ip saddr map { 10.0.0.0/8 : 10.0.0.1 }",
        "meta l4proto { tcp, udp } th dport 53 dnat ip to 10.0.0.53",
      ]),
    each(
      "ip", hook: "nat hook postrouting priority srcnat",
      [
        "masquerade", "masquerade random", "masquerade fully-random,persistent",
        "tcp dport 80 masquerade to :1024-65535", "snat to 10.0.0.1", "snat to 10.0.0.1-10.0.0.4",
        "meta l4proto tcp snat to 10.0.0.1:1-5 persistent", "snat to 10.0.0.1 fully-random",
        "ip saddr 10.0.0.0/8 oifname \"eth0\" masquerade",
        "snat to ip saddr map { 10.0.0.1 : 1.2.3.4 }",
        "ip saddr 10.0.0.0/24 snat to 10.1.0.0/24",
      ]),
    each(
      "ip6", hook: "nat hook postrouting priority srcnat",
      ["masquerade", "snat to fe80::1", "snat to fe80::1-fe80::9"]),
    each(
      "inet", hook: "filter hook prerouting priority mangle",
      [
        "meta l4proto tcp tproxy ip to 127.0.0.1:50080", "meta l4proto udp tproxy to :50080",
        "meta l4proto tcp tproxy ip6 to [::1]:50080", "tcp dport 80 tproxy ip to 10.0.0.1",
      ]),
  ])

  static let unreadable: [RuleCase] = join([
    file("text-only"), file("objects"), file("sets"), file("nat-maps"), file("dependencies"),
    each(
      "inet", with: "set plain { type ipv4_addr; size 100; comment \"why\"; }",
      ["add @plain { ip saddr }"]),
    each(
      "inet",
      with: """
        set dyn { type ipv4_addr; size 65535; flags dynamic,timeout; timeout 1m; }
        """,
      [
        "update @dyn { ip saddr }", "add @dyn { ip saddr }", "delete @dyn { ip saddr }",
        "update @dyn { ip saddr timeout 30s }", "update @dyn { ip saddr counter }",
        "add @dyn { ip saddr limit rate 10/second }",
        "add @dyn { ip saddr limit rate over 10/second burst 7 packets } drop",
        "tcp dport 22 update @dyn { ip daddr timeout 5m } accept",
      ]),
    each(
      "inet",
      with: """
        set busy { type ipv4_addr; size 65535; flags dynamic; }
        """,
      [
        "add @busy { ip saddr ct count 3 }", "add @busy { ip saddr ct count over 20 } drop",
        "tcp dport 22 ct state new update @busy { ip saddr ct count over 5 } drop",
      ]),
    each(
      "inet",
      with: """
        map jumps { type inet_service : verdict; elements = { 22 : accept, 23 : jump x, 24 : goto x } }
        map ijumps { type inet_service : verdict; flags interval; elements = { 22 : goto x, 80-90 : jump x } }
        chain x { }
        """, ["tcp dport vmap @jumps", "tcp dport vmap @ijumps"]),
    each(
      "inet", hook: "nat hook prerouting priority dstnat",
      with: """
        map m { type ipv4_addr : ipv4_addr . inet_service; elements = { 10.0.0.1 : 10.0.0.2 . 80 } }
        map hop { type inet_service : ipv4_addr . inet_service; elements = { 80 : 10.0.0.1 . 8080 } }
        """,
      [
        "accept", "meta l4proto tcp dnat ip to tcp dport map @hop",
        "meta l4proto { tcp, udp } dnat ip to ip saddr map @m",
      ]),
  ])
}
