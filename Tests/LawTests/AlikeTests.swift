import Agent
import Model
import Plan
import State
import TestSupport
import Testing

@Suite struct AlikeTests {
  private func links() throws {
    for line in [
      "ip link add t0 type veth peer name p0", "ip link add t1 type veth peer name p1",
      "ip link add t2 type vxlan id 9 dstport 4789 remote 192.0.2.1",
    ] { try sh(line) }
    for name in ["t0", "p0", "t1", "p1", "t2"] { try sh("ip link set \(name) up") }
    for line in [
      "ip address add fd99::1/64 dev t0 nodad", "ip address add 172.16.0.1/24 dev t0",
    ] { try sh(line) }
    // Whatever the kernel adds later would look like somebody's change.
    #expect(try linksAreReady(["t0", "p0", "t1", "p1", "t2"]))
    #expect(try localRoutesAreMade())
  }

  /// Everything that exists except ours; for routes, without the flags of links that go up and
  /// down.
  private func theirs(_ alike: Alike) -> [String] {
    ((try? sh(alike.show)) ?? "").split(separator: "\n").map(String.init)
      .filter {
        !$0.contains("proto 118") && !$0.contains("proto vpngw") && !$0.contains("extern_learn")
      }
  }

  @Test(arguments: Alike.all)
  func othersObjectsThatResembleOursSurvive(_ alike: Alike) throws {
    for isOursFirst in [false, true] {
      try inNamespace { directory in
        try links()
        let reconciler = try Reconciler(runDirectory: directory)
        let nobodys = theirs(alike)
        if isOursFirst { try reconciler.reach(alike.file(0)) }
        let ours = Set(theirs(alike)).subtracting(nobodys)
        for line in alike.theirs { try sh(line) }
        let before = Set(theirs(alike)).subtracting(ours)
        for version in alike.versions.indices + alike.versions.indices.reversed() {
          let desired = try alike.file(version)
          let outcome = try reconciler.reach(desired)
          #expect(outcome.complaints == "", "version \(version)")
          #expect(try plan(directory, desired) == Plan.steadyState + "\n", "version \(version)")
          for object in desired.objects where object.kind != Link.kind {
            #expect(try observed(directory, desired).fulfils(object), "\(object)")
          }
          let after = theirs(alike)
          #expect(before.subtracting(after) == [], "version \(version)")
        }
        let outcome = try reconciler.reach(NetworkState())
        #expect(outcome.complaints == "")
        #expect(try reconciler.observe().own == NetworkState())
        let after = Set(theirs(alike))
        #expect(alike.sharesMark ? before.isSubset(of: after) : after == before)
      }
    }
  }

  /// Both have our mark: only the hop tells them apart.
  @Test func ofTwoRoutesOfOursTheUnwantedOneGoes() throws {
    let both = [
      #"{ "dst": "2001:db8::/32", "via": "fd99::2", "dev": "t0", "metric": 7 }"#,
      #"{ "dst": "2001:db8::/32", "dev": "t0", "metric": 7 }"#,
    ]
    for (first, kept) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
      try inNamespace { directory in
        try links()
        let reconciler = try Reconciler(runDirectory: directory)
        for routes in [[both[first]], both, [both[kept]]] {
          let file = try decode([
            "links": [#"{ "name": "t0", "managed": false }"#], "routes": routes,
          ])
          let outcome = try reconciler.reach(file)
          #expect(outcome.complaints == "")
          // If the wrong one was deleted, it would come back.
          #expect(outcome.done.count == 1)
          let shown = try sh("ip -6 route show 2001:db8::/32").split(separator: "\n")
          #expect(shown.count == routes.count)
          if routes.count == 1 { #expect(shown[0].contains("via") == routes[0].contains("via")) }
        }
      }
    }
  }

  @Test(arguments: Alike.all)
  func undoneIsAsBefore(_ alike: Alike) throws {
    try inNamespace { directory in
      try links()
      for line in alike.theirs { try sh(line) }
      let reconciler = try Reconciler(runDirectory: directory)
      for version in alike.versions.indices {
        let before = (try? sh(alike.show)) ?? ""
        let desired = try alike.file(version)
        let present = try reconciler.observe(for: desired)
        let plan = Plan(from: present, to: desired)
        let undo = Undo(of: plan, from: present)
        _ = try reconciler.carryOut(plan)
        let outcome = try reconciler.reconcile { undo.plan(from: try reconciler.observe()) }
        #expect(outcome.complaints == "")
        let after = (try? sh(alike.show)) ?? ""
        #expect(
          after.split(separator: "\n").sorted() == before.split(separator: "\n").sorted(),
          "version \(version)")
        try reconciler.reach(desired)
      }
    }
  }

