import Model
import Testing

@testable import Kernel
@testable import Netlink

/// The bytes of IPVS requests, as strace shows them for the ipvsadm 1.31 command above each,
/// without what ipvsadm also sends and the kernel ignores.
@Suite struct IPVSTests {
  private static let family: UInt16 = 0x1d

  /// The requests of a change without their netlink headers, which are checked here.
  private func requests(_ change: Change) -> [[UInt8]] {
    let batch = Batch(capacity: 16)
    batch.step(0) { "" }
    let encoder = Encoder(nil, LinkTable(), ipvs: Self.family, generic: batch)
    #expect(throws: Never.self) { try KernelKinds.of(change.object.kind).encode(change, encoder) }
    let bytes = UnsafeRawBufferPointer(start: batch.base, count: batch.count)
    let messages = Array(Messages(bytes))
    #expect(messages.allSatisfy { $0.type == Self.family && $0.flags == 1 })  // NLM_F_REQUEST
    defer { withExtendedLifetime(batch) {} }
    return messages.map { Array($0.payload) }
  }

  private func service(_ change: (inout IPVSService) -> Void = { _ in }) -> IPVSService {
    var service = IPVSService(
      .address(IPAddress("192.0.2.1")!, port: 80, protocol: .tcp), scheduler: "rr")
    change(&service)
    return service
  }

  private let webService: [UInt8] =
    [6, 0, 1, 0, 2, 0, 0, 0]  // IPVS_SVC_ATTR_AF AF_INET
    + [6, 0, 2, 0, 6, 0, 0, 0]  // IPVS_SVC_ATTR_PROTOCOL tcp
    + [20, 0, 3, 0, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]  // IPVS_SVC_ATTR_ADDR
    + [6, 0, 4, 0, 0, 80, 0, 0]  // IPVS_SVC_ATTR_PORT 80, in network byte order

  private let webServer: [UInt8] =
    [6, 0, 11, 0, 2, 0, 0, 0]  // IPVS_DEST_ATTR_ADDR_FAMILY AF_INET
    + [20, 0, 1, 0, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]  // IPVS_DEST_ATTR_ADDR
    + [6, 0, 2, 0, 0x1f, 0x90, 0, 0]  // IPVS_DEST_ATTR_PORT 8080

  /// `ipvsadm -A -t 192.0.2.1:80 -s rr`
  @Test func serviceIsAddedAsIPVSAdmDoes() {
    let golden: [UInt8] =
      [1, 1, 0, 0]  // IPVS_CMD_NEW_SERVICE, version 1
      + [84, 0, 1, 0x80] + webService  // IPVS_CMD_ATTR_SERVICE, nested
      + [7, 0, 6, 0, 114, 114, 0, 0]  // IPVS_SVC_ATTR_SCHED_NAME "rr"
      + [12, 0, 7, 0, 0, 0, 0, 0, 255, 255, 255, 255]  // IPVS_SVC_ATTR_FLAGS none of all
      + [8, 0, 8, 0, 0, 0, 0, 0]  // IPVS_SVC_ATTR_TIMEOUT 0: not persistent
      + [8, 0, 9, 0, 255, 255, 255, 255]  // IPVS_SVC_ATTR_NETMASK 255.255.255.255
    #expect(requests(Change(.create, service())) == [golden])
  }

