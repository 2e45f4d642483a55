import Testing

@testable import Netlink

/// The bytes that are sent to the kernel; little-endian, as all machines that we test on.
@Suite struct BatchTests {
  private func bytes(_ batch: Batch) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: batch.base, count: batch.count))
  }

  /// `ip route add 10.1.0.0/16 via 192.0.2.1 dev 7 table 300 proto 118`, as strace shows it.
  @Test func routeRequestIsAsIPRouteSendsIt() {
    let batch = Batch(capacity: 16)  // small, so that it must grow
    batch.step(0) { "route add" }
    batch.request(RTM.newRoute, [.create, .exclusive]) {
      $0.routeHeader(
        family: AF.inet, dstLength: 16, table: 300, protocol: 118, scope: 0, type: 1)
      $0.put(RTA.dst, UInt32(bigEndian: 0x0a01_0000))
      $0.put(RTA.gateway, UInt32(bigEndian: 0xc000_0201))
      $0.put(RTA.oif, UInt32(7))
      $0.put(RTA.table, UInt32(300))
    }
    let golden: [UInt8] =
      [60, 0, 0, 0, 24, 0, 0x01, 0x06, 0, 0, 0, 0, 0, 0, 0, 0]  // RTM_NEWROUTE REQUEST|CREATE|EXCL
      + [2, 16, 0, 0, 0, 118, 0, 1, 0, 0, 0, 0]  // inet /16 RT_TABLE_UNSPEC proto 118 unicast
      + [8, 0, 1, 0, 10, 1, 0, 0]  // RTA_DST 10.1.0.0
      + [8, 0, 5, 0, 192, 0, 2, 1]  // RTA_GATEWAY 192.0.2.1
      + [8, 0, 4, 0, 7, 0, 0, 0]  // RTA_OIF 7
      + [8, 0, 15, 0, 44, 1, 0, 0]  // RTA_TABLE 300
    #expect(bytes(batch) == golden)
  }

  /// `ip link add br0 type bridge stp_state 1`
  @Test func nestedAttributesHoldTheirLengths() {
    let batch = Batch(capacity: 16)
    batch.request(RTM.newLink, [.create, .exclusive]) {
      $0.linkHeader()
      $0.put(IFLA.name, "br0")
      $0.nest(IFLA.linkInfo) {
        $0.put(IFLAInfo.kind, "bridge")
        $0.nest(IFLAInfo.data) { $0.put(IFLABridge.stp, UInt32(1)) }
      }
    }
    let golden: [UInt8] =
      [68, 0, 0, 0, 16, 0, 0x01, 0x06, 0, 0, 0, 0, 0, 0, 0, 0]  // RTM_NEWLINK REQUEST|CREATE|EXCL
      + [UInt8](repeating: 0, count: 16)  // struct ifinfomsg
      + [8, 0, 3, 0, 98, 114, 48, 0]  // IFLA_IFNAME "br0"
      + [28, 0, 18, 0x80]  // IFLA_LINKINFO, nested
      + [11, 0, 1, 0, 98, 114, 105, 100, 103, 101, 0, 0]  // IFLA_INFO_KIND "bridge", padded
      + [12, 0, 2, 0x80]  // IFLA_INFO_DATA, nested
      + [8, 0, 5, 0, 1, 0, 0, 0]  // IFLA_BR_STP_STATE 1
    #expect(bytes(batch) == golden)
  }

  /// `ip route add default nexthop via 192.0.2.1 dev 7 weight 3`
  @Test func multipathHopsReadBackAsWritten() throws {
    let batch = Batch()
    batch.request(RTM.newRoute, []) {
      $0.routeHeader(family: AF.inet)
      $0.nest(RTA.multipath) {
        $0.multipathHop(index: 7, weight: 3, flags: 4) { $0.put(RTA.gateway, UInt32(9)) }
        $0.multipathHop(index: 8, weight: 256, flags: 0) { _ in }
      }
    }
    let message = try #require(
      Messages(UnsafeRawBufferPointer(start: batch.base, count: batch.count)).first { _ in true })
    let hops = try #require(
      message.attributes(after: RouteHeader.length).first { $0.type == RTA.multipath }
    ).multipathHops
    #expect(hops.map(\.index) == [7, 8])
    #expect(hops.map(\.hops) == [2, 255])
    #expect(hops.map(\.flags) == [4, 0])
    #expect(hops[0].attributes.first { $0.type == RTA.gateway }?.uint32 == 9)
    withExtendedLifetime(batch) {}
  }

  /// One fault often causes others.
  @Test func theFirstFaultOfAStepStays() {
    let batch = Batch()
    batch.step(1) { "route add" }
    batch.fail("first")
    batch.fail("second")
    batch.step(2) { "route add" }
    batch.fail("third")
    #expect(batch.steps.map(\.fault) == ["first", "third"])
  }
}