  // MARK: - Ours among ours

  /// Rules that the kernel can't tell apart when it is asked to delete one.
  @Test(arguments: [false, true])
  func oneRuleOfTwoAlikeGoes(isGeneralFirst: Bool) throws {
    let general = #"{ "priority": 999, "family": "inet", "lookup": 99 }"#
    for particular in [
      #""from": "10.0.0.0/8""#, #""to": "10.0.0.0/8""#, #""iif": "t0""#, #""oif": "t0""#,
      #""fwmark": "0x7", "family": "inet""#, #""tos": 16, "family": "inet""#,
      #""suppress_prefixlength": 3, "family": "inet""#,
      #""ipproto": "udp", "dport": 53, "family": "inet""#, #""not": true, "from": "10.0.0.0/8""#,
    ] {
      let family = particular.contains("if") ? #", "family": "inet""# : ""
      let other = #"{ "priority": 999, \#(particular)\#(family), "lookup": 99 }"#
      try inNamespace { directory in
        let reconciler = try Reconciler(runDirectory: directory)
        // One after another: the kernel keeps the order in which they were added.
        try reconciler.reach(decode(["rules": isGeneralFirst ? [general] : [other]]))
        try reconciler.reach(decode(["rules": [general, other]]))
        for left in [other, general] {
          try reconciler.reach(decode(["rules": [general, other]]))
          let plan = try reconciler.plan(to: decode(["rules": [left]]))
          let outcome = try reconciler.carryOut(plan)
          #expect(outcome.done.count == 1)
          #expect(try reconciler.plan(to: decode(["rules": [left]])).isEmpty, "\(left)")
        }
      }
    }
  }

