import Agent
import Kernel
import Model
import Netlink
import Plan
import State
import TestSupport
import Testing

/// Law 9: what is reported is true.
@Suite struct ReportTests {
  private func decode(_ text: String) throws -> NetworkState {
    try StateFile.decode(Array(text.utf8)).expanded()
  }

  private func routeFile(hops: Int) throws -> NetworkState {
    let list = (0..<hops).map {
      #"{ "via": "10.0.\#($0 / 250 % 250).\#($0 % 250 + 1)", "dev": "br0" }"#
    }
    return try decode(
      """
      { "version": 1, "links": [ { "name": "br0", "type": "bridge" } ],
        "addresses": [ { "link": "br0", "address": "10.0.250.1/16" } ],
        "routes": [ { "dst": "198.51.100.0/24", "nexthops": [ \(list.joined(separator: ", ")) ] } ] }
      """)
  }

  /// A message of the kernel's dump holds 32 kB: a route of 3,000 hops is accepted and never shown.
  @Test(arguments: [
    (3000, "done 3 times without an error, and it still isn't so"),
    (4096, "nexthops takes 65536 bytes, and a netlink attribute holds 65531"),
    (4097, "nexthops takes 65552 bytes, and a netlink attribute holds 65531"),
  ])
  func whatTheKernelDoesntKeepIsNotCalledDone(_ hops: Int, _ reason: String) throws {
    try inNamespace { directory in
      let desired = try routeFile(hops: hops)
      let outcome = try Reconciler(runDirectory: directory).reach(desired)
      #expect(!outcome.isComplete)
      #expect(outcome.failed.map { "\($0.step.change.object.id)" } == ["route 198.51.100.0/24"])
      #expect("\(try #require(outcome.failed.first).error)".contains(reason))
      #expect(outcome.complaints.utf8.count < 2000)
      #expect(!outcome.done.contains { $0.change.object.kind == Route.kind })
      #expect(try !Reconciler(runDirectory: directory).plan(to: desired).isEmpty)
    }
  }

  @Test func manyHopsThatFitArriveWhole() throws {
    try inNamespace { directory in
      let desired = try routeFile(hops: 1000)
      let outcome = try Reconciler(runDirectory: directory).reach(desired)
      #expect(outcome.complaints == "")
      #expect(outcome.done.contains { $0.change.object.kind == Route.kind })
      // ip(8) has no room for so many hops, but finds the route.
      #expect(try sh("ip route get 198.51.100.1").contains(" via 10.0."))
    }
  }

  /// Somebody undoes a change each time; the kernel is observed after the last pass too.
  @Test func aChangeUndoneAfterTheLastPassIsReported() throws {
    try inNamespace { directory in
      let desired = try decode(
        #"{ "version": 1, "links": [ { "name": "b0", "type": "bridge" }, { "name": "b1", "type": "bridge" } ] }"#
      )
      let reconciler = try Reconciler(runDirectory: directory)
      var passes = 0
      let outcome = try reconciler.reconcile {
        passes += 1
        if passes > 1 { try sh("ip link delete b0") }
        return try reconciler.plan(to: desired)
      }
      #expect(!outcome.isComplete)
      #expect(outcome.done.map { "\($0.change.object.id)" } == ["link b1"])
      #expect(outcome.failed.map { "\($0.step.change.object.id)" } == ["link b0"])
      #expect(outcome.complaints.hasPrefix("failed link b0: link add b0 type bridge: done 3 times"))
    }
  }

  /// One object fails, and another doesn't stay: as many steps as before are left.
  @Test func aFailureDoesntHideWhatDoesntStay() throws {
    try inNamespace { directory in
      let desired = try decode(
        """
        { "version": 1, "links": [ { "name": "b0", "type": "bridge" },
            { "name": "b1", "type": "bridge", "master": "b0" } ] }
        """)
      let reconciler = try Reconciler(runDirectory: directory)
      var passes = 0
      let outcome = try reconciler.reconcile {
        passes += 1
        if passes == 2 { try sh("ip link delete b0") }
        return try reconciler.plan(to: desired)
      }
      #expect(outcome.done.map { "\($0.change.object.id)" } == ["link b0"])
      #expect(outcome.failed.map { "\($0.step.change.object.id)" } == ["link b1"])
      try sh("ip link show b0")
    }
  }

