import Events
import JSON
import Kernel
import Model
import Netlink
import Speaker
import Synchronization

/// Renews the addresses that stand while this machine is master (``Model/Address/Lease``), on a thread of
/// its own: however busy the reconciler is, they stay as long as the speaker speaks, and go when it, or
/// the whole daemon, does no more.
final class AddressLeases: Output {
  private struct Entry {
    let when: Condition
    /// The other signals in it, as they were when the address was planned.
    let states: [Signal: Signal.State]
    let routers: [Signal: Readings]

    /// Whether it is to stand by what the speaker says now.
    var stands: Bool {
      let now = Instant.now
      var all = states
      for signal in when.signals where signal.source == .vrrp {
        // A virtual router that nothing is known of isn't master.
        all[signal] = routers[signal]?.isMaster(at: now) == true ? .up : .down
      }
      return when.state(given: all) != .down
    }
  }

  // Changed and used under one lock: once ``keep(_:of:given:)`` has returned, what it left out isn't
  // renewed any more, and so isn't made again while the reconciler deletes it.
  private struct Content {
    /// Nil until a file has something to renew.
    var kernel: Kernel?
    var entries: [Address.ID: Entry] = [:]
    var isEnd = false
  }

  private let content = Mutex(Content())
  private let ownPorts = Mutex<Set<UInt32>>([])
  private let thread = Mutex<Thread?>(nil)
  private let loop: EventLoop
  private let routers: @Sendable (Signal) -> Readings?
  private let log: Log
  private let renewed = Atomic<Int>(0)
  private let failed = Atomic<Int>(0)

  /// `routers` says what is known of a virtual router by its signal.
  init(log: Log, _ routers: @escaping @Sendable (Signal) -> Readings?) throws {
    self.log = log
    self.routers = routers
    do throws(Errno) {
      loop = try EventLoop()
    } catch {
      throw CommandError("cannot renew addresses: \(error)")
    }
  }

  // MARK: - The loop's thread

  /// The netlink ports of its changes.
  var ports: Set<UInt32> { ownPorts.withLock(\.self) }

  /// Whether it will renew what this file says, in the caller's network namespace. If not, that is logged,
  /// and addresses are to be made for ever.
  func canRenew(_ desired: DesiredState) -> Bool {
    guard desired.conditional.contains(where: { $0.leased != nil }) else { return false }
    do {
      try start()
      return true
    } catch {
      log.error(
        "leases", ["error": error, "note": "addresses stay behind if this process is killed"])
      return false
    }
  }

  private func start() throws {
    if thread.withLock({ $0 != nil }) { return }
    let ports = try content.withLock { content in
      let kernel = try Kernel()
      let ports = kernel.ports
      content.kernel = kernel
      return ports
    }
    ownPorts.withLock { $0 = ports }
    do throws(Errno) {
      let started = try Thread("leases") { [self] in run() }
      thread.withLock { $0 = started }
    } catch {
      throw CommandError("cannot renew addresses: \(error)")
    }
  }

  /// Renews these from now on, of what will stand, and no others. To be called before changes are
  /// carried out: an address that is to go must not be renewed at the same time.
  func keep(
    _ wanted: NetworkState, of desired: DesiredState, given states: [Signal: Signal.State]
  ) {
    let leased = desired.conditional.compactMap(\.leased)
    var entries: [Address.ID: Entry] = [:]
    if !leased.isEmpty {
      let standing = Set(wanted.addresses.map(\.id))
      for (id, when) in leased where standing.contains(id) {
        let deciding = when.signals.filter { $0.source == .vrrp }
        let known = deciding.compactMap { signal in routers(signal).map { (signal, $0) } }
        let entry = Entry(
          when: when, states: states, routers: Dictionary(uniqueKeysWithValues: known))
        if entry.stands { entries[id] = entry }
      }
    }
    let isFirst = content.withLock { content in
      defer { content.entries = entries }
      return content.entries.isEmpty && !entries.isEmpty
    }
    if isFirst { loop.wake() }
  }

  /// Renews these no longer.
  func drop(_ gone: Set<Address.ID>) {
    content.withLock { content in
      content.entries = content.entries.filter { !gone.contains($0.key) }
    }
  }

  // MARK: - Its own thread

  private func run() {
    // Late, it would lose addresses that are wanted.
    RealTime.schedule()
    var events = EventLoop.Events(atMost: 1)
    var next: Instant?
    var said: String?
    while true {
      loop.wait(for: &events, until: next)
      loop.clearWake()
      let now = Instant.now
      if content.withLock(\.isEnd) { return }
      if let next, now < next { continue }
      let (failure, isIdle) = content.withLock { (renew(&$0), $0.entries.isEmpty) }
      // With nothing to renew it sleeps until there is something.
      next = isIdle ? nil : max((next ?? now) + Address.leaseRenewal, now)
      if let failure, failure != said { log.error("leases", ["error": failure]) }
      said = failure
    }
  }

  private func renew(_ content: inout Content) -> String? {
    let standing = content.entries.filter { $0.value.stands }
    guard !standing.isEmpty, let kernel = content.kernel else { return nil }
    do throws(NetlinkError) {
      renewed.add(try kernel.renewLeases(of: Set(standing.keys)), ordering: .relaxed)
      return nil
    } catch {
      failed.add(1, ordering: .relaxed)
      return "\(error)"
    }
  }

  // MARK: - Output

  func follow(
    _ desired: DesiredState, given signals: [Signal: Signal.State],
    reading readings: [Signal: SignalReading], isConverged: Bool
  ) {}

  func measure(into metrics: inout Metrics) {
    if thread.withLock({ $0 == nil }) { return }
    metrics.set(
      Self.renewals, [Metrics.Label("result", "done")], Double(renewed.load(ordering: .relaxed)))
    metrics.set(
      Self.renewals, [Metrics.Label("result", "failed")], Double(failed.load(ordering: .relaxed)))
  }

  func stop() {
    content.withLock { $0.isEnd = true }
    loop.wake()
    thread.withLock { $0.take() }?.join()
  }

  private static let renewals = Counter(
    "vpngw_address_renewals_total", "Renewals of addresses that stand while this machine is master."
  )
}

extension ConditionalObject {
  /// Its identity and condition, if it is an address with a lease.
  fileprivate var leased: (id: Address.ID, when: Condition)? {
    guard let address = object.as(Address.self), let when, when.needsMaster,
      address.validLifetime == nil
    else { return nil }
    return (address.id, when)
  }
}