  /// `ipvsadm -E -t 192.0.2.1:80 -s mh -b mh-fallback -p 90 -M 255.255.255.0`
  @Test func serviceIsChangedAsIPVSAdmDoes() {
    let changed = service {
      $0.scheduler = "mh"
      $0.flags = [.fallback]
      $0.persistence = .init(timeout: .seconds(90), prefixLength: 24)
    }
    let golden: [UInt8] =
      [2, 1, 0, 0]  // IPVS_CMD_SET_SERVICE
      + [84, 0, 1, 0x80] + webService  // IPVS_CMD_ATTR_SERVICE, nested
      + [7, 0, 6, 0, 109, 104, 0, 0]  // IPVS_SVC_ATTR_SCHED_NAME "mh"
      + [12, 0, 7, 0, 9, 0, 0, 0, 255, 255, 255, 255]  // IPVS_SVC_ATTR_FLAGS PERSISTENT|SCHED1
      + [8, 0, 8, 0, 90, 0, 0, 0]  // IPVS_SVC_ATTR_TIMEOUT 90
      + [8, 0, 9, 0, 255, 255, 255, 0]  // IPVS_SVC_ATTR_NETMASK 255.255.255.0
    #expect(requests(Change(.update, changed, observed: service())) == [golden])
  }

  /// `ipvsadm -D -t 192.0.2.1:80`
  @Test func serviceIsDeletedByItsIdentity() {
    let golden: [UInt8] =
      [3, 1, 0, 0]  // IPVS_CMD_DEL_SERVICE
      + [48, 0, 1, 0x80] + webService  // IPVS_CMD_ATTR_SERVICE, nested
    #expect(requests(Change(.delete, service(), observed: service())) == [golden])
  }

  /// `ipvsadm -a -t 192.0.2.1:80 -r 10.0.0.1:8080 -m -w 3 -x 9 -y 5`, and `-e` and `-d`.
  @Test func destinationIsAddedChangedAndDeletedAsIPVSAdmDoes() {
    var server = IPVSDestination(IPAddress("10.0.0.1")!, port: 8080, weight: 3)
    server.upperThreshold = 9
    server.lowerThreshold = 5
    let served = service { $0.destinations = [server] }
    let attributes: [UInt8] =
      [8, 0, 3, 0, 0, 0, 0, 0]  // IPVS_DEST_ATTR_FWD_METHOD IP_VS_CONN_F_MASQ
      + [8, 0, 4, 0, 3, 0, 0, 0]  // IPVS_DEST_ATTR_WEIGHT 3
      + [8, 0, 5, 0, 9, 0, 0, 0]  // IPVS_DEST_ATTR_U_THRESH 9
      + [8, 0, 6, 0, 5, 0, 0, 0]  // IPVS_DEST_ATTR_L_THRESH 5
    let head: [UInt8] = [48, 0, 1, 0x80] + webService  // IPVS_CMD_ATTR_SERVICE, nested
    let golden: [UInt8] =
      [5, 1, 0, 0]  // IPVS_CMD_NEW_DEST
      + head + [72, 0, 2, 0x80] + webServer + attributes  // IPVS_CMD_ATTR_DEST, nested
    #expect(requests(Change(.update, served, observed: service())) == [golden])

    var other = server
    other.weight = 0
    let before = service { $0.destinations = [other] }
    let changed: [UInt8] = [6, 1, 0, 0] + golden.dropFirst(4)  // IPVS_CMD_SET_DEST
    #expect(requests(Change(.update, served, observed: before)) == [changed])

    let deleted: [UInt8] =
      [7, 1, 0, 0]  // IPVS_CMD_DEL_DEST
      + head + [40, 0, 2, 0x80] + webServer
    #expect(requests(Change(.update, service(), observed: served)) == [deleted])
  }

