public import Model
public import Netlink
internal import Nftables

/// The running kernel's network configuration: read whole, changed step by step.
///
/// It belongs to the network namespace in which it is made, and must be used on threads that are in
/// that namespace (`/proc/sys/net` follows the thread). Not thread-safe.
public final class Kernel {
  private let socket: Socket
  /// Nil after a change of links: the next reader reads them again.
  private var links: LinkTable?
  /// Ends of veth pairs that came with their peers.
  private var made: Set<LinkName> = []
  var nftables: NftablesTables
  /// Names that nftables' words may use, by the machine's own files.
  let names = MachineNames.read()
  /// Nil where the kernel has none, or nobody asked for it yet.
  var ipvs: IPVSKernel?

  public init() throws(NetlinkError) {
    socket = try Socket()
    nftables = try NftablesTables()
  }

  /// Names the namespace until the next boot; nil before Linux 5.12.
  public var namespaceCookie: UInt64? { socket.namespaceCookie }

  /// The netlink ports of its sockets; events of its own changes bear them.
  public var ports: Set<UInt32> { nftables.ports.union([socket.port]) }

  // MARK: - Observing

  /// Everything there is, whoever made it, but for what the kernel makes for itself (its local
  /// table, learnt neighbors). `sysctls` names the settings to read, as there are thousands, and
  /// `tables` the tables beside ours. `needsIPVS` loads it where it isn't: else it is read only
  /// where somebody has loaded it.
  public func observe(
    sysctls: some Sequence<Sysctl.Key> = [], tables: TableSelection = TableSelection([]),
    needsIPVS: Bool = false
  ) throws(NetlinkError) -> NetworkState {
    made = []
    let links = try LinkTable(socket)
    self.links = links
    let observation = Observation(
      kernel: self, socket: socket, links: links, sysctls: Array(sysctls), tables: tables,
      needsIPVS: needsIPVS)
    var observed = NetworkState()
    for kind in KernelKinds.all { try kind.observe(observation, into: &observed) }
    return observed
  }

  /// What there is to read with, and what is wanted.
  struct Observation {
    let kernel: Kernel
    let socket: Socket
    let links: LinkTable
    let sysctls: [Sysctl.Key]
    let tables: TableSelection
    let needsIPVS: Bool
  }

  /// What there is of IPVS alone.
  public func observeIPVSWithoutDestinations() throws(NetlinkError) -> NetworkState {
    var observed = NetworkState()
    try ipvs?.observe(into: &observed, withDestinations: false)
    return observed
  }

  /// Links and addresses alone, as they are now.
  public func observeAddresses() throws(NetlinkError) -> NetworkState {
    let observation = Observation(
      kernel: self, socket: socket, links: try LinkTable(socket), sysctls: [],
      tables: TableSelection([]), needsIPVS: false)
    var observed = NetworkState()
    try LinkKind.observe(observation, into: &observed)
    try AddressKind.observe(observation, into: &observed)
    return observed
  }

  /// One setting as it is; without text where this kernel has no such setting.
  public func sysctl(_ key: Sysctl.Key) -> Sysctl { SysctlFile.read(key) }

  /// The settings that there are beside one that there isn't.
  public func sysctls(beside key: Sysctl.Key) -> [Sysctl.Key] { SysctlFile.neighbors(of: key) }

  // MARK: - Changing

  /// A change that the kernel refused, by its position among those given.
  public struct FailedChange: Hashable, Sendable {
    public let position: Int
    public let error: NetlinkError
  }

  /// Carries out changes that don't rest on each other, in order and in one batch; returns those
  /// that failed. The others are done.
  ///
  /// Where what a change was planned for isn't so any more, it and those behind it fail with
  /// `ErrorCode.restart`: they take a new plan.
  public func apply(_ changes: [Change]) throws(NetlinkError) -> [FailedChange] {
    var failures: [FailedChange] = []
    let encoder = Encoder(self, try currentLinks(), ipvs: ipvs?.family)
    encoder.made = made
    for (position, change) in changes.enumerated() {
      let kind = KernelKinds.of(change.object.kind)
      let batch = kind.transport == .generic ? encoder.generic : encoder.batch
      batch.step(position) { change.command }
      do throws(NetlinkError) {
        try kind.encode(change, encoder)
      } catch {
        batch.dropStep()
        if error.code == ErrorCode.restart {
          failures += changes[position...].indices.map { FailedChange(position: $0, error: error) }
          break
        }
        if !change.isMoot(error.code) {
          failures.append(FailedChange(position: position, error: error))
        }
      }
      if change.object.kind == Link.kind { self.links = nil }
    }
    made = encoder.made
    if !encoder.batch.isEmpty {
      for failure in try socket.send(encoder.batch)
      where !changes[failure.tag].isMoot(failure.error.code) {
        failures.append(FailedChange(position: failure.tag, error: failure.error))
      }
    }
    if let ipvs, !encoder.generic.isEmpty {
      for failure in try ipvs.socket.send(encoder.generic)
      where !changes[failure.tag].isMoot(failure.error.code) {
        let error = changes[failure.tag].explained(failure.error)
        failures.append(FailedChange(position: failure.tag, error: error))
      }
    }
    encoder.reordering?.release()
    for held in encoder.secondaryGuards { held.release() }
    return failures
  }

  private func currentLinks() throws(NetlinkError) -> LinkTable {
    if let links { return links }
    let read = try LinkTable(socket)
    links = read
    return read
  }
}

extension Change {
  /// With what IPVS, which has no sentences of its own, means by the errno.
  fileprivate func explained(_ error: NetlinkError) -> NetlinkError {
    guard let service = object.as(IPVSService.self), verb != .delete else { return error }
    let module = "ip_vs_\(service.scheduler)"
    let engine = service.persistence?.engine.map { " or engine \($0) (ip_vs_pe_\($0))" } ?? ""
    let text: String? =
      switch error.code {
      case ErrorCode.noEntry:
        "this kernel has no scheduler \(service.scheduler) (\(module))\(engine), "
          + "or a destination went meanwhile"
      case ErrorCode.invalid:
        "a destination is no unicast address; while a namespace has no IPv4 address at all "
          + "(`ip link set lo up`), none is"
      default: error.kernelText
      }
    return NetlinkError(error.operation, code: error.code, kernelText: text)
  }

  /// A deletion of what is gone already has what it wants. A route that came meanwhile, mostly the
  /// kernel's own for an address or a link of the same plan, is for the next look to judge.
  fileprivate func isMoot(_ code: Int32) -> Bool {
    if verb == .create, object.kind == Route.kind { return code == ErrorCode.exists }
    return verb == .delete
      && [
        ErrorCode.noEntry, ErrorCode.noProcess, ErrorCode.noDevice, ErrorCode.noAddress,
      ].contains(code)
  }
}

/// Keeps the other addresses of a subnet when the first one goes: without `promote_secondaries`
/// the kernel takes them all (`__inet_del_ifa`).
struct SecondaryGuard {
  private let key: Sysctl.Key

  /// Nil when there is nothing to restore afterwards.
  init?(_ link: LinkName) {
    guard
      let key = Sysctl.Key(parts: ["net", "ipv4", "conf", link.text, "promote_secondaries"]),
      SysctlFile.read(key).text == "0"
    else { return nil }
    self.key = key
    try? SysctlFile.write(Sysctl(key, "1"))
  }

  func release() { try? SysctlFile.write(Sysctl(key, "0")) }
}
