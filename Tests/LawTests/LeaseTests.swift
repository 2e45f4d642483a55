import Agent
import Glibc
import Kernel
import Model
import Netlink
import Plan
import TestSupport
import Testing

/// Addresses that the daemon renews, and that go without it.
@Suite struct LeaseTests {
  private static let addresses = ["192.0.2.254/24", "fd99::254/64"]

  private static func with(
    _ text: String, _ lease: Address.Lease,
    _ body: (_ directory: String, _ desired: NetworkState) throws -> Void
  ) throws {
    try inNamespace { directory in
      // A lease is three seconds, for which other tests may keep a machine busy.
      let own = __priority_which_t(PRIO_PROCESS.rawValue)
      setpriority(own, 0, -20)
      defer { setpriority(own, 0, 0) }
      try sh("ip link add l0 type veth peer name l1")
      try sh("ip link set l0 up")
      try body(directory, desired(text, lease))
    }
  }

  private static func desired(_ text: String, _ lease: Address.Lease) -> NetworkState {
    var state = NetworkState()
    var link = Link(LinkName("l0")!)
    link.isManaged = false
    state.links = [link]
    var address = Address(Prefix(text)!, link: link.name)
    address.lease = lease
    address.skipsDuplicateDetection = true
    state.addresses = [address]
    return state
  }

  private static func shown(_ text: String) throws -> String {
    let family = text.contains(":") ? "-6" : "-4"
    return try sh("ip \(family) -o address show dev l0 to \(text)")
  }

  private static func plan(_ directory: String, _ desired: NetworkState) throws -> Plan {
    try Reconciler(runDirectory: directory).plan(to: desired)
  }

  @Test(arguments: addresses)
  func leasedIsObservedAsWrittenAndGoesUnlessRenewed(_ text: String) throws {
    try Self.with(text, .renewed) { (directory, desired) throws in
      let outcome = try Reconciler(runDirectory: directory).reach(desired)
      #expect(outcome.complaints == "")
      #expect(try Self.shown(text).contains("dynamic"))
      #expect(try Self.plan(directory, desired).steps.isEmpty)
      #expect(try eventually { try Self.shown(text) == "" })
      #expect(try Self.plan(directory, desired).steps.map(\.change.verb) == [.create])
    }
  }

  @Test(arguments: addresses)
  func leasedAndPermanentDifferAndEitherIsBoth(_ text: String) throws {
    try Self.with(text, .none) { (directory, permanent) throws in
      let leased = Self.desired(text, .renewed)
      for (wanted, other, word) in [
        (permanent, leased, "forever"), (leased, permanent, "sec"), (permanent, leased, "forever"),
      ] {
        let outcome = try Reconciler(runDirectory: directory).reach(wanted)
        #expect(outcome.complaints == "")
        #expect(try Self.shown(text).contains("\(word) preferred_lft"))
        let steps = try Self.plan(directory, other).steps
        #expect(steps.map(\.change.verb) == [.update])
        #expect(try Self.plan(directory, Self.desired(text, .either)).steps.isEmpty)
      }
    }
  }

  /// `show` beside a daemon is a file that is in force.
  @Test func aLeaseIsShownWhole() throws {
    let text = Self.addresses[0]
    try Self.with(text, .renewed) { (directory, desired) throws in
      _ = try Reconciler(runDirectory: directory).reach(desired)
      let own = try Reconciler(runDirectory: directory).observe().own
      #expect(own.addresses.map(\.validLifetime) == [Address.leaseTime])
      #expect(own.addresses.map(\.preferredLifetime) == [Address.leaseTime])
      #expect(try Self.plan(directory, own).steps.isEmpty)
    }
  }

  /// Only what is there and ours is renewed, and an event of it is no news.
  @Test(arguments: addresses)
  func aRenewalMakesNothingAndIsNoNews(_ text: String) throws {
    try Self.with(text, .renewed) { (directory, desired) throws in
      let kernel = try Kernel()
      let id = desired.addresses[0].id
      #expect(try kernel.renewLeases(of: [id]) == 0)
      #expect(try Self.shown(text) == "")
      try sh("ip address add \(text) dev l0 valid_lft 30 preferred_lft 30 nodad")
      #expect(try kernel.renewLeases(of: [id]) == 0)
      try sh("ip address delete \(text) dev l0")
      let monitor = try Monitor(.route)
      func isNews() throws -> Bool {
        var heard = Monitor.Heard()
        try monitor.drain(own: kernel.ports, into: &heard)
        return heard.hasNews
      }
      // The link has news of its own for a second or two: that it lacks a carrier, and addresses.
      let isQuiet = try eventually {
        try Reconciler(runDirectory: directory).reach(desired)
        #expect(try kernel.renewLeases(of: [id]) == 1)
        _ = try isNews()
        #expect(try kernel.renewLeases(of: [id]) == 1)
        return try !isNews()
      }
      #expect(isQuiet)
      try sh("ip address delete \(text) dev l0")
      #expect(try isNews())
    }
  }
}
