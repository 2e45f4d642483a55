import Agent
import JSON
import Model
import Plan
import State
import TestSupport
import Testing

/// The laws about a whole file.
@Suite struct WholeTests {
  private func decode(_ text: String) throws -> NetworkState {
    try StateFile.decode(Array(text.utf8)).expanded()
  }

  /// What is there, as a state file: equal for equal networks.
  private func shown(_ directory: String) throws -> String {
    StateFile.encode(try Reconciler(runDirectory: directory).observe().own).text()
  }

  // MARK: - 3. Killed at any step, the next pass reaches the same state.

  @Test func killedAtAnyStepTheNextPassReachesTheSameState() throws {
    let first = try decode(wholeFile)
    let second = try decode(changedFile)
    for (from, to) in [(NetworkState(), first), (first, second), (second, NetworkState())] {
      var expected: String?
      var count = 1
      var killed = 0
      while killed <= count {
        try inNamespace { directory in
          try Reconciler(runDirectory: directory).reach(from)
          var plan = try Reconciler(runDirectory: directory).plan(to: to)
          count = plan.steps.count
          plan.steps.removeLast(count - killed)
          _ = try Reconciler(runDirectory: directory).carryOut(plan)
          let outcome = try Reconciler(runDirectory: directory).reach(to)
          #expect(outcome.complaints == "", "killed at \(killed)")
          let state = try shown(directory)
          #expect(state == expected ?? state, "killed at \(killed)")
          expected = expected ?? state
          #expect(try Reconciler(runDirectory: directory).plan(to: to).isEmpty)
        }
        killed += 1
      }
    }
  }

  // MARK: - 4. Of two runs with the same inputs everything is the same.

  @Test func plansDontDependOnTheOrderOfAFile() throws {
    try inNamespace { directory in
      try Reconciler(runDirectory: directory).reach(decode(changedFile))
      let desired = try decode(wholeFile)
      var turned = desired
      turned.links.reverse()
      turned.sysctls.reverse()
      turned.addresses.reverse()
      turned.neighbors.reverse()
      turned.nexthops.reverse()
      turned.routes.reverse()
      turned.rules.reverse()
      let plans = try [desired, desired, turned].map {
        try Reconciler(runDirectory: directory).plan(to: $0)
      }
      #expect(plans[0].text() == plans[1].text())
      #expect(plans[0].steps.map { $0.text() } == plans[1].steps.map { $0.text() })
      #expect(plans[0].text() == plans[2].text())
    }
  }

  // MARK: - Order and failures

  /// A half-applied state is never an open one.
  @Test func guardsComeFirstAndGoLast() throws {
    try inNamespace { directory in
      let desired = try decode(wholeFile)
      let making = try Reconciler(runDirectory: directory).plan(to: desired).steps
      let isGuard = { (step: Step) in
        [.guardRule, .guardRoute].contains(step.change.object.resource.phase)
      }
      #expect(making.prefix(4).allSatisfy(isGuard))
      #expect(!making.dropFirst(4).contains(where: isGuard))
      try Reconciler(runDirectory: directory).reach(desired)
      let removing = try Reconciler(runDirectory: directory).plan(to: NetworkState()).steps
      #expect(removing.suffix(4).allSatisfy(isGuard))
      #expect(!removing.dropLast(4).contains(where: isGuard))
    }
  }

