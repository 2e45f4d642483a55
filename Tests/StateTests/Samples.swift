import Model

private func name(_ text: String) -> LinkName { LinkName(text)! }
private func address(_ text: String) -> IPAddress { IPAddress(text)! }
private func prefix(_ text: String) -> Prefix { Prefix(text)! }
private func copy<T>(_ value: T, _ change: (inout T) -> Void) -> T {
  var value = value
  change(&value)
  return value
}

extension RoundTripTests {
  /// Two links for others to name.
  private static let base = copy(NetworkState()) {
    $0.links = ["d0", "d1"].map { name in copy(Link(LinkName(name)!, .dummy)) { $0.isUp = true } }
  }

  static let sysctls = copy(NetworkState()) { configuration in
    for (key, text) in [
      ("net.ipv4.ip_forward", "1"), ("net.ipv4.conf.eth0/100.rp_filter", "2"),
      ("net.ipv4.tcp_rmem", "4096\t87380\t6291456"), ("net.ipv4.neigh.default.gc_thresh1", "-1"),
      ("net.ipv4.ip_local_reserved_ports", ""), ("net.core.default_qdisc", "fq"),
      ("net.ipv4.ping_group_range", "1 0"), ("net.netfilter.nf_log.2", "NONE"),
      ("net.core.rps_default_mask", "007"), ("net.x.big", "18446744073709551615"),
    ] {
      configuration.sysctls.append(Sysctl(Sysctl.Key(key)!, text))
    }
  }

  static let links = copy(NetworkState()) { configuration in
    var bridge = Bridge()
    bridge.stp = true
    bridge.vlanFiltering = false
    bridge.ageingTime = .seconds(300)
    bridge.forwardDelay = .milliseconds(2010)
    bridge.priority = 0
    var docker = Bridge()
    docker.stp = false
    docker.forwardDelay = .zero
    var group = VXLAN(id: 0)
    group.remote = address("239.1.1.1")
    group.dev = name("br0")
    group.ttl = 255
    group.learning = false
    group.dstport = 8472
    var remote = VXLAN(id: 16_777_215)
    remote.remote = address("2001:db8::9")
    remote.local = address("2001:db8::1")
    remote.srcport = PortRange(1, 65535)
    let devices: [(String, Device?)] = [
      ("br0", .bridge(bridge)), ("docker0", .bridge(docker)), ("vx0", .vxlan(group)),
      ("vx1", .vxlan(remote)), ("vx2", .vxlan(VXLAN(id: 7))), ("v0", .veth(Veth(peer: name("v1")))),
      ("v1", .veth(Veth(peer: name("v0")))), ("v2", .veth(Veth(peer: name("v3")))),
      ("m0", .macvlan(Macvlan(link: name("br0")))),
      ("m1", .macvlan(Macvlan(link: name("br0"), mode: .source))),
      ("l5", .vlan(VLAN(link: name("br0"), id: 4094, protocol: .dot1ad))),
      ("l6", .vlan(VLAN(link: name("l5"), id: 1))), ("red", .vrf(VRF(table: RouteTable(10)))),
      ("d0", .dummy), ("ifb0", .ifb), ("wg0", .wireguard), ("eth0", nil),
    ]
    for (text, device) in devices {
      configuration.links.append(copy(Link(name(text), device)) { $0.isUp = text != "d0" })
    }
    let foreign: [(String, Device?)] = [
      ("f0", .veth(Veth(peer: nil))), ("f1", .macvlan(Macvlan(link: nil, mode: .passthru))),
      ("f2", .vlan(VLAN(link: nil, id: 9))), ("f3", .vxlan(VXLAN(id: 9))), ("f4", nil),
    ]
    for (text, device) in foreign {
      configuration.links.append(
        copy(Link(name(text), device)) {
          $0.isAdopted = true
          $0.isUp = text == "f1" ? nil : true
          $0.mtu = 65535
          $0.alias = String(repeating: "ü", count: 127)
        })
    }
    configuration.links.append(
      copy(Link(name("d1"), .dummy)) {
        $0.isUp = true
        $0.mtu = 68
        $0.address = MACAddress("02:00:5e:10:00:ff")
        $0.master = name("red")
        $0.alias = "a \"quoted\" / text"
        $0.altnames = ["z", "a-long-name-that-no-link-could-have"]
      })
    configuration.links.append(copy(Link(name("cni0"))) { $0.isManaged = false })
    configuration.links.append(copy(Link(.loopback)) { $0.mtu = 65536 })
  }

