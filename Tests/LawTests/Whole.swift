/// A state file with every kind that all our kernels have, each object depending on others.
let wholeFile = """
  {
    "version": 1,
    "sysctls": { "net.ipv4.ip_forward": 1, "net.ipv4.conf.br0.rp_filter": 0 },
    "links": [
      { "name": "br0", "type": "bridge", "mtu": 1420, "address": "02:00:00:00:00:10" },
      { "name": "vx0", "type": "vxlan", "id": 1000, "group": "224.0.0.88", "dev": "br1",
        "mtu": 1420, "master": "br0", "address": "02:00:00:00:00:11" },
      { "name": "br1", "type": "bridge", "address": "02:00:00:00:00:12", "altnames": ["uplink0"] },
      { "name": "m0", "type": "macvlan", "link": "br0", "mode": "bridge",
        "address": "00:00:5e:00:01:33" },
      { "name": "v0", "type": "veth", "peer": "v1", "master": "br1",
        "address": "02:00:00:00:00:13" },
      { "name": "v1", "type": "veth", "peer": "v0", "alias": "to nobody",
        "address": "02:00:00:00:00:14" }
    ],
    "addresses": [
      { "link": "br0", "address": "192.168.26.1/22" },
      { "link": "br0", "address": "192.168.26.2/22" },
      { "link": "br0", "address": "fd24::1/64", "nodad": true },
      { "link": "br1", "address": "172.16.0.1/24" }
    ],
    "neighbors": [
      { "link": "br0", "address": "192.168.25.128", "mac": "02:00:00:00:00:80" },
      { "link": "br0", "address": "fd24::9", "proxy": true },
      { "link": "vx0", "mac": "02:00:00:00:00:81", "dst": "172.16.0.9" }
    ],
    "nexthops": [
      { "id": 10, "via": "192.168.25.128", "dev": "br0" },
      { "id": 11, "via": "192.168.25.129", "dev": "br0" },
      { "id": 20, "group": [ { "id": 10 }, { "id": 11, "weight": 2 } ] }
    ],
    "routes": [
      { "dst": "default", "family": "inet", "table": 57, "nhid": 20 },
      { "dst": "default", "family": "inet", "table": 57, "type": "unreachable",
        "metric": 4278198272 },
      { "dst": "default", "family": "inet6", "table": 57, "type": "unreachable" },
      { "dst": "198.51.100.0/24", "via": "172.16.0.2" },
      { "dst": "203.0.113.0/24", "via": "198.51.100.7", "dev": "br1", "onlink": true },
      { "dst": "2001:db8::/32", "via": "fd24::2", "dev": "br0" }
    ],
    "rules": [
      { "priority": 1000, "family": "inet", "fwmark": "0x1900", "lookup": 57 },
      { "priority": 1101, "family": "inet", "iif": "br0", "unreachable": true },
      { "priority": 1101, "family": "inet6", "iif": "br0", "unreachable": true },
      { "absent": true, "lookup": 51820 }
    ]
  }
  """

/// The same network later: for every kind something is changed, replaced, removed and added.
let changedFile =
  wholeFile
  .replacing(#""id": 1000"#, with: #""id": 1001"#)
  .replacing(#""mtu": 1420, "address": "02:00:00:00:00:10""#, with: #""mtu": 1400"#)
  .replacing(#""mtu": 1420, "master""#, with: #""mtu": 1400, "master""#)
  .replacing("192.168.26.2/22", with: "192.168.26.3/22")
  .replacing(#""mac": "02:00:00:00:00:80""#, with: #""mac": "02:00:00:00:00:82""#)
  .replacing(#""id": 11, "via": "192.168.25.129""#, with: #""id": 11, "via": "192.168.25.130""#)
  .replacing(#""via": "172.16.0.2""#, with: #""via": "172.16.0.3""#)
  .replacing("0x1900", with: "0x1901")
  .replacing(#""net.ipv4.ip_forward": 1, "#, with: "")
