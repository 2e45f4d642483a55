import Agent
import JSON
import Model
import Plan
import State
import TestSupport
import Testing

/// Networks that ip(8) made: once shown with `--all`, there is nothing to do for them.
@Suite struct ForeignTests {
  /// Forty objects of every kind, in ip(8)'s and bridge(8)'s batch syntax.
  private var commands: (ip: [String], bridge: [String]) {
    var ip: [String] = []
    for n in 0..<10 {
      ip += [
        "link add br\(n) type bridge", "link set br\(n) up mtu \(1400 + n)",
        "link add ifb\(n) type ifb", "link set ifb\(n) master br\(n) up",
        "link property add dev ifb\(n) altname other\(n)",
        "link add v\(n) type veth peer name w\(n)", "link set v\(n) up alias pair\(n)",
        "link set w\(n) up", "link add mv\(n) link br\(n) type macvlan mode bridge",
        "link add vx\(n) type vxlan id \(n) dstport 4789 local 192.0.2.1 srcport 5000 6000 ttl \(n + 1)",
        "link set vx\(n) up",
      ]
    }
    for n in 0..<20 {
      let link = "br\(n % 10)"
      ip += [
        "address add 10.\(n).0.1/24 dev \(link)", "address add fd00:\(n)::1/64 dev \(link) nodad",
        "neighbor add 10.\(n).0.9 lladdr 02:00:00:00:00:0\(n % 10) dev \(link)",
        "neighbor add proxy fd00:\(n)::9 dev \(link)",
        "nexthop add id \(n + 1) via 10.\(n).0.2 dev \(link)",
        "route add 172.16.\(n).0/24 via 10.\(n).0.2 dev \(link) mtu 1300",
        "route add 2001:db8:\(n)::/48 via fd00:\(n)::2 dev \(link) metric \(n + 1)",
        "rule add fwmark \(n + 1)/0xff lookup \(n + 100) priority \(n + 100)",
        "-6 rule add from fd00:\(n)::/32 iif \(link) unreachable priority \(n + 100)",
      ]
    }
    for n in 0..<5 {
      ip += [
        "address add 10.99.\(n).1/32 peer 10.99.\(n).2/32 dev br\(n)",
        "nexthop add id \(n + 50) group \(n + 1)/\(n + 2),\(n + 2)",
        "nexthop add id \(n + 60) blackhole",
        "nexthop add id \(n + 70) via fd00:\(n)::2 dev br\(n)",
        "nexthop add id \(n + 80) group \(n + 1) type resilient buckets 8",
        "route add unreachable 172.17.\(n).0/24 table 77",
        "route add 172.18.\(n).0/24 nhid \(n + 50)",
        "route add 172.19.\(n).0/24 nexthop via 10.0.0.2 weight 2 nexthop via 10.1.0.2",
        "-6 route add blackhole 2001:db8:ffff:\(n)::/64",
      ]
    }
    // ip(8) takes the family before the object, and not in a batch.
    let bridge = (0..<40).map {
      "fdb add 02:00:00:00:01:\($0 < 16 ? "0" : "")\(String($0, radix: 16)) dev vx\($0 % 10) dst 192.0.2.\($0 + 1)"
    }
    return (ip, bridge)
  }

  @Test func whatOthersMadeIsShownWholeAndLeftAlone() throws {
    try inNamespace { directory in
      for command in commands.ip {
        try sh("ip " + command)
      }
      for command in commands.bridge { try sh("bridge " + command) }
      let observed = try Reconciler(runDirectory: directory).observe()
      let all = observed.everything
      #expect(observed.own == NetworkState())
      for (kind, count) in [
        ("link", all.links.count), ("address", all.addresses.count),
        ("neighbor", all.neighbors.count), ("fdb", all.fdb.count),
        ("nexthop", all.nexthops.count), ("route", all.routes.count), ("rule", all.rules.count),
      ] { #expect(count >= 40, "\(kind)") }
      let text = StateFile.encode(all).text()
      let shown = try StateFile.decode(Array(text.utf8)).expanded()
      #expect(try plan(directory, shown) == Plan.steadyState + "\n")
      // The comparison isn't empty: each object is there, and a change is noticed.
      #expect(shown.objects.count == all.objects.count)
      let before = try snapshot()
      try sh("ip link set v3 alias changed")
      #expect(
        try plan(directory, shown) == """
          ~ link v3
              alias: changed -> pair3

          1 to change.

          """)
      try Reconciler(runDirectory: directory).reach(shown)
      #expect(try snapshot() == before)
    }
  }
}
