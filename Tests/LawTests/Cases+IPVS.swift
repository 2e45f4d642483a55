import Model

private func service(
  _ name: String, _ object: String, _ changed: [String], says output: String, remove: String,
  base: [String: [String]] = [:]
) -> Case {
  Case(
    name: "ipvs \(name)", kind: IPVSService.kind, base: base, section: "ipvs/services",
    object: object,
    changed: changed, oracle: ("ipvsadm -Sn", output), removal: "ipvsadm -D \(remove)",
    needs: "ipvsadm -Ln")
}

private let vip = #""address": "192.168.26.254", "port": 53"#

let ipvsCases: [Case] = [
  service(
    "service of UDP",
    #"{ \#(vip), "protocol": "udp", "scheduler": "mh", "flags": ["mh-fallback"], "destinations": [ { "address": "192.168.27.3" }, { "address": "192.168.27.1" } ] }"#,
    [
      #"{ \#(vip), "protocol": "udp", "scheduler": "mh", "flags": ["mh-fallback", "mh-port", "ops"], "destinations": [ { "address": "192.168.27.3", "weight": 0 }, { "address": "192.168.27.1", "weight": 9 } ] }"#,
      #"{ \#(vip), "protocol": "udp", "scheduler": "mh", "destinations": [ { "address": "192.168.27.2", "drain": true }, { "address": "192.168.27.3" }, { "address": "192.168.27.0" } ] }"#,
      #"{ \#(vip), "protocol": "udp", "scheduler": "sh", "flags": ["sh-port"], "destinations": [ { "address": "192.168.27.1", "port": 5353 } ] }"#,
      #"{ \#(vip), "protocol": "udp", "scheduler": "wrr", "persistence": { "timeout": "90s", "netmask": 24 } }"#,
    ],
    says: """
      -A -u 192.168.26.254:53 -s mh -b mh-fallback
      -a -u 192.168.26.254:53 -r 192.168.27.1:53 -m -w 1
      -a -u 192.168.26.254:53 -r 192.168.27.3:53 -m -w 1
      """, remove: "-u 192.168.26.254:53"),
  service(
    "service of IPv6",
    #"{ "address": "2001:db8::1", "port": 80, "protocol": "tcp", "scheduler": "wlc", "persistence": { "netmask": 64 }, "destinations": [ { "address": "fd00::1", "port": 8080, "upper_threshold": 9, "lower_threshold": 5 } ] }"#,
    [
      #"{ "address": "2001:db8::1", "port": 80, "protocol": "tcp", "scheduler": "sed", "destinations": [ { "address": "fd00::1", "port": 80, "forwarding": "direct" }, { "address": "192.0.2.9", "forwarding": "tunnel" } ] }"#,
      #"{ "address": "2001:db8::1", "port": 80, "protocol": "tcp", "scheduler": "lc", "destinations": [ { "address": "fd00::1", "port": 8080, "upper_threshold": 2 } ] }"#,
    ],
    says: """
      -A -t [2001:db8::1]:80 -s wlc -p 300 -M 64
      -a -t [2001:db8::1]:80 -r [fd00::1]:8080 -m -w 1
      """, remove: "-t [2001:db8::1]:80",
    base: [
      "ipvs/services": [
        #"{ "address": "2001:db8::1", "port": 81, "protocol": "sctp", "scheduler": "rr" }"#
      ]
    ]),
  service(
    "service by mark",
    #"{ "mark": "0x5", "family": "inet", "scheduler": "rr", "destinations": [ { "address": "192.168.27.1", "forwarding": "direct" }, { "address": "192.168.27.2", "forwarding": "tunnel", "tunnel": { "type": "gue", "port": 6080, "checksum": "plain" } } ] }"#,
    [
      #"{ "mark": "0x5", "family": "inet", "scheduler": "rr", "destinations": [ { "address": "192.168.27.1" }, { "address": "192.168.27.2", "forwarding": "tunnel", "tunnel": { "type": "gre", "checksum": "plain" } } ] }"#,
      #"{ "mark": "0x5", "family": "inet", "scheduler": "rr", "flags": ["flag-1", "flag-3"], "destinations": [ { "address": "192.168.27.2", "forwarding": "tunnel" } ] }"#,
    ],
    says: """
      -A -f 5 -s rr
      -a -f 5 -r 192.168.27.1:0 -g -w 1
      -a -f 5 -r 192.168.27.2:0 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum
      """, remove: "-f 5"),
  Case(
    name: "ipvs timeout", kind: IPVSTimeout.kind, section: "ipvs/timeouts",
    object: #""tcp": "25h""#,
    changed: [#""tcp": "60s""#], oracle: ("ipvsadm -Ln --timeout", "90000 120 300"),
    removal: "ipvsadm --set 7 0 0", needs: "ipvsadm -Ln"),
  Case(
    name: "ipvs synchronisation", kind: IPVSDaemon.kind, base: network, section: "ipvs/sync",
    object: #""master": { "link": "br0", "id": 3 }"#,
    changed: [
      #""master": { "link": "br0", "id": 3, "maxlen": 1400, "group": "224.0.0.99", "port": 9000, "ttl": 5 }"#
    ],
    oracle: ("ipvsadm -Ln --daemon", "master sync daemon (mcast=br0, syncid=3"),
    removal: "ipvsadm --stop-daemon master", needs: "ipvsadm -Ln"),
]
