import Model

// Links that nodes have: bonds, bridges that tell VLANs apart, tunnels. This machine's kernel has none of
// them; Debian's does, in the virtual machine.

let nodeLinkCases: [Case] = bondCases + vlanCases + tunnelCases

private let bondCases: [Case] = [
  link(
    "bond",
    #"{ "name": "l0", "type": "bond", "mode": "active-backup", "miimon": "100ms", "updelay": "200ms", "fail_over_mac": "none", "mtu": 1400, "address": "02:00:00:00:00:0b" }"#,
    [
      #"{ "name": "l0", "type": "bond", "mode": "active-backup", "miimon": "50ms", "updelay": "100ms", "downdelay": "50ms", "num_grat_arp": 3, "primary_reselect": "failure", "resend_igmp": 2 }"#,
      #"{ "name": "l0", "type": "bond", "mode": "active-backup", "arp_interval": "1s", "arp_ip_target": ["192.0.2.1", "192.0.2.2"], "arp_validate": "all", "arp_all_targets": "all", "arp_missed_max": 3, "fail_over_mac": "active" }"#,
      #"{ "name": "l0", "type": "bond", "mode": "active-backup", "arp_interval": "2s", "arp_ip_target": "192.0.2.3" }"#,
      #"{ "name": "l0", "type": "bond", "mode": "802.3ad", "miimon": "100ms", "lacp_rate": "fast", "ad_select": "bandwidth", "xmit_hash_policy": "layer3+4", "min_links": 1, "ad_actor_sys_prio": 100, "ad_user_port_key": 7, "ad_actor_system": "02:00:00:00:00:0c", "lacp_active": true }"#,
      #"{ "name": "l0", "type": "bond", "mode": "802.3ad", "miimon": "100ms", "lacp_rate": "slow", "xmit_hash_policy": "vlan+srcmac" }"#,
      #"{ "name": "l0", "type": "bond", "mode": "balance-rr", "packets_per_slave": 5, "all_slaves_active": true, "lp_interval": "2s" }"#,
      #"{ "name": "l0", "type": "bond", "mode": "balance-tlb", "miimon": "100ms", "tlb_dynamic_lb": false }"#,
    ], says: "bond mode active-backup", needs: "bond"),
  link(
    "slave of a bond", #"{ "name": "l0", "type": "dummy", "master": "bond0" }"#,
    [
      #"{ "name": "l0", "type": "dummy", "master": "bond1" }"#,
      #"{ "name": "l0", "type": "dummy" }"#,
      #"{ "name": "l0", "type": "dummy", "master": "br0", "mtu": 1400 }"#,
    ],
    base: [
      "links": [
        #"{ "name": "bond0", "type": "bond", "mode": "active-backup", "miimon": "100ms" }"#,
        #"{ "name": "bond1", "type": "bond", "mode": "balance-xor", "miimon": "100ms" }"#, br0,
      ]
    ], says: "master bond0", needs: "bond"),
]

private let filtering =
  #"{ "name": "br0", "type": "bridge", "vlan_filtering": true, "vlan_default_pvid": 1 }"#

private func vlans(
  _ name: String, _ object: String, _ changed: [String] = [], base: [String] = [],
  says output: String
) -> Case {
  var law = link(
    name, object, changed, base: base.isEmpty ? [:] : ["links": base], says: "",
    needs: "bridge vlan_filtering 1")
  law.oracle = ("bridge -compressvlans vlan show dev l0", output)
  return law
}

