import Events
import Glibc
import Model
import Netlink
import TestSupport
import Testing

@testable import Agent

/// The loop itself, turn by turn, on a real kernel.
@Suite struct DaemonTests {
  private static func rules(_ priorities: Range<Int>) -> String {
    let list = priorities.map { #"{ "priority": \#($0), "family": "inet", "lookup": 57 }"# }
    return """
      { "version": 1, "rules": [ \(list.joined(separator: ", ")) ],
        "routes": [ { "dst": "10.9.0.0/16", "type": "blackhole", "table": 57 } ],
        "nftables": [ { "table": { "family": "inet", "name": "t" } },
          { "chain": { "family": "inet", "table": "t", "name": "c\(priorities.count)" } } ] }
      """
  }

  /// Otherwise each change would cause one more pass, which finds nothing.
  @Test func ourOwnChangesCauseNoPass() throws {
    try Turning.with(Self.rules(1..<4)) { turning in
      turning.start()
      #expect(turning.store.status.isConverged)
      #expect(turning.passes == 1)
      try writeFile(turning.path, Self.rules(1..<9))
      #expect(try turning.turn { try sh("ip rule show").contains("8:") })
      turning.converge()
      #expect(turning.passes == 2)
      #expect(turning.log.of("restored").isEmpty)
    }
  }

  @Test func othersChangesCauseAPassAndAreNamed() throws {
    try Turning.with(Self.rules(1..<4)) { turning in
      turning.start()
      try sh("ip rule del priority 2")
      try sh("nft delete table inet t")
      #expect(try turning.turn { try sh("ip rule show").contains("2:") })
      turning.converge()
      let said = turning.log.of("restored")
      #expect(said.count == 2, "\(said)")
      #expect(said.contains { $0.contains(#"object="rule 2: from all lookup 57" was=deleted"#) })
      #expect(turning.value("vpngw_drift_repairs_total") == 2)
    }
  }

  /// `ip_forward` is ours and follows a signal, and nobody else touches it.
  @Test func ourOwnStepsAreNotLoggedAsRepairs() throws {
    let file = """
      { "version": 1,
        "sysctls": { "net.ipv4.ip_forward": { "value": 1, "when": "probe.x" },
          "net.ipv4.conf.all.accept_redirects": 1 },
        "probes": { "x": { "type": "icmp", "address": "127.0.0.1" } } }
      """
    let setup = ["sysctl -q -w net.ipv4.ip_forward=0"]
    try Turning.with(file, setup: setup) { turning in
      func say(_ state: Signal.State) {
        let now = Instant.now
        _ = turning.daemon.liveSignals.update([Signal(.probe, "x"): state], now)
        turning.daemon.react(now)
      }
      func expect(_ text: String) throws {
        let found = try sh("cat /proc/sys/net/ipv4/ip_forward")
        #expect(found == text + "\n")
      }
      turning.daemon.readFile()
      _ = turning.daemon.liveSignals.update([Signal(.probe, "x"): .up], .now)
      turning.daemon.reconcile(.now)
      try expect("1")
      say(.down)
      try expect("0")
      // Desired again as when it last converged, while the kernel isn't so: that is no repair.
      say(.up)
      turning.daemon.reconcile(.now)
      try expect("1")
      #expect(turning.log.of("restored").isEmpty, "\(turning.log.all)")
      #expect(turning.store.status.isConverged)
    }
  }

  /// The desired state changes in a pass, which is the first to see the link.
  @Test func whatALinksSignalChangesIsNotLoggedAsARepair() throws {
    let file = """
      { "version": 1, "links": [ { "name": "f0", "managed": false } ],
        "rules": [ { "priority": 5, "family": "inet", "lookup": 57, "when": "link.f0" } ] }
      """
    try Turning.with(file, setup: ["ip link add f0 type ifb", "ip link set f0 up"]) { turning in
      turning.start()
      #expect(try sh("ip rule show").contains("5:"))
      try sh("ip link set f0 down")
      #expect(try turning.turn { try !sh("ip rule show").contains("5:") })
      try sh("ip link set f0 up")
      #expect(try turning.turn { try sh("ip rule show").contains("5:") })
      turning.converge()
      #expect(turning.log.of("restored").isEmpty, "\(turning.log.all)")
    }
  }

  /// Replacing it removed its mark: only the pass before tells that it was ours.
  @Test func whatIsReplacedByHandIsRestored() throws {
    try Turning.with(Self.rules(1..<4)) { turning in
      turning.start()
      try sh("ip route replace unreachable 10.9.0.0/16 table 57 proto static")
      #expect(try turning.turn { try sh("ip route show table 57").contains("blackhole") })
      turning.converge()
      #expect(turning.store.status.conflicts.isEmpty)
      #expect(turning.log.of("restored").count == 1, "\(turning.log.all)")
      #expect(try sh("ip route show table 57").split(separator: "\n").count == 1)
    }
  }

  /// The directory appears between the reading of the file and the watch, so no event reports it.
  @Test func aFileIsReadAgainWhenItsDirectoryAppears() throws {
    try Turning.with(nil, at: "new/state.json") { turning in
      let path = turning.path
      let directory = String(path.dropLast("/state.json".count))
      turning.log.hook { line in
        guard line.contains("level=error event=state-file"), mkdir(directory, 0o755) == 0 else {
          return
        }
        try? writeFile(path, Self.rules(1..<3))
      }
      turning.daemon.readFile()
      #expect(turning.store.status.file == .good)
      #expect(turning.daemon.desiredState != nil)
      // From now on the new directory is watched.
      try writeFile(turning.path, Self.rules(1..<4))
      #expect(try turning.turn { try sh("ip rule show").contains("3:") })
    }
  }

  @Test func aReloadOfAnUnchangedFileIsLogged() throws {
    try Turning.with(Self.rules(1..<3)) { turning in
      turning.start()
      turning.daemon.readFile(isAsked: true)
      #expect(turning.log.of("state-file").last?.contains("valid=true unchanged=true") == true)
      try writeFile(turning.path, "{")
      turning.daemon.readFile()
      turning.daemon.readFile()
      #expect(turning.log.of("state-file").count == 3)
      turning.daemon.readFile(isAsked: true)
      let last = try #require(turning.log.of("state-file").last)
      #expect(
        last.contains("level=error") && last.contains("valid=false unchanged=true"), "\(last)")
    }
  }