  @Test func aFailedStepStopsItsDependantsAndNoOthers() throws {
    try inNamespace { directory in
      // A bridge can't be the port of a bridge.
      let text = """
        { "version": 1,
          "links": [
            { "name": "br0", "type": "bridge", "master": "br1" }, { "name": "br1", "type": "bridge" } ],
          "addresses": [
            { "link": "br0", "address": "192.0.2.1/24" }, { "link": "br1", "address": "192.0.3.1/24" } ],
          "routes": [ { "dst": "10.0.0.0/8", "via": "192.0.2.2" }, { "dst": "11.0.0.0/8", "via": "192.0.3.2" } ] }
        """
      let outcome = try Reconciler(runDirectory: directory).reach(decode(text))
      #expect(
        outcome.complaints == """
          failed link br0: link add br0 type bridge: Too many levels of symbolic links (ELOOP): Can not enslave a bridge to a bridge
          skipped address 192.0.2.1/24 dev br0: it depends on link br0
          skipped route 10.0.0.0/8: it depends on link br0

          """)
      #expect(try sh("ip address show dev br1").contains("192.0.3.1/24"))
      #expect(try sh("ip route show 11.0.0.0/8").contains("via 192.0.3.2"))
    }
  }

  @Test func aForeignLinkOfAnotherTypeIsNeverReplaced() throws {
    try inNamespace { directory in
      try sh("ip link add br0 type ifb")
      let desired = try decode(
        #"{ "version": 1, "links": [ { "name": "br0", "type": "bridge" } ] }"#)
      let plan = try Reconciler(runDirectory: directory).plan(to: desired)
      #expect(plan.steps.isEmpty)
      #expect(
        plan.text() == """
          blocked link br0: there is one that vpngw didn't make (type is ifb): rename it, delete it, or state what it is

          1 blocked.

          """)
    }
  }

  @Test func aForeignNexthopIsNeverChanged() throws {
    try inNamespace { directory in
      for line in [
        "ip link add f0 type ifb", "ip link set f0 up", "ip address add 192.0.2.1/24 dev f0",
        "ip nexthop add id 10 via 192.0.2.2 dev f0 protocol zebra",
      ] { try sh(line) }
      let desired = try decode(
        """
        { "version": 1, "links": [ { "name": "f0", "managed": false } ],
          "nexthops": [ { "id": 10, "via": "192.0.2.3", "dev": "f0" } ] }
        """)
      let plan = try Reconciler(runDirectory: directory).plan(to: desired)
      #expect(
        plan.text()
          == "blocked nexthop 10: there is one that proto zebra made (via is 192.0.2.2): state what it "
          + "is, or \"adopt\": true to have it changed, or take another id\n\n1 blocked.\n")
    }
  }

  /// The second end exists with the first: making it again would be a failure, which undoes
  /// everything under --all-or-nothing.
  @Test func bothEndsOfAPairAreMadeInOnePass() throws {
    try inNamespace { directory in
      let desired = try decode(
        """
        { "version": 1, "links": [ { "name": "v0", "type": "veth", "peer": "v1" },
            { "name": "v1", "type": "veth", "peer": "v0", "mtu": 1400 } ] }
        """)
      let reconciler = try Reconciler(runDirectory: directory)
      let outcome = try reconciler.carryOut(reconciler.plan(to: desired))
      #expect(outcome.complaints == "")
      #expect(try reconciler.plan(to: desired).isEmpty)
    }
  }

  @Test func whatIsLostWithALinkIsMadeAgain() throws {
    try inNamespace { directory in
      try Reconciler(runDirectory: directory).reach(decode(wholeFile))
      try sh("ip link delete br0")
      let desired = try decode(wholeFile)
      let outcome = try Reconciler(runDirectory: directory).reach(desired)
      #expect(outcome.complaints == "")
      #expect(try Reconciler(runDirectory: directory).plan(to: desired).isEmpty)
    }
  }

  /// `ip link set X down` deletes IPv4 routes and nexthops without an event.
  @Test func whatADownedLinkLostIsMadeAgain() throws {
    try inNamespace { directory in
      try Reconciler(runDirectory: directory).reach(decode(wholeFile))
      try sh("ip link set br0 down")
      let desired = try decode(wholeFile)
      let outcome = try Reconciler(runDirectory: directory).reach(desired)
      #expect(outcome.complaints == "")
      #expect(try Reconciler(runDirectory: directory).plan(to: desired).isEmpty)
    }
  }

  @Test func absentRulesGoWhoeverMadeThem() throws {
    try inNamespace { directory in
      try sh("ip rule add fwmark 51820 lookup 51820 priority 101")
      try sh("ip -6 rule add not fwmark 51820 lookup 51820 priority 102")
      try sh("ip rule add lookup 51821 priority 103")
      let desired = try decode(wholeFile)
      let outcome = try Reconciler(runDirectory: directory).reach(desired)
      #expect(outcome.complaints == "")
      #expect(outcome.done.count { $0.reason?.contains("must be absent") == true } == 2)
      let rules = try sh("ip rule show") + sh("ip -6 rule show")
      #expect(!rules.contains("51820"))
      #expect(rules.contains("51821"))
    }
  }

  @Test func removingASysctlRestoresWhatWasThere() throws {
    try inNamespace { directory in
      try sh("sysctl -w net.ipv4.conf.all.rp_filter=2")
      for value in [1, 0] {
        let file = #"{ "version": 1, "sysctls": { "net.ipv4.conf.all.rp_filter": \#(value) } }"#
        try Reconciler(runDirectory: directory).reach(decode(file))
        #expect(try sh("sysctl -n net.ipv4.conf.all.rp_filter") == "\(value)\n")
      }
      try Reconciler(runDirectory: directory).reach(NetworkState())
      #expect(try sh("sysctl -n net.ipv4.conf.all.rp_filter") == "2\n")
    }
  }

  @Test func aSysctlThatSomebodyElseChangedSinceIsntRestored() throws {
    try inNamespace { directory in
      let file = #"{ "version": 1, "sysctls": { "net.ipv4.conf.all.rp_filter": 1 } }"#
      try sh("sysctl -w net.ipv4.conf.all.rp_filter=0")
      try Reconciler(runDirectory: directory).reach(decode(file))
      try sh("sysctl -w net.ipv4.conf.all.rp_filter=2")
      let outcome = try Reconciler(runDirectory: directory).reach(NetworkState())
      #expect(outcome.done.isEmpty)
      #expect(try sh("sysctl -n net.ipv4.conf.all.rp_filter") == "2\n")
    }
  }

  /// `__inet_del_ifa` deletes a subnet's other addresses along with its first.
  @Test func theFirstAddressOfASubnetGoesAlone() throws {
    try inNamespace { directory in
      let file = { (address: String) in
        """
        { "version": 1, "links": [ { "name": "f0", "managed": false } ],
          "addresses": [ { "link": "f0", "address": "\(address)" } ] }
        """
      }
      try sh("ip link add f0 type ifb")
      try sh("sysctl -w net.ipv4.conf.f0.promote_secondaries=0")
      try Reconciler(runDirectory: directory).reach(decode(file("192.0.2.1/24")))
      try sh("ip address add 192.0.2.9/24 dev f0")
      try Reconciler(runDirectory: directory).reach(decode(file("198.51.100.1/24")))
      #expect(try sh("ip address show dev f0").contains("192.0.2.9/24"))
      #expect(try sh("sysctl -n net.ipv4.conf.f0.promote_secondaries") == "0\n")
    }
  }
}