  /// As many are planned, done and gone, and nobody else's are.
  @Test func absentRulesAreDeletedAsPlanned() throws {
    try inNamespace { directory in
      for line in [
        "ip rule add lookup 51820 priority 100",
        "ip rule add from 10.0.0.0/8 lookup 51820 priority 100",
        "ip rule add iif lo lookup 51820 priority 100",
        "ip rule add fwmark 7 lookup 51820 priority 101",
        "ip rule add lookup 51820 priority 101 protocol 200",
        "ip rule add lookup 51821 priority 100",
      ] { try sh(line) }
      let reconciler = try Reconciler(runDirectory: directory)
      let desired = try decode(["rules": [#"{ "absent": true, "lookup": 51820 }"#]])
      let planned = try reconciler.plan(to: desired)
      #expect(planned.steps.count == 5)
      #expect(
        planned.text().contains(
          "- rule 101: from all lookup 51820  (made by proto 200; the state file says that it must be absent)"
        ))
      let outcome = try reconciler.reach(desired)
      #expect(outcome.done.count == 5)
      let left = try sh("ip rule show").split(separator: "\n").filter {
        !$0.contains("from all lookup main")
      }
      #expect(
        left.contains { $0.contains("lookup 51821") } && !left.contains { $0.contains("51820") })
      // A rule that says more than we can read isn't deleted in another's place.
      try sh("ip rule add uidrange 5-7 lookup 51820 priority 100")
      try sh("ip rule add lookup 51820 priority 100")
      let outcome2 = try reconciler.reach(desired)
      #expect(outcome2.done.isEmpty)
      #expect(outcome2.complaints.contains("the kernel would delete another one in its place"))
      #expect(try sh("ip rule show").contains("uidrange 5-7 lookup 51820"))
    }
  }

  /// The kernel's own route for an address, which the seed's DNS pods override: it is back at the
  /// end.
  @Test func theKernelsRouteOfAnAddressComesBack() throws {
    try inNamespace { directory in
      try links()
      let before = try sh("ip route show")
      let reconciler = try Reconciler(runDirectory: directory)
      let desired = try decode([
        "links": [#"{ "name": "t0", "managed": false }"#],
        "routes": [
          #"{ "dst": "172.16.0.0/24", "via": "172.16.0.9", "dev": "t0", "onlink": true }"#
        ],
      ])
      let present = try reconciler.observe(for: desired)
      let undo = Undo(of: Plan(from: present, to: desired), from: present)
      for _ in 0..<2 {
        #expect(try reconciler.reach(desired).complaints == "")
        #expect(try plan(directory, desired) == Plan.steadyState + "\n")
        #expect(try sh("ip route get 172.16.0.5").contains("via 172.16.0.9"))
        // The kernel's route goes with the address, and returns with it.
        try sh("ip address delete 172.16.0.1/24 dev t0")
        try sh("ip address add 172.16.0.1/24 dev t0")
        #expect(try reconciler.reach(desired).complaints == "")
        #expect(try sh("ip route get 172.16.0.5").contains("via 172.16.0.9"))
        try reconciler.reach(NetworkState())
        #expect(try sh("ip route show") == before)
      }
      try reconciler.reach(desired)
      _ = try reconciler.reconcile { undo.plan(from: try reconciler.observe()) }
      #expect(try sh("ip route show") == before)
    }
  }

  /// IPv4 routes of one key: the kernel uses the first, and replaces the first.
  @Test func anothersRouteOfOurKeyStays() throws {
    try inNamespace { directory in
      try links()
      let reconciler = try Reconciler(runDirectory: directory)
      let file = { (gateway: String) in
        try decode([
          "links": [#"{ "name": "t0", "managed": false }"#],
          "routes": [#"{ "dst": "10.1.0.0/16", "via": "\#(gateway)", "dev": "t0" }"#],
        ])
      }
      try reconciler.reach(file("172.16.0.2"))
      try sh("ip route append 10.1.0.0/16 via 172.16.0.9")
      try sh("ip route prepend 10.1.0.0/16 via 172.16.0.8 proto 200")
      for gateway in ["172.16.0.2", "172.16.0.3"] {
        let outcome = try reconciler.reach(file(gateway))
        #expect(
          outcome.complaints.contains("no packet takes it: proto 200 made one")
            && outcome.complaints.contains("(via 172.16.0.8 dev t0)"))
        let routes = try sh("ip route show 10.1.0.0/16")
        #expect(routes.hasPrefix("10.1.0.0/16 via 172.16.0.8 dev t0 proto 200"))
        #expect(
          routes.contains("via 172.16.0.9") && routes.contains("via \(gateway) dev t0 proto 118"))
      }
      try sh("ip route delete 10.1.0.0/16 via 172.16.0.8")
      try reconciler.reach(NetworkState())
      #expect(try sh("ip route show 10.1.0.0/16") == "10.1.0.0/16 via 172.16.0.9 dev t0 \n")
    }
  }

  /// Ours was replaced by hand, and theirs of the same key has another hop: the repair replaces the
  /// one made by hand, by its protocol, and no other.
  @Test(arguments: ["static", "200", "boot"])
  func aRouteReplacedByHandIsPutBackAlone(_ hand: String) throws {
    try inNamespace { directory in
      try links()
      let reconciler = try Reconciler(runDirectory: directory)
      let desired = try decode([
        "links": [#"{ "name": "t0", "managed": false }"#],
        "routes": [#"{ "dst": "2001:db8::/32", "dev": "t0", "metric": 7 }"#],
      ])
      try reconciler.reach(desired)
      for line in [
        "ip -6 route append 2001:db8::/32 dev t1 metric 7 proto 201",
        "ip -6 route delete 2001:db8::/32 dev t0 metric 7",
        "ip -6 route append 2001:db8::/32 dev t0 metric 7 mtu 1300 proto \(hand)",
      ] { try sh(line) }
      let ours = Set(desired.objects.filter { $0.kind == Route.kind }.map(\.id))
      let outcome = try reconciler.reconcile {
        Plan(from: try reconciler.observe(for: desired).owning(ours), to: desired)
      }
      #expect(outcome.complaints == "")
      let routes = try sh("ip -6 route show 2001:db8::/32").split(separator: "\n").sorted()
      #expect(routes.count == 2)
      #expect(routes.contains { $0.contains("dev t0 proto 118") && !$0.contains("mtu") })
      #expect(routes.contains { $0.contains("dev t1 proto 201") })
      #expect(try plan(directory, desired) == Plan.steadyState + "\n")
    }
  }
}
