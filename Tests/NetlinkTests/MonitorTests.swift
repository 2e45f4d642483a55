import TestSupport
import Testing

@testable import Netlink

/// Every foreign change is heard, and lost events are counted.
@Suite struct MonitorTests {
  private func heard(
    _ monitor: Monitor, own: Set<UInt32> = []
  ) throws(NetlinkError) -> Monitor.Heard {
    var heard = Monitor.Heard()
    try monitor.drain(own: own, into: &heard)
    return heard
  }

  private func add(_ socket: Socket, _ number: UInt32) throws {
    let batch = Batch()
    batch.step(0) { "route add" }
    batch.request(RTM.newRoute, [.create]) {
      $0.routeHeader(family: AF.inet, dstLength: 32, table: 254, protocol: 118, type: 7)
      $0.put(RTA.dst, (0x0a00_0000 | number).bigEndian)
    }
    #expect(try socket.send(batch).isEmpty)
  }

  @Test func ourOwnChangesAreNoNewsAndOthersAre() throws {
    try Namespace.make().run {
      let monitor = try Monitor(.route)
      let (own, other) = (try Socket(), try Socket())
      try add(own, 1)
      #expect(try !heard(monitor, own: [own.port]).hasNews)
      try add(other, 2)
      #expect(try heard(monitor, own: [own.port]).foreign == 1)
      try add(own, 3)
      #expect(try heard(monitor, own: [other.port]).foreign == 1)
      // All of it has been read.
      #expect(try heard(monitor) == Monitor.Heard())
    }
  }

  @Test(arguments: [
    "link set lo mtu 9000", "address add 192.0.2.1/32 dev lo", "-6 address add fd00::1/128 dev lo",
    "route add unreachable 10.0.0.0/8", "-6 route add unreachable fd01::/16",
    "rule add priority 7 lookup 7", "-6 rule add priority 7 lookup 7", "nexthop add id 1 blackhole",
  ])
  func everyKindIsHeard(_ change: String) throws {
    try Namespace.make().run {
      try sh("ip link set lo up")
      let monitor = try Monitor(.route)
      try sh("ip " + change)
      #expect(try heard(monitor).foreign > 0)
    }
  }

  @Test func tablesAreHeard() throws {
    try Namespace.make().run {
      let monitor = try Monitor(.netfilter)
      try sh("nft add table inet t")
      #expect(try heard(monitor).foreign > 0)
    }
  }

  @Test func neighborsAreHeardOnceTheyAreAskedFor() throws {
    try Namespace.make().run {
      let monitor = try Monitor(.route)
      try sh("ip link add b0 type bridge")
      _ = try heard(monitor)
      let line = "ip neighbor replace 192.0.2.1 lladdr 02:00:00:00:00:01 dev b0"
      try sh(line)
      #expect(try !heard(monitor).hasNews)
      try monitor.listenToNeighbors()
      try sh(line.replacing("01 dev", with: "02 dev"))
      #expect(try heard(monitor).foreign > 0)
    }
  }

  /// The kernel drops what doesn't fit into the socket's buffer, and reports that once by ENOBUFS.
  @Test func anOverflowIsCountedAndIsNews() throws {
    try Namespace.make().run {
      let monitor = try Monitor(.route, room: 4096)
      let own = try Socket()
      try sh("ip link set lo up")
      _ = try heard(monitor)
      let batch = Batch()
      for number in UInt32(0)..<500 {
        batch.step(0) { "route add" }
        batch.request(RTM.newRoute, [.create]) {
          $0.routeHeader(family: AF.inet, dstLength: 32, table: 254, protocol: 118, type: 7)
          $0.put(RTA.dst, (0x0a00_0000 | number).bigEndian)
        }
      }
      #expect(try own.send(batch).isEmpty)
      // Even if only our own events were lost, which nobody can know.
      let lost = try heard(monitor, own: [own.port])
      #expect(lost.overflows == 1)
      #expect(lost.foreign == 0)
      #expect(lost.hasNews)
      #expect(try !heard(monitor, own: [own.port]).hasNews)
    }
  }
}
