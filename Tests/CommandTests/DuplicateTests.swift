import Glibc
import Netlink
import TestSupport
import Testing

/// `vpngw run` where another machine has one of the file's addresses.
struct DuplicateTests {
  private static let file = """
    { "version": 1, "links": [{ "name": "eth0", "managed": false }],
      "addresses": [{ "link": "eth0", "address": "192.0.2.1/24" }, { "link": "eth0", "address": "192.0.2.2/24" }] }
    """

  private func withOther(_ body: (Vpngw) throws -> Void) throws {
    let other = try Namespace.make()
    try Vpngw.inNamespace { vpngw in
      try sh("ip link add eth0 type veth peer name eth0 netns \(other.path)")
      try sh("ip link set eth0 up")
      try other.run {
        try sh("ip link set eth0 up")
        _ = try sh("ip address add 192.0.2.2/24 dev eth0")
      }
      try body(vpngw)
    }
  }

  @Test func duplicateIsLoggedAndInTheStatus() throws {
    try withOther { vpngw in
      let daemon = try vpngw.start("run", try vpngw.file("state.json", Self.file))
      defer {
        daemon.kill(SIGKILL)
        _ = daemon.wait()
      }
      let line = "event=duplicate address=192.0.2.2 link=eth0 mac="
      #expect(eventually { daemon.error.contains(line) }, "\(daemon.error)")
      #expect(!daemon.error.contains("address=192.0.2.1 "))
      let status = try vpngw("status").output
      #expect(status.contains("address 192.0.2.2"), "\(status)")
      #expect(status.contains("on eth0 has it too"), "\(status)")
      #expect(try vpngw.metric("vpngw_duplicate_addresses") == 1)
    }
  }

  /// Without CAP_NET_RAW nothing is noticed, which is said once, and all else goes on.
  @Test func withoutRawSocketsItSaysSo() throws {
    try withOther { vpngw in
      let path = try vpngw.file("state.json", Self.file)
      let daemon = try Started(
        ["setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw"]
          + vpngw.arguments(["run", path]))
      #expect(try eventually { try sh("ip address show dev eth0").contains("192.0.2.2/24") })
      daemon.kill(SIGTERM)
      let ended = daemon.wait()
      #expect(ended.status == 0)
      let said = ended.error.split(separator: "\n").filter { $0.contains("event=duplicates ") }
      #expect(said.count == 1)
      #expect(said.first?.contains("watched=false") == true, "\(ended.error)")
      #expect(said.first?.contains("CAP_NET_RAW") == true, "\(ended.error)")
    }
  }
}
