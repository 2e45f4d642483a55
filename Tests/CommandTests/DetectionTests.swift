import Netlink
import TestSupport
import Testing

/// IPv6's duplicate address detection, which takes a second or two with the kernel's defaults.
@Suite struct DetectionTests {
  private static let address = #"{ "link": "v0", "address": "fd00::1/64" }"#

  private func file(_ routes: String...) -> String {
    """
    { "version": 1, "links": [ { "name": "v0", "managed": false } ],
      "addresses": [ \(Self.address) ],
      "nexthops": [ { "id": 7, "via": "fd00::2", "dev": "v0" } ],
      "routes": [ \(routes.joined(separator: ", ")) ] }
    """
  }

  private static let byGateway = #"{ "dst": "2001:db8::/48", "via": "fd00::2", "src": "fd00::1" }"#

  /// With one end of a veth pair, `v0`; the other is in a namespace of its own.
  private func inNamespace(
    _ peer: [String] = ["ip link set v1 up"], _ body: (Vpngw, Namespace) throws -> Void
  ) throws {
    let other = try Namespace.make()
    try Vpngw.inNamespace { vpngw in
      try sh("ip link add v0 type veth peer name v1")
      try sh("ip link set v1 netns \(other.path)")
      try sh("ip link set v0 up")
      try other.run { for line in peer { try sh(line) } }
      #expect(try sh("cat /proc/sys/net/ipv6/conf/v0/accept_dad") == "1\n")
      try body(vpngw, other)
    }
  }

  private func routes() throws -> String { try sh("ip -6 route show proto 118") }

