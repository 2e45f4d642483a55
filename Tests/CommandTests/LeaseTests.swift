import Glibc
import Netlink
import TestSupport
import Testing

/// An address of a virtual router must not outlive the daemon that is its master.
@Suite struct LeaseTests {
  private static let addresses = ["192.0.2.254", "fd99::254"]

  private static let file = """
    { "version": 1, "links": [ { "name": "l0", "managed": false } ],
      "vrrp": { "a": { "link": "l0", "id": 51, "interval": "10ms" } },
      "addresses": [
        { "link": "l0", "address": "192.0.2.254/24", "when": "vrrp.a" },
        { "link": "l0", "address": "fd99::254/64", "when": "vrrp.a" } ] }
    """

  private static func withMaster(_ body: (Vpngw, Started) throws -> Void) throws {
    try Vpngw.inNamespace { vpngw in
      try sh("ip link add l0 type veth peer name l1")
      // Detections of link-local addresses would cause passes.
      try sh("ip link set l0 addrgenmode none")
      try sh("ip link set l1 addrgenmode none")
      try sh("ip address add 192.0.2.1/24 dev l0")
      try sh("ip link set l0 up")
      try sh("ip link set l1 up")
      let daemon = try vpngw.start("run", try vpngw.file("state.json", file))
      try #require(try eventually { try standing() == addresses })
      try body(vpngw, daemon)
    }
  }

  private static func standing() throws -> [String] {
    let shown = try sh("ip -o address show dev l0")
    return addresses.filter { shown.contains(" \($0)/") }
  }

  @Test(arguments: [SIGKILL, SIGSTOP])
  func theAddressGoesWithTheDaemon(_ signal: Int32) throws {
    try Self.withMaster { (vpngw, daemon) throws in
      // It stays for longer than a lease while the daemon lives.
      #expect(try eventually { try vpngw.metric("vpngw_address_renewals_total", "done") >= 8 })
      #expect(try Self.standing() == Self.addresses)
      daemon.kill(signal)
      defer {
        daemon.kill(SIGKILL)
        _ = daemon.wait()
      }
      #expect(try eventually { try Self.standing() == [] })
    }
  }

  @Test func renewalsCauseNoPassAndWhatIsDeletedByHandComesBack() throws {
    try Self.withMaster { (vpngw, daemon) throws in
      func renewals() throws -> Int { try vpngw.metric("vpngw_address_renewals_total", "done") }
      func passes() throws -> Int { try vpngw.metric("vpngw_passes_total") }
      // The first renewal of each address may be news: a permanent one would have become leased.
      let first = try renewals()
      #expect(try eventually { try renewals() >= first + 2 })
      let (before, start) = (try renewals(), try passes())
      #expect(try eventually { try renewals() >= before + 6 })
      #expect(try passes() == start)
      #expect(try vpngw("plan", vpngw.directory + "/state.json").status == 0)
      for address in ["192.0.2.254/24", "fd99::254/64"] {
        try sh("ip address delete \(address) dev l0")
        #expect(try eventually { try Self.standing() == Self.addresses })
      }
      #expect(try vpngw.metric("vpngw_vrrp_transitions_total", "to=\"master\"") == 1)
      // The end removes them at once, and nothing makes them again.
      daemon.kill(SIGTERM)
      #expect(daemon.wait().status == 0)
      #expect(try Self.standing() == [])
    }
  }
}