  /// A change that can't be remembered isn't made; everything else is, and the status says so.
  @Test func aMemoryThatCannotBeWrittenStopsOneStep() throws {
    let file = """
      { "version": 1, "sysctls": { "net.ipv4.conf.lo.rp_filter": 2 },
        "rules": [ { "priority": 5, "family": "inet", "lookup": 57 } ] }
      """
    try Turning.with(file) { turning in
      let run = turning.daemon.reconciler.runDirectory
      try run.create()
      mkdir(run.sysctls, 0o700)
      turning.start()
      #expect(try sh("ip rule show").contains("5:"))
      #expect(try sh("cat /proc/sys/net/ipv4/conf/lo/rp_filter") != "2\n")
      let status = turning.store.status
      #expect(!status.isConverged && !status.isReady)
      #expect(status.failures.map(\.object) == ["sysctl net.ipv4.conf.lo.rp_filter"])
      #expect(status.failures.first?.reason.contains("can't be noted") == true)
      // Drift of other objects is still undone.
      try sh("ip rule del priority 5")
      #expect(try turning.turn { try sh("ip rule show").contains("5:") })
      rmdir(run.sysctls)
      #expect(turning.turn { turning.store.status.isReady })
      #expect(try sh("cat /proc/sys/net/ipv4/conf/lo/rp_filter") == "2\n")
    }
  }

