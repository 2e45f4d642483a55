/// Whole rulesets in nft's language, and as newer nft writes them in JSON where 1.0.6 can't.
enum Rulesets {
  /// A ruleset like the router's data plane.
  static let routerText = """
    table inet vpn {
      set vpn_if { type ifname; elements = { "net0", "vrrp.51" } }
      set closed4 { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.168.0.0/16 } }
      set reals4 { type ipv4_addr; elements = { 192.168.27.1, 192.168.27.2 } }
      set ports { type inet_service; elements = { 6881 } }
      set up { type mark; elements = { 0x1900, 0x1901 } }
      map ingress4 { type ipv4_addr : mark; elements = { 192.168.26.128 : 0x1900 } }
      map egress { typeof numgen inc mod 4096 : meta mark; elements = { 0 : 0x1900, 1 : 0x1901 } }
      map pin { typeof numgen inc mod 4294967295 : meta mark; flags dynamic,timeout; timeout 10m; size 262144; }
      set heard4 { typeof ip saddr . udp sport . udp dport; flags dynamic,timeout; timeout 170s; size 65536; }
      map lb4 { typeof numgen inc mod 1024 : ip daddr; elements = { 0 : 192.168.27.1, 1 : 192.168.27.2 } }
      chain keep { update @pin { jhash ip saddr . ip daddr . meta l4proto . th sport . th dport mod 4294967295 seed 7 : meta mark }; }
      chain hash {
        meta l4proto { tcp, udp } meta mark set jhash ip saddr . ip daddr . meta l4proto . th sport . th dport mod 4096 seed 7 map @egress return
        meta mark set jhash ip saddr . ip daddr . meta l4proto mod 4096 seed 7 map @egress return
      }
      chain repin {
        meta mark set 0
        jump hash
        delete @pin { jhash ip saddr . ip daddr . meta l4proto . th sport . th dport mod 4294967295 seed 7 : meta mark }
        meta mark != 0 goto keep
      }
      chain leaving {
        meta l4proto != { tcp, udp } goto hash
        tcp flags & (fin | syn | rst | ack) == syn goto repin
        meta mark set jhash ip saddr . ip daddr . meta l4proto . th sport . th dport mod 4294967295 seed 7 map @pin
        meta mark @up goto keep
        goto repin
      }
      chain raw {
        type filter hook prerouting priority raw;
        iifname != @vpn_if return
        ip daddr @closed4 return
        ip saddr @reals4 udp sport @ports ip daddr . udp dport . udp sport @heard4 update @heard4 { ip daddr . udp dport . udp sport } return
        ip saddr @reals4 udp sport @ports notrack
        tcp flags & (fin | syn | rst | ack) == syn notrack
        ip saddr @reals4 meta l4proto { tcp, udp } th sport @ports return
      }
      chain steer {
        type filter hook prerouting priority mangle;
        iifname != @vpn_if return
        ct state new ct mark set ip daddr map @ingress4
        ip daddr @closed4 return
        ct direction reply ct mark != 0 meta mark set ct mark return
        icmp type { destination-unreachable, time-exceeded, parameter-problem } ct state { invalid, untracked } drop
        goto leaving
      }
      chain balance {
        type nat hook prerouting priority dstnat;
        iifname @vpn_if meta l4proto { tcp, udp } th dport @ports dnat ip to jhash ip saddr mod 1024 seed 7 map @lb4
      }
      chain heard {
        type filter hook postrouting priority srcnat + 1;
        oifname @vpn_if ip daddr @reals4 udp dport @ports update @heard4 { ip saddr . udp sport . udp dport }
      }
      chain forward { type filter hook forward priority filter; iifname @vpn_if oifname != @vpn_if counter drop; }
      chain answer { type route hook output priority mangle; ct direction reply ct mark 0x1900-0x19ff meta mark set ct mark; }
      chain leave {
        type filter hook postrouting priority srcnat + 10;
        oifname { "lo", "net0", "vrrp.51" } return
        fib saddr type != local counter drop
        ip saddr 192.168.24.0/22 counter drop
        ip6 saddr fd24::/64 counter drop
        ct mark 0x1900-0x1aff counter drop
      }
    }
    table ip vpnask {
      chain ask {
        type filter hook prerouting priority mangle + 1;
        meta mark != 0x1a00 return
        ip saddr set 10.0.0.1 dup to 10.0.0.2 device "lo"
        counter drop
      }
    }
    """

  /// What nft 1.0.6 prints of it, repaired: typeof, `dynamic`, map statements.
  static func router(printed: String) -> String {
    let pinKey =
      #"{"jhash": {"mod": 4294967295, "seed": 7, "expr": {"concat": [{"payload": {"protocol": "ip", "field": "saddr"}}, {"payload": {"protocol": "ip", "field": "daddr"}}, {"meta": {"key": "l4proto"}}, {"payload": {"protocol": "th", "field": "sport"}}, {"payload": {"protocol": "th", "field": "dport"}}]}}}"#
    var json = printed
    for op in ["update", "delete"] {
      json = json.replacing(
        "\"\(op) @pin { jhash ip saddr . ip daddr . meta l4proto . th sport . th dport mod 4294967295 seed 0x7 : meta mark }\"",
        with:
          #"{"map": {"op": "\#(op)", "elem": \#(pinKey), "data": {"meta": {"key": "mark"}}, "map": "@pin"}}"#
      )
    }
    func numgen(_ modulus: String) -> String {
      #"{"typeof": {"numgen": {"mode": "inc", "mod": \#(modulus), "offset": 0}}}"#
    }
    for (name, modulus, old, data) in [
      ("egress", "4096", "mark", #"{"typeof": {"meta": {"key": "mark"}}}"#),
      ("pin", "4294967295", "mark", #"{"typeof": {"meta": {"key": "mark"}}}"#),
      (
        "lb4", "1024", "ipv4_addr",
        #"{"typeof": {"payload": {"protocol": "ip", "field": "daddr"}}}"#
      ),
    ] {
      json = json.replacing(
        #""name": "\#(name)", "table": "vpn", "type": "integer""#,
        with: #""name": "\#(name)", "table": "vpn", "type": \#(numgen(modulus))"#)
      var parts = json.split(separator: #""name": "\#(name)", "table""#, maxSplits: 1)
      parts[1] =
        parts[1].replacing(#""map": "\#(old)""#, with: #""map": \#(data)"#, maxReplacements: 1)[...]
      json = parts.joined(separator: #""name": "\#(name)", "table""#)
    }
    json = json.replacing(
      #""type": ["ipv4_addr", "inet_service", "inet_service"]"#,
      with:
        #""type": {"typeof": {"concat": [{"payload": {"protocol": "ip", "field": "saddr"}}, {"payload": {"protocol": "udp", "field": "sport"}}, {"payload": {"protocol": "udp", "field": "dport"}}]}}"#
    )
    return json.replacing(#""flags": ["timeout"]"#, with: #""flags": ["dynamic", "timeout"]"#)
  }
}
