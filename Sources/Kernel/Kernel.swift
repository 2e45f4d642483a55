public import Model
public import Netlink
internal import Nftables

/// The running kernel's network configuration: read as a whole, changed step by step.
///
/// Belongs to the network namespace in which it was made, and must be used on threads in that
/// namespace (`/proc/sys/net` follows the thread). Not thread-safe.
public final class Kernel {
  private let socket: Socket
  /// Nil after a change of links: whoever needs them next reads them again.
  private var links: LinkTable?
  /// Ends of veth pairs that were created with their peers.
  private var made: Set<LinkName> = []
  /// Bonds whose primary is to be made yet.
  private var lackingPrimary: [LinkName: LinkName] = [:]
  var nftables: NftablesTables
  /// The names that the machine's own files define for nftables.
  let names = MachineNames.read()
  /// Nil if the kernel has no IPVS, or if nobody has asked for it yet.
  var ipvs: IPVSKernel?

  public init() throws(NetlinkError) {
    socket = try Socket()
    nftables = try NftablesTables()
  }

  /// Identifies the namespace until the next boot; nil before Linux 5.12.
  public var namespaceCookie: UInt64? { socket.namespaceCookie }

  /// The netlink ports of its sockets, which events of its own changes carry.
  public var ports: Set<UInt32> { nftables.ports.union([socket.port]) }

  // MARK: - Observing

  /// Everything that exists, whoever made it, except what the kernel makes for itself (its local
  /// table, learnt neighbors). `sysctls` names the settings to read, of which there are thousands;
  /// `tables`, the tables besides ours. `needsIPVS` loads IPVS if necessary; otherwise it is read
  /// only if it is loaded.
  public func observe(
    sysctls: some Sequence<Sysctl.Key> = [], tables: TableSelection = TableSelection([]),
    needsIPVS: Bool = false
  ) throws(NetlinkError) -> NetworkState {
    (made, lackingPrimary) = ([], [:])
    let links = try LinkTable(socket)
    self.links = links
    let observation = Observation(
      kernel: self, socket: socket, links: links, sysctls: Array(sysctls), tables: tables,
      needsIPVS: needsIPVS)
    var observed = NetworkState()
    for kind in KernelKinds.all { try kind.observe(observation, into: &observed) }
    return observed
  }

  /// The sockets and tables that one observation reads with, and what it is asked for.
  struct Observation {
    let kernel: Kernel
    let socket: Socket
    let links: LinkTable
    let sysctls: [Sysctl.Key]
    let tables: TableSelection
    let needsIPVS: Bool
  }

  /// IPVS alone.
  public func observeIPVSWithoutDestinations() throws(NetlinkError) -> NetworkState {
    var observed = NetworkState()
    try ipvs?.observe(into: &observed, withDestinations: false)
    return observed
  }

  /// Links and addresses alone, as they are now.
  public func observeAddresses() throws(NetlinkError) -> NetworkState {
    let links = try LinkTable(socket)
    self.links = links
    let observation = Observation(
      kernel: self, socket: socket, links: links, sysctls: [],
      tables: TableSelection([]), needsIPVS: false)
    var observed = NetworkState()
    try LinkKind.observe(observation, into: &observed)
    try AddressKind.observe(observation, into: &observed)
    return observed
  }

  /// The setting as it is now; without text if this kernel has no such setting.
  public func sysctl(_ key: Sysctl.Key) -> Sysctl { SysctlFile.read(key) }

  /// The settings in the same directory as one that doesn't exist.
  public func sysctls(beside key: Sysctl.Key) -> [Sysctl.Key] { SysctlFile.neighbors(of: key) }

  // MARK: - Changing

  /// A change that the kernel refused, by its position among those given.
  public struct FailedChange: Hashable, Sendable {
    public let position: Int
    public let error: NetlinkError
  }

  /// Carries out changes that don't depend on each other, in order and in one batch; returns those
  /// that failed. The others are done.
  ///
  /// If the kernel is no longer as a change was planned for, that change and those after it fail
  /// with `ErrorCode.restart`: they need a new plan.
  public func apply(_ changes: [Change]) throws(NetlinkError) -> [FailedChange] {
    var failures: [FailedChange] = []
    let encoder = Encoder(self, try currentLinks(), ipvs: ipvs?.family)
    (encoder.made, encoder.lackingPrimary) = (made, lackingPrimary)
    for (position, change) in changes.enumerated() {
      let kind = KernelKinds.of(change.object.kind)
      let batch = kind.transport == .generic ? encoder.generic : encoder.batch
      batch.step(position) { change.command }
      encoder.tag = position
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
    (made, lackingPrimary) = (encoder.made, encoder.lackingPrimary)
    failures += try send(encoder.batch, changes)
    failures += try finish(encoder, changes, failures)
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

  private func send(_ batch: Batch, _ changes: [Change]) throws(NetlinkError) -> [FailedChange] {
    if batch.isEmpty { return [] }
    return try socket.send(batch).filter { !changes[$0.tag].isMoot($0.error.code) }
      .map { FailedChange(position: $0.tag, error: $0.error) }
  }

  /// Sends what had to wait for the links of a batch.
  private func finish(
    _ encoder: Encoder, _ changes: [Change], _ failures: [FailedChange]
  ) throws(NetlinkError) -> [FailedChange] {
    let failed = Set(failures.map(\.position))
    let rest = encoder.afterwards.filter { !failed.contains($0.tag) }
    if rest.isEmpty { return [] }
    let second = Encoder(self, try currentLinks(), ipvs: nil)
    var failures: [FailedChange] = []
    for (tag, encode) in rest {
      second.batch.step(tag) { changes[tag].command }
      do throws(NetlinkError) {
        try encode(second)
      } catch {
        second.batch.dropStep()
        failures.append(FailedChange(position: tag, error: error))
      }
    }
    return failures + (try send(second.batch, changes))
  }

  private func currentLinks() throws(NetlinkError) -> LinkTable {
    if let links { return links }
    let read = try LinkTable(socket)
    links = read
    return read
  }
}

extension Change {
  /// Adds what an errno means for IPVS, which sends no sentences of its own.
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

  /// A deletion has its aim if the object is gone already. A route that has appeared meanwhile,
  /// mostly the kernel's own for an address or a link of the same plan, is left to the next pass.
  fileprivate func isMoot(_ code: Int32) -> Bool {
    if verb == .create, object.kind == Route.kind { return code == ErrorCode.exists }
    return verb == .delete
      && [
        ErrorCode.noEntry, ErrorCode.noProcess, ErrorCode.noDevice, ErrorCode.noAddress,
      ].contains(code)
  }
}

/// Preserves the other addresses of a subnet when its first one is deleted: without
/// `promote_secondaries` the kernel deletes them all (`__inet_del_ifa`).
struct SecondaryGuard {
  private let key: Sysctl.Key

  /// Nil if there is nothing to restore afterwards.
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
