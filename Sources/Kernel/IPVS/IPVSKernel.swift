internal import Glibc
import Model
import Netlink

/// The running kernel's IPVS, over generic netlink.
///
/// Belongs to the network namespace in which it was made. Not thread-safe.
final class IPVSKernel {
  let socket: Socket
  /// The message type that the kernel assigned to the family.
  let family: UInt16

  private init(_ socket: Socket, _ family: UInt16) {
    self.socket = socket
    self.family = family
  }

  /// Nil if the kernel has no IPVS; asking loads its module.
  static func open() throws(NetlinkError) -> IPVSKernel? {
    let socket = try Socket(.generic)
    return try socket.genericFamily(named: IPVSCommand.family).map { IPVSKernel(socket, $0) }
  }

  /// Whether it is loaded, without loading it.
  static var isLoaded: Bool { access("/proc/thread-self/net/ip_vs", F_OK) == 0 }

  private func dump<T>(
    _ operation: String, _ command: UInt8, _ body: (Batch) -> Void = { _ in },
    parse: (Attributes) -> T?
  ) throws(NetlinkError) -> [T] {
    try socket.dump(operation, family) {
      $0.genericHeader(command)
      body($0)
    } parse: {
      parse($0.genericAttributes)
    }
  }

  // MARK: - Observing

  func observe(
    into configuration: inout NetworkState, withDestinations: Bool = true
  ) throws(NetlinkError) {
    configuration.ipvsServices = try services()
    if withDestinations {
      for index in configuration.ipvsServices.indices {
        try readDestinations(of: &configuration.ipvsServices[index])
      }
    }
    configuration.ipvsTimeouts = try timeouts()
    configuration.ipvsDaemons = try daemons()
  }

  /// The services without their destinations.
  ///
  /// `ipvsadm -Ln`
  private func services() throws(NetlinkError) -> [IPVSService] {
    try dump("ipvsadm -Ln", IPVSCommand.getService) { attributes in
      attributes.first { $0.type == IPVSAttribute.service }.flatMap { IPVSService($0.nested) }
    }
  }

  private func readDestinations(of service: inout IPVSService) throws(NetlinkError) {
    let match = service.match
    var found = try dump(
      "ipvsadm -Ln \(service.id)", IPVSCommand.getDestination,
      { batch in batch.nest(IPVSAttribute.service) { $0.put(match) } },
      parse: { attributes in
        attributes.first { $0.type == IPVSAttribute.destination }
          .flatMap { IPVSDestination($0.nested, family: match.family) }
      })
    // __ip_vs_update_dest puts a new destination in front.
    found.reverse()
    service.destinations = found
    if service.destinations != found { service.actualOrder = found.map(\.id) }
  }

  /// `ipvsadm -Ln --timeout`
  private func timeouts() throws(NetlinkError) -> [IPVSTimeout] {
    try socket.get("ipvsadm -Ln --timeout", family) {
      $0.genericHeader(IPVSCommand.getConfig)
    } parse: { message in
      message.genericAttributes.compactMap { attribute in
        guard let state = IPVSTimeout.State(attribute: attribute.type) else { return nil }
        return attribute.uint32.map { IPVSTimeout(state, .seconds(Int64($0))) }
      }
    }
  }

  /// `ipvsadm -Ln --daemon`
  private func daemons() throws(NetlinkError) -> [IPVSDaemon] {
    try dump("ipvsadm -Ln --daemon", IPVSCommand.getDaemon) { attributes in
      attributes.first { $0.type == IPVSAttribute.daemon }.flatMap { IPVSDaemon($0.nested) }
    }
  }
}

/// Keeps connections alive while destinations change places: a packet that arrives between the
/// removal and the addition of its destination is dropped and sent again, and the added destination
/// is the removed one (`ip_vs_trash_get_dest`).
struct ReorderGuard {
  private static let key = Sysctl.Key("net.ipv4.vs.expire_nodest_conn")!
  private let present: String

  /// Nil if there is nothing to restore afterwards.
  init?() {
    guard let present = SysctlFile.read(Self.key).text, present != "0" else { return nil }
    self.present = present
    try? SysctlFile.write(Sysctl(Self.key, "0"))
  }

  func release() { try? SysctlFile.write(Sysctl(Self.key, present)) }
}