  @Test func routesWaitForTheirSourceWithinTheApply() throws {
    try inNamespace { vpngw, _ in
      let path = try vpngw.file(
        "state.json",
        file(
          Self.byGateway, #"{ "dst": "2001:db8:1::/48", "dev": "v0", "src": "fd00::1" }"#,
          #"{ "dst": "2001:db8:2::/48", "nhid": 7, "src": "fd00::1" }"#,
          #"{ "dst": "2001:db8:3::/48", "type": "unreachable", "src": "fd00::1" }"#,
          #"{ "dst": "2001:db8:4::/48", "src": "fd00::1", "nexthops": [ { "via": "fd00::2", "dev": "v0" }, { "via": "fd00::3", "dev": "v0" } ] }"#,
          #"{ "dst": "2001:db8:5::/48", "via": "2001:db8:1::9" }"#,
          #"{ "dst": "2001:db8:6::/48", "via": "fd00::2" }"#))
      let applied = try vpngw("apply", path)
      #expect(
        applied.error
          == "vpngw: waits for duplicate address detection of fd00::1 on v0, up to 4s\n")
      #expect(applied.status == 0)
      #expect(applied.output.hasSuffix("9 created.\n"), "\(applied.output)")
      let made = try routes()
      for number in 1...4 {
        #expect(made.contains("2001:db8:\(number)::/48"), "\(made)")
      }
      #expect(made.split(separator: "\n").count { $0.contains("src fd00::1") } == 5, "\(made)")
      #expect(try vpngw("plan", path).status == 0)
    }
  }

  /// What is there stays until its replacement is.
  @Test func theOldRouteStaysUntilTheNewOneIsThere() throws {
    try inNamespace { vpngw, _ in
      let old = #"{ "dst": "2001:db8::/48", "via": "fd00::2", "metric": 9 }"#
      #expect(try vpngw("apply", vpngw.file("old.json", file(old))).status == 0)
      try sh("ip address del fd00::1/64 dev v0")
      let apply = try vpngw.start("apply", vpngw.file("new.json", file(Self.byGateway)))
      #expect(eventually { apply.error.contains("waits for") })
      // At every moment one of the two is there.
      let isOver = try eventually {
        let present = try routes()
        #expect(present.contains("metric 9") || present.contains("src fd00::1"), "\(present)")
        return !present.contains("metric 9")
      }
      #expect(isOver)
      #expect(apply.wait().status == 0)
      #expect(try routes().contains("src fd00::1"))
    }
  }

  private static let duplicate = ["ip link set v1 up", "ip address add fd00::1/64 dev v1 nodad"]

  @Test(arguments: [["apply"], ["apply", "--all-or-nothing"], ["apply", "--confirm", "10m"]])
  func aDuplicateIsReportedAndNotWaitedFor(_ command: [String]) throws {
    try inNamespace(Self.duplicate) { vpngw, other in
      let path = try vpngw.file("state.json", file(Self.byGateway))
      let applied = try run(vpngw.arguments(command + [path]))
      #expect(applied.status == 1)
      let said = [
        "blocked address fd00::1/64 dev v0: another machine on link v0 has it, as duplicate",
        "blocked route 2001:db8::/48: fd00::1, its \"src\", is a duplicate: another machine on link v0",
      ]
      for line in said { #expect(applied.error.contains(line), "\(applied.error)") }
      guard command.count == 1 else {
        #expect(applied.error.contains("it is as it was before.\n"), "\(applied.error)")
        #expect(try sh("ip -6 address show dev v0 scope global") == "")
        return
      }
      // The duplicate is known by now, and reported at once.
      let plan = try vpngw("plan", path)
      #expect(plan.status == 1)
      for line in said { #expect(plan.output.contains(line), "\(plan.output)") }
      let again = try vpngw("apply", path)
      #expect(again.status == 1 && !again.error.contains("waits"), "\(again.error)")
      // The way out that was reported.
      try other.run { _ = try sh("ip address del fd00::1/64 dev v1") }
      try sh("ip address del fd00::1/64 dev v0")
      #expect(try vpngw("apply", path).status == 0)
      #expect(try routes().contains("src fd00::1"))
    }
  }

  @Test func withoutACarrierThereIsNoDetection() throws {
    try inNamespace(["ip link set v1 down"]) { vpngw, other in
      let path = try vpngw.file("state.json", file(Self.byGateway))
      let applied = try vpngw("apply", path)
      #expect(applied.status == 1)
      let said = applied.error
      #expect(said.contains("failed route 2001:db8::/48: "), "\(said)")
      #expect(
        said.hasSuffix(
          ": its \"src\" fd00::1 is tentative: the kernel looks for duplicates once link v0 is up and "
            + "has a carrier\n"), "\(said)")
      // A link that is down is known beforehand.
      try sh("ip link set v0 down")
      try sh("ip link add f0 up type ifb")
      try sh("ip address add fd01::1/64 dev f0 nodad")
      let elsewhere = #"{ "dst": "2001:db8::/48", "dev": "f0", "src": "fd00::1" }"#
      let links = #"{ "name": "f0", "managed": false }, { "name": "v0""#
      let text = file(elsewhere).replacing(#"{ "name": "v0""#, with: links)
        .replacing(#"{ "id": 7, "via": "fd00::2", "dev": "v0" }"#, with: "")
      try sh("ip address add fd00::1/64 dev v0")
      let plan = try vpngw("plan", vpngw.file("down.json", text))
      #expect(
        plan.output.contains(
          "blocked route 2001:db8::/48 dev f0: fd00::1, its \"src\", is tentative: link v0 is down, and the "
            + "kernel looks for duplicates only once it is up\n"), "\(plan.output)")
      try sh("ip link set v0 up")
      try other.run { _ = try sh("ip link set v1 up") }
      #expect(try eventually { try vpngw("apply", path).status == 0 })
    }
  }

  /// Next hops need a carrier, which a bridge has only a moment after its port.
  @Test func aNextHopWaitsForItsLinksCarrier() throws {
    try inNamespace(["ip link set v1 down"]) { vpngw, other in
      let path = try vpngw.file(
        "state.json", file(#"{ "dst": "2001:db8::/48", "nhid": 7 }"#))
      let late = try vpngw.start("apply", path)
      #expect(eventually { late.error == "vpngw: waits for the carrier of v0, up to 1500ms\n" })
      try other.run { _ = try sh("ip link set v1 up") }
      let applied = late.wait()
      #expect(applied.status == 0, "\(applied.error)")
      #expect(applied.output.hasSuffix("3 created.\n"), "\(applied.output)")
      #expect(try vpngw("plan", path).status == 0)
      // Without a carrier the kernel drops the next hop, and the route with it.
      try other.run { _ = try sh("ip link set v1 down") }
      #expect(try eventually { try sh("ip nexthop show") == "" })
      let never = try vpngw("apply", path)
      #expect(never.status == 1)
      let reason = "link v0 has no carrier, and the kernel takes no next hop over it before\n"
      #expect(never.error.contains("failed nexthop 7: "), "\(never.error)")
      #expect(never.error.contains(reason), "\(never.error)")
    }
  }

  /// The guard waits too: what it restores is complete.
  @Test func undoWaitsToo() throws {
    try inNamespace { vpngw, _ in
      let path = try vpngw.file("state.json", file(Self.byGateway))
      #expect(try vpngw("apply", path).status == 0)
      let finished = try vpngw(
        "apply", "--confirm", "1s", vpngw.file("nothing.json", #"{ "version": 1 }"#))
      #expect(finished.error.hasSuffix("Not confirmed within 1s: undone.\n"), "\(finished.error)")
      #expect(try routes().contains("src fd00::1"))
      #expect(try vpngw("plan", path).status == 0)
    }
  }

  @Test func anInterruptedWaitIsReported() throws {
    try inNamespace { vpngw, _ in
      try sh("sysctl -q -w net.ipv6.conf.v0.dad_transmits=50")
      let apply = try vpngw.start("apply", vpngw.file("state.json", file(Self.byGateway)))
      #expect(eventually { apply.error.contains("up to 53s") })
      apply.kill(15)
      let finished = apply.wait()
      #expect(finished.status == 128 + 15)
      #expect(finished.output.hasSuffix("2 created, 1 not tried.\n"), "\(finished.output)")
      #expect(finished.error.contains("Interrupted.\n"))
    }
  }
}