  /// Failed steps are retried ever later; drift is still undone at once.
  @Test func aStepThatFailsHidesNoDrift() throws {
    let file = """
      { "version": 1, "links": [ { "name": "f0", "managed": false } ],
        "sysctls": { "net.ipv4.conf.lo.rp_filter": 2 },
        "routes": [ { "dst": "10.0.0.0/8", "via": "192.0.2.2", "dev": "f0" } ] }
      """
    try Turning.with(file, setup: ["ip link add f0 type ifb"]) { turning in
      turning.start()
      #expect(turning.store.status.conflicts.map(\.object) == ["route 10.0.0.0/8"])
      try sh("sysctl -q -w net.ipv4.conf.lo.rp_filter=0")
      #expect(
        try turning.turn { try sh("cat /proc/sys/net/ipv4/conf/lo/rp_filter") == "2\n" })
      #expect(turning.log.of("restored").count == 1)
      // A step that succeeds at last is no repair.
      try sh("ip link set f0 up")
      try sh("ip addr add 192.0.2.1/24 dev f0")
      #expect(turning.turn { turning.store.status.isReady })
      #expect(turning.log.of("restored").count == 1, "\(turning.log.all)")
    }
  }

  /// A second daemon, or anybody who writes the same thing again and again.
  @Test func aFightIsLoggedInFewLines() throws {
    try Turning.with(Self.rules(1..<4)) { turning in
      turning.start()
      for _ in 0..<40 {
        try sh("ip rule del priority 2")
        #expect(try turning.turn { try sh("ip rule show").contains("2:") })
      }
      turning.converge()
      #expect(turning.log.of("restored").count == 10)
      #expect(turning.value("vpngw_drift_repairs_total") == 40)
    }
  }

  /// A next hop over a link without a carrier is no failure, and is there once the carrier is.
  @Test func aCarrierIsWaitedForWithoutBlocking() throws {
    let file = """
      { "version": 1, "links": [ { "name": "v0", "managed": false } ],
        "addresses": [ { "link": "v0", "address": "10.0.0.1/24" } ],
        "nexthops": [ { "id": 7, "via": "10.0.0.2", "dev": "v0" } ],
        "routes": [ { "dst": "10.1.0.0/16", "nhid": 7 } ] }
      """
    let setup = ["ip link add v0 type veth peer name v1", "ip link set v0 up"]
    try Turning.with(file, setup: setup) { turning in
      turning.start()
      let status = turning.store.status
      #expect(status.failures.map(\.object) == ["nexthop 7", "route 10.1.0.0/16"])
      #expect(status.failures.first?.reason.contains("link v0 has no carrier") == true)
      try sh("ip link set v1 up")
      #expect(try turning.turn { try sh("ip route show").contains("10.1.0.0/16 nhid 7") })
      turning.converge()
      #expect(turning.store.status.isConverged)
      #expect(turning.log.all.allSatisfy { !$0.contains("level=error") }, "\(turning.log.all)")
      #expect(turning.log.of("step-waits").first?.contains("level=info") == true)
    }
  }

  /// A route whose source is tentative is no failure, stops nothing, and is added when the kernel
  /// is ready.
  @Test func aTentativeSourceIsWaitedForWithoutBlocking() throws {
    let file = """
      { "version": 1, "links": [ { "name": "v0", "managed": false } ],
        "addresses": [ { "link": "v0", "address": "fd00::1/64" } ],
        "routes": [ { "dst": "2001:db8::/48", "dev": "v0", "src": "fd00::1" } ],
        "rules": [ { "priority": 5, "family": "inet", "lookup": 57 } ] }
      """
    let setup = ["ip link add v0 type veth peer name v1", "ip link set v0 up"]
    try Turning.with(file, setup: setup) { turning in
      // Detection doesn't begin without a carrier.
      turning.start()
      #expect(try sh("ip rule show").contains("5:"))
      let status = turning.store.status
      #expect(!status.isConverged)
      #expect(status.failures.map(\.object) == ["route 2001:db8::/48 dev v0"])
      #expect(
        status.failures.first?.reason.contains("once link v0 is up and has a carrier") == true)
      try sh("ip rule del priority 5")
      #expect(try turning.turn { try sh("ip rule show").contains("5:") })
      try sh("ip link set v1 up")
      // Nothing polls: the kernel reports the carrier and the address.
      #expect(try turning.turn { try sh("ip -6 route show").contains("2001:db8::/48") })
      turning.converge()
      #expect(turning.store.status.isConverged)
      #expect(turning.log.of("restored").count == 1, "\(turning.log.all)")
      #expect(turning.log.of("step-failed").isEmpty)
      #expect(turning.log.all.allSatisfy { !$0.contains("level=error") }, "\(turning.log.all)")
      let said = turning.log.of("step-waits")
      #expect(said.first?.contains("level=info") == true && said.count <= 2, "\(said)")
    }
  }

  @Test func aLinkThatIsDownIsNamedAsTheCause() throws {
    let file = """
      { "version": 1, "links": [ { "name": "f0", "managed": false } ],
        "routes": [ { "dst": "10.0.0.0/8", "via": "192.0.2.2", "dev": "f0" } ] }
      """
    let setup = ["ip link add f0 type ifb", "ip link set f0 up", "ip addr add 192.0.2.1/24 dev f0"]
    try Turning.with(file, setup: setup) { turning in
      turning.start()
      #expect(turning.store.status.isReady)
      try sh("ip link set f0 down")
      #expect(turning.turn { !turning.store.status.isReady })
      let status = turning.store.status
      let cause = Trouble(
        object: "link f0", reason: "is down, and 1 way leads over it: nothing leaves by it")
      #expect(status.notes.contains(cause), "\(status.notes)")
      #expect(status.conflicts.first?.reason.contains("link f0 is down") == true, "\(status)")
      #expect(turning.log.of("step-failed").allSatisfy { $0.contains(#"cause="link f0 is down""#) })
      #expect(turning.log.of("note").count == 1)
      try sh("ip link set f0 up")
      #expect(turning.turn { turning.store.status.isReady && turning.store.status.notes.isEmpty })
    }
  }
}