  /// `ipvsadm -A -f 5 -6 -s wrr`, `ipvsadm -a -f 5 -6 -r 10.0.0.1 -i --tun-type gue --tun-port 6080
  /// --tun-csum`
  @Test func markAndTunnelAreAsIPVSAdmSendsThem() {
    var marked = IPVSService(.mark(5, .inet6), scheduler: "wrr")
    marked.destinations = [
      IPVSDestination(
        IPAddress("10.0.0.1")!, port: 0,
        forwarding: .tunnel(.gue(port: 6080, checksum: .plain)))
    ]
    let mark: [UInt8] =
      [6, 0, 1, 0, 10, 0, 0, 0]  // IPVS_SVC_ATTR_AF AF_INET6
      + [8, 0, 5, 0, 5, 0, 0, 0]  // IPVS_SVC_ATTR_FWMARK 5
    let service: [UInt8] =
      [1, 1, 0, 0]  // IPVS_CMD_NEW_SERVICE
      + [56, 0, 1, 0x80] + mark  // IPVS_CMD_ATTR_SERVICE, nested
      + [8, 0, 6, 0, 119, 114, 114, 0]  // IPVS_SVC_ATTR_SCHED_NAME "wrr"
      + [12, 0, 7, 0, 0, 0, 0, 0, 255, 255, 255, 255]  // IPVS_SVC_ATTR_FLAGS none of all
      + [8, 0, 8, 0, 0, 0, 0, 0]  // IPVS_SVC_ATTR_TIMEOUT 0
      + [8, 0, 9, 0, 128, 0, 0, 0]  // IPVS_SVC_ATTR_NETMASK 128, a length for IPv6
    let destination: [UInt8] =
      [5, 1, 0, 0]  // IPVS_CMD_NEW_DEST
      + [20, 0, 1, 0x80] + mark  // IPVS_CMD_ATTR_SERVICE, nested
      + [96, 0, 2, 0x80]  // IPVS_CMD_ATTR_DEST, nested
      + [6, 0, 11, 0, 2, 0, 0, 0]  // IPVS_DEST_ATTR_ADDR_FAMILY AF_INET
      + [20, 0, 1, 0, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]  // IPVS_DEST_ATTR_ADDR
      + [6, 0, 2, 0, 0, 0, 0, 0]  // IPVS_DEST_ATTR_PORT 0: packets keep their port
      + [8, 0, 3, 0, 2, 0, 0, 0]  // IPVS_DEST_ATTR_FWD_METHOD IP_VS_CONN_F_TUNNEL
      + [8, 0, 4, 0, 1, 0, 0, 0]  // IPVS_DEST_ATTR_WEIGHT 1
      + [5, 0, 13, 0, 1, 0, 0, 0]  // IPVS_DEST_ATTR_TUN_TYPE gue
      + [6, 0, 14, 0, 0x17, 0xc0, 0, 0]  // IPVS_DEST_ATTR_TUN_PORT 6080, in network byte order
      + [6, 0, 15, 0, 1, 0, 0, 0]  // IPVS_DEST_ATTR_TUN_FLAGS IP_VS_TUNNEL_ENCAP_FLAG_CSUM
      + [8, 0, 5, 0, 0, 0, 0, 0]  // IPVS_DEST_ATTR_U_THRESH 0
      + [8, 0, 6, 0, 0, 0, 0, 0]  // IPVS_DEST_ATTR_L_THRESH 0
    #expect(requests(Change(.create, marked)) == [service, destination])
  }

  /// `ipvsadm --set 90000 0 0`
  @Test func timeoutIsSetByItself() {
    let golden: [UInt8] =
      [12, 1, 0, 0]  // IPVS_CMD_SET_CONFIG
      + [8, 0, 4, 0, 0x90, 0x5f, 1, 0]  // IPVS_CMD_ATTR_TIMEOUT_TCP 90000
    let change = Change(.update, (IPVSTimeout(.tcp, .seconds(90_000))))
    #expect(requests(change) == [golden])
  }