  /// The kernel refuses a change that somebody else has made meanwhile: the result is right.
  @Test func aFailedStepWhoseResultIsThereIsNoFailure() throws {
    try inNamespace { directory in
      let desired = try decode(
        #"{ "version": 1, "links": [ { "name": "b0", "type": "bridge" } ] }"#)
      let reconciler = try Reconciler(runDirectory: directory)
      let first = try reconciler.plan(to: desired)
      try sh("ip link add b0 type bridge")
      try sh("ip link set b0 up alias vpngw")
      let outcome = try reconciler.reconcile(startingWith: first) {
        try reconciler.plan(to: desired)
      }
      #expect(outcome.complaints == "")
      #expect(outcome.isComplete)
    }
  }

  /// Somebody else was faster: the result is what the deletions want.
  @Test func aDeletionOfWhatIsGoneIsNoFailure() throws {
    try inNamespace { directory in
      let file = """
        { "version": 1, "links": [ { "name": "b0", "type": "bridge" } ],
          "addresses": [ { "link": "b0", "address": "192.0.2.1/24" } ],
          "nexthops": [ { "id": 7, "family": "inet", "blackhole": true } ],
          "routes": [ { "dst": "10.0.0.0/8", "type": "blackhole", "table": 57 } ],
          "rules": [ { "priority": 5, "family": "inet", "lookup": 57 } ] }
        """
      let reconciler = try Reconciler(runDirectory: directory)
      try reconciler.reach(decode(file))
      let plan = try reconciler.plan(to: NetworkState())
      for object in [
        "rule delete priority 5", "route delete blackhole 10.0.0.0/8 table 57",
        "nexthop delete id 7",
        "link delete b0",
      ] { try sh("ip " + object) }
      let outcome = try reconciler.carryOut(plan)
      #expect(outcome.complaints == "")
      #expect(outcome.done.count == 5)
    }
  }

  /// What the kernel has of a table is read, not assumed from what was sent.
  @Test func tablesAreCheckedToo() throws {
    try inNamespace { directory in
      let desired = try decode(
        """
        { "version": 1, "nftables": [ { "table": { "family": "inet", "name": "t" } },
            { "chain": { "family": "inet", "table": "t", "name": "c" } } ] }
        """)
      let reconciler = try Reconciler(runDirectory: directory)
      var passes = 0
      let outcome = try reconciler.reconcile {
        passes += 1
        if passes == 2 { try sh("nft delete chain inet t c") }
        return try reconciler.plan(to: desired)
      }
      #expect(outcome.isComplete)
      #expect(passes == 3)
      #expect(try sh("nft list table inet t").contains("chain c"))
    }
  }

  /// A replacement whose second half can't be encoded doesn't begin with its first.
  @Test func aStepThatCantBeEncodedDoesNothing() throws {
    try inNamespace { _ in
      for line in [
        "ip link add b0 type bridge", "ip link set b0 up", "ip nexthop add id 7 dev b0 proto 118",
      ] { try sh(line) }
      let kernel = try Kernel()
      let present = try #require(try kernel.observe().nexthops.first)
      let wanted = Nexthop(
        7, family: .inet, .hop(via: nil, dev: LinkName("gone"), onlink: false))
      let failures = try kernel.apply([
        Change(.replace, wanted, observed: present)
      ])
      #expect(failures.map(\.error.code) == [ErrorCode.noDevice])
      #expect(try sh("ip nexthop show").contains("id 7 dev b0"))
    }
  }

  @Test func numbersThatDontFitAreErrorsOfTheirSteps() throws {
    try inNamespace { _ in
      try sh("ip link add b0 type bridge")
      let kernel = try Kernel()
      var address = Address(Prefix("192.0.2.1/24")!, link: LinkName("b0")!)
      address.validLifetime = .seconds(1 << 33)
      var group = Nexthop.Group([Nexthop.Member(id: 1, weight: 0)])
      let weightless = Nexthop(8, family: .inet, .group(group))
      group = Nexthop.Group([Nexthop.Member(id: 1)], resilient: Nexthop.Resilient(buckets: 8))
      group.resilient!.idleTimer = .milliseconds(5)
      let hasty = Nexthop(9, family: .inet, .group(group))
      let failures = try kernel.apply([
        Change(.create, Nexthop(1, family: .inet, .blackhole)),
        Change(.create, weightless), Change(.create, hasty),
        Change(.create, address),
      ])
      #expect(
        failures.map(\.error.kernelText) == [
          "the weight of member 1 is 0, and the kernel takes 1 and more",
          "5ms: the kernel takes whole hundredths of a second, up to 4294967295 of them",
          "8589934592s: the kernel takes whole seconds, up to 4294967295 of them",
        ])
      #expect(try sh("ip nexthop show") == "id 1 blackhole proto 118 \n")
      #expect(try sh("ip -4 address show dev b0") == "")
    }
  }