private let vlanCases: [Case] = [
  vlans(
    "port with VLANs",
    #"{ "name": "l0", "type": "dummy", "master": "br0", "vlans": [{ "vid": 10, "pvid": true, "untagged": true }, { "vid": "100-199" }] }"#,
    [
      #"{ "name": "l0", "type": "dummy", "master": "br0", "vlans": [{ "vid": 11, "pvid": true, "untagged": true }, { "vid": 10 }, { "vid": "150-249", "untagged": true }] }"#,
      #"{ "name": "l0", "type": "dummy", "master": "br0", "vlans": [] }"#,
      #"{ "name": "l0", "type": "dummy", "master": "br1", "vlans": [{ "vid": "100-199" }] }"#,
      #"{ "name": "l0", "type": "dummy", "master": "br0" }"#,
    ], base: [filtering, #"{ "name": "br1", "type": "bridge", "vlan_filtering": true }"#],
    says: "100-199"),
  vlans(
    "bridge with VLANs",
    #"{ "name": "l0", "type": "bridge", "vlan_filtering": true, "vlan_default_pvid": 0, "vlans": [{ "vid": 7 }, { "vid": 8, "pvid": true, "untagged": true }] }"#,
    [
      #"{ "name": "l0", "type": "bridge", "vlan_filtering": true, "vlan_default_pvid": 5, "vlans": [{ "vid": 7, "untagged": true }] }"#,
      #"{ "name": "l0", "type": "bridge", "vlan_filtering": false }"#,
      #"{ "name": "l0", "type": "bridge", "vlan_filtering": true, "vlan_protocol": "802.1ad" }"#,
    ], says: "PVID Egress Untagged"),
]

private let tunnelCases: [Case] = [
  link(
    "ipip",
    #"{ "name": "l0", "type": "ipip", "local": "192.168.24.1", "remote": "192.0.2.9", "ttl": 64, "mtu": 1400 }"#,
    [
      #"{ "name": "l0", "type": "ipip", "local": "192.168.24.1", "remote": "192.0.2.10", "dev": "br0", "tos": "inherit", "mtu": 1400 }"#,
      #"{ "name": "l0", "type": "ipip", "remote": "192.0.2.10", "pmtudisc": false, "tos": 16, "fwmark": "0x7" }"#,
      #"{ "name": "l0", "type": "ipip", "local": "192.168.24.1", "mode": "any" }"#,
    ], base: network, says: "ipip ipip remote 192.0.2.9 local 192.168.24.1 ttl 64",
    needs: "ipip remote 192.0.2.99"),
  link(
    "sit", #"{ "name": "l0", "type": "sit", "local": "192.168.24.1", "remote": "192.0.2.9" }"#,
    [
      #"{ "name": "l0", "type": "sit", "local": "192.168.24.1", "remote": "192.0.2.10", "ttl": 9 }"#,
      #"{ "name": "l0", "type": "sit", "dev": "br0", "mode": "any" }"#,
    ], base: network, says: "sit ip6ip remote 192.0.2.9 local 192.168.24.1",
    needs: "sit remote 192.0.2.99"),
  link(
    "gre",
    #"{ "name": "l0", "type": "gre", "remote": "192.0.2.9", "key": 5, "csum": true, "seq": true }"#,
    [
      #"{ "name": "l0", "type": "gre", "remote": "192.0.2.9", "ikey": 6, "okey": 7 }"#,
      #"{ "name": "l0", "type": "gre", "remote": "192.0.2.10", "dev": "br0", "ttl": 3, "mtu": 1300 }"#,
      #"{ "name": "l0", "type": "gre", "local": "192.168.24.1", "remote": "239.1.1.1", "dev": "br0" }"#,
      #"{ "name": "l0", "type": "gre", "key": 8 }"#,
    ], base: network, says: "gre remote 192.0.2.9", needs: "gre remote 192.0.2.99"),
  link(
    "ip6tnl",
    #"{ "name": "l0", "type": "ip6tnl", "local": "fd24::1", "remote": "2001:db8::9", "ttl": 64 }"#,
    [
      #"{ "name": "l0", "type": "ip6tnl", "local": "fd24::1", "remote": "2001:db8::a", "encaplimit": "none", "tos": "inherit", "flowlabel": "inherit", "mode": "ipip6" }"#,
      #"{ "name": "l0", "type": "ip6tnl", "remote": "2001:db8::a", "dev": "br0", "encaplimit": 0, "tos": 12, "flowlabel": 4660 }"#,
      #"{ "name": "l0", "type": "ip6tnl", "local": "fd24::1" }"#,
    ], base: network, says: "ip6tnl any remote 2001:db8::9 local fd24::1 hoplimit 64",
    needs: "ip6tnl remote 2001:db8::99"),
  link(
    "ip6gre", #"{ "name": "l0", "type": "ip6gre", "remote": "2001:db8::9", "key": 5 }"#,
    [
      #"{ "name": "l0", "type": "ip6gre", "remote": "2001:db8::a", "csum": true, "ttl": 7, "encaplimit": "none" }"#
    ], base: network, says: "ip6gre remote 2001:db8::9", needs: "ip6gre remote 2001:db8::99"),
]