  /// `ipvsadm --start-daemon backup --mcast-interface d0 --syncid 3 --sync-maxlen 1400
  /// --mcast-group 224.0.0.99 --mcast-port 9000 --mcast-ttl 5`, `ipvsadm --stop-daemon backup`
  @Test func daemonIsStartedAndStoppedAsIPVSAdmDoes() {
    var daemon = IPVSDaemon(.backup, link: LinkName("d0")!, syncID: 3)
    daemon.maxLength = 1400
    daemon.group = IPAddress("224.0.0.99")!
    daemon.port = 9000
    daemon.ttl = 5
    let started: [UInt8] =
      [9, 1, 0, 0]  // IPVS_CMD_NEW_DAEMON
      + [60, 0, 3, 0x80]  // IPVS_CMD_ATTR_DAEMON, nested
      + [8, 0, 1, 0, 2, 0, 0, 0]  // IPVS_DAEMON_ATTR_STATE IP_VS_STATE_BACKUP
      + [7, 0, 2, 0, 100, 48, 0, 0]  // IPVS_DAEMON_ATTR_MCAST_IFN "d0"
      + [8, 0, 3, 0, 3, 0, 0, 0]  // IPVS_DAEMON_ATTR_SYNC_ID 3
      + [6, 0, 4, 0, 0x78, 5, 0, 0]  // IPVS_DAEMON_ATTR_SYNC_MAXLEN 1400
      + [6, 0, 7, 0, 0x28, 0x23, 0, 0]  // IPVS_DAEMON_ATTR_MCAST_PORT 9000, in the host's order
      + [5, 0, 8, 0, 5, 0, 0, 0]  // IPVS_DAEMON_ATTR_MCAST_TTL 5
      + [8, 0, 5, 0, 224, 0, 0, 99]  // IPVS_DAEMON_ATTR_MCAST_GROUP 224.0.0.99
    let stopped: [UInt8] =
      [10, 1, 0, 0]  // IPVS_CMD_DEL_DAEMON
      + [12, 0, 3, 0x80]  // IPVS_CMD_ATTR_DAEMON, nested
      + [8, 0, 1, 0, 2, 0, 0, 0]  // IPVS_DAEMON_ATTR_STATE IP_VS_STATE_BACKUP
    let object = Object(daemon)
    #expect(requests(Change(.create, object)) == [started])
    #expect(requests(Change(.replace, object, observed: object)) == [stopped, started])
    #expect(requests(Change(.delete, object, observed: object)) == [stopped])
  }

  /// What is written is read back the same: the kernel's answers have the same attributes.
  @Test func writtenIsReadAsItWas() throws {
    var persistent = IPVSService(
      .address(IPAddress("2001:db8::1")!, port: 53, protocol: .sctp), scheduler: "sh")
    persistent.flags = Set(IPVSService.Flag.allCases)
    persistent.persistence = .init(timeout: .seconds(300), prefixLength: 64, engine: "sip")
    for service in [service(), persistent, IPVSService(.mark(.max, .inet), scheduler: "mh")] {
      let read = read(Change(.create, service), IPVSAttribute.service) {
        IPVSService($0)
      }
      #expect(read == [service])
    }
    for forwarding: IPVSDestination.Forwarding in [
      .masquerade, .direct, .tunnel(.ipip), .tunnel(.gue(port: 1, checksum: .remote)),
      .tunnel(.gre(checksum: .plain)),
    ] {
      var server = IPVSDestination(
        IPAddress("fd00::1")!, port: 65_535, forwarding: forwarding, weight: 65_535)
      server.upperThreshold = 2
      server.lowerThreshold = 1
      let change = Change(
        .update, service { $0.destinations = [server] }, observed: service())
      let read = read(change, IPVSAttribute.destination) { IPVSDestination($0, family: .inet) }
      #expect(read == [server])
    }
    var daemon = IPVSDaemon(.master, link: .loopback, syncID: 255)
    daemon.maxLength = 1
    daemon.group = IPAddress("ff02::81")!
    let read = read(Change(.create, daemon), IPVSAttribute.daemon) { IPVSDaemon($0) }
    #expect(read == [daemon])
  }

  private func read<T>(
    _ change: Change, _ attribute: UInt16, _ parse: (Attributes) -> T?
  ) -> [T] {
    requests(change).compactMap { request in
      request.withUnsafeBytes { bytes in
        Attributes(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(GenericHeader.length)))
          .first { $0.type == attribute }.flatMap { parse($0.nested) }
      }
    }
  }
}