  /// Of routes with one key the kernel uses the first.
  @Test func anothersRouteThatHidesOursIsReported() throws {
    try inNamespace { directory in
      let desired = try decode(
        """
        { "version": 1, "links": [ { "name": "br0", "type": "bridge" } ],
          "addresses": [ { "link": "br0", "address": "192.0.2.1/24" } ],
          "routes": [ { "dst": "10.0.0.0/8", "via": "192.0.2.2" } ] }
        """)
      try Reconciler(runDirectory: directory).reach(desired)
      try sh("ip route append 10.0.0.0/8 via 192.0.2.8 proto static")
      #expect(try Reconciler(runDirectory: directory).plan(to: desired).isEmpty)
      try sh("ip route prepend 10.0.0.0/8 via 192.0.2.9 proto static")
      #expect(try sh("ip route get 10.0.0.1").contains("via 192.0.2.9"))
      let plan = try Reconciler(runDirectory: directory).plan(to: desired)
      #expect(plan.steps.isEmpty)
      #expect(plan.text().contains("wins (via 192.0.2.9 dev br0)"))
      #expect(plan.text().hasSuffix("\n1 blocked.\n"))
      let outcome = try Reconciler(runDirectory: directory).reach(desired)
      #expect(!outcome.isComplete)
      #expect(try sh("ip route show 10.0.0.0/8").split(separator: "\n").count == 3)
      try sh("ip route delete 10.0.0.0/8 via 192.0.2.9")
      #expect(try Reconciler(runDirectory: directory).plan(to: desired).isEmpty)
    }
  }

  /// Whatever a plan calls impossible, the kernel refuses too, when ip(8) asks for it.
  @Test(arguments: [
    ("ip route add 10.1.0.0/16 via 10.0.6.9", false),
    ("ip route add 10.1.0.0/16 via 10.0.6.9 dev eth0", false),
    ("ip route add 10.1.0.0/16 via 10.0.6.9 dev eth0 onlink", true),
    ("ip route add 10.1.0.0/16 dev eth2", false),
    ("ip route add 10.1.0.0/16 via 10.0.4.9 src 10.0.4.2", false),
    ("ip route add 10.1.0.0/16 via 10.0.4.9 dev eth1", false),
    ("ip route add 10.1.0.0/16 via 10.9.0.1", true),
    ("ip nexthop add id 1 via 10.0.6.9 dev eth0", false),
    ("ip nexthop add id 1 dev eth2", false),
    ("ip address add fd00::1/64 dev eth1", false),
    ("ip -6 route add 2001:db9::/32 via fd01::1 dev eth0", false),
    ("ip -6 route add 2001:db9::/32 dev eth2", false),
    ("ip -6 route add 2001:db9::/32 via fe80::1", false),
    ("ip -6 route add 2001:db9::/32 via fe80::1 dev eth0", true),
    ("ip link add m0 link eth0 mtu 9000 type macvlan", false),
  ])
  func theKernelRefusesWhatPlansCallImpossible(_ command: String, isTaken: Bool) throws {
    try inNamespace { _ in
      for number in 0..<3 { try sh("ip link add eth\(number) type ifb") }
      for line in [
        "link set eth0 up", "link set eth1 up mtu 1200", "address add 10.0.4.1/24 dev eth0",
        "route add 10.9.0.0/24 dev eth0",
      ] { try sh("ip " + line) }
      #expect(((try? sh(command)) != nil) == isTaken)
    }
  }
}