  static let addresses = copy(base) { configuration in
    let link = name("d0")
    for (number, scope) in Scope.allCases.enumerated() {
      configuration.addresses.append(
        copy(Address(prefix("10.0.\(number).1/24"), link: link)) { $0.scope = scope })
    }
    for text in ["192.0.2.1/32", "2001:db8::1/64", "fe80::1/10", "::ffff:192.0.2.1/96"] {
      let address = Address(prefix(text), link: name("d1"))
      configuration.addresses.append(address)
    }
    configuration.addresses += [
      copy(Address(prefix("10.1.0.1/32"), link: link)) { $0.peer = prefix("10.1.0.2/32") },
      copy(Address(prefix("10.1.0.1/32"), link: link)) {
        $0.peer = prefix("10.1.0.3/24")
        $0.protocol = AddressProtocol(200)
      },
      copy(Address(prefix("2001:db8:1::1/128"), link: link)) {
        $0.peer = prefix("2001:db8:1::2/64")
        $0.protocol = .kernelLinkLocal
        $0.skipsDuplicateDetection = true
      },
      copy(Address(prefix("10.2.0.1/24"), link: link)) {
        $0.broadcast = address("10.2.0.255")
        $0.metric = .max
        $0.hasNoPrefixRoute = true
        $0.protocol = .unspecified
      },
      copy(Address(prefix("10.3.0.1/24"), link: link)) {
        $0.validLifetime = .seconds(4_294_944_000)
        $0.preferredLifetime = .zero
      },
      copy(Address(prefix("10.4.0.1/24"), link: link)) { $0.preferredLifetime = .seconds(61) },
    ]
  }

  static let neighbors = copy(base) { configuration in
    let vxlan = name("vx0")
    configuration.links.append(copy(Link(vxlan, .vxlan(VXLAN(id: 5)))) { $0.isUp = true })
    for text in ["10.0.0.2", "2001:db8::2", "fe80::2"] {
      var neighbor = Neighbor(address(text), link: name("d0"))
      neighbor.mac = MACAddress("02:00:00:00:00:02")
      configuration.neighbors.append(neighbor)
      neighbor.mac = nil
      neighbor.isProxy = true
      neighbor.isRouter = text == "fe80::2"
      neighbor.protocol = RouteProtocol(text == "10.0.0.2" ? 4 : 200)
      configuration.neighbors.append(neighbor)
    }
    for (mac, dst) in [
      ("00:00:00:00:00:00", "192.0.2.2"), ("00:00:00:00:00:00", "192.0.2.3"),
      ("02:00:00:00:00:0a", "192.0.2.2"),
    ] {
      configuration.fdb.append(FDBEntry(MACAddress(mac)!, link: vxlan, dst: address(dst)))
    }
    configuration.fdb.append(
      copy(FDBEntry(MACAddress("02:00:00:00:00:0b")!, link: vxlan, dst: address("192.0.2.2"))) {
        $0.port = 65535
        $0.vni = 0
        $0.via = name("d1")
        $0.isAdopted = true
      })
  }

  static let nexthops = copy(base) { configuration in
    let (link, via) = (name("d0"), address("10.0.0.2"))
    var resilient = Nexthop.Resilient(buckets: 65535)
    let plain = resilient
    resilient.idleTimer = .milliseconds(1230)
    resilient.unbalancedTimer = .zero
    let targets: [(Family, Nexthop.Target)] = [
      (.inet, .hop(via: via, dev: link, onlink: true)),
      (.inet, .hop(via: via, dev: nil, onlink: false)),
      (.inet, .hop(via: nil, dev: link, onlink: false)),
      (.inet6, .hop(via: nil, dev: link, onlink: false)),
      (.inet6, .hop(via: address("fe80::1"), dev: link, onlink: false)),
      (.inet, .blackhole), (.inet6, .blackhole),
      (.inet, .group(.init([.init(id: 2, weight: 256), .init(id: 1)]))),
      (.inet, .group(.init([.init(id: 1)], resilient: resilient))),
      (.inet, .group(.init([.init(id: 6)], resilient: plain))),
    ]
    for (index, (family, target)) in targets.enumerated() {
      var nexthop = Nexthop(UInt32(index + 1), family: family, target)
      if index % 2 == 1 { nexthop.protocol = RouteProtocol(UInt8(index * 20)) }
      configuration.nexthops.append(nexthop)
    }
    configuration.nexthops.append(copy(configuration.nexthops[0]) { $0.number = .max })
  }
}
