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

  // Changed and used under one lock: once ``keep(_:_:given:)`` has returned, what it left out isn't
  // renewed any more, and so isn't made again while the reconciler deletes it.
  private struct Content {
    var kernel: Kernel
    var entries: [Address.ID: Entry] = [:]
    var isEnd = false
  }

  private let content: Mutex<Content>
  private let loop: EventLoop
  private let thread = Mutex<Thread?>(nil)
  private let routers: @Sendable (Signal) -> Readings?
  private let log: Log
  private let renewed = Atomic<Int>(0)
  private let failed = Atomic<Int>(0)
  /// The netlink ports of its changes.
  let ports: Set<UInt32>

  /// In the caller's network namespace. `routers` says what is known of a virtual router by its signal.
  init(log: Log, _ routers: @escaping @Sendable (Signal) -> Readings?) throws {
    self.log = log
    self.routers = routers
    let kernel = try Kernel()
    ports = kernel.ports
    content = Mutex(Content(kernel: kernel))
    do throws(Errno) {
      loop = try EventLoop()
      let thread = try Thread("leases") { [self] in run() }
      self.thread.withLock { $0 = thread }
    } catch {
      throw CommandError("cannot renew addresses: \(error)")
    }
  }

  // MARK: - The loop's thread

  /// Renews these from now on, of what will stand, and no others. To be called before changes are
  /// carried out: an address that is to go must not be renewed at the same time.
  func keep(
    _ wanted: NetworkState, of desired: DesiredState, given states: [Signal: Signal.State]
  ) {
    var entries: [Address.ID: Entry] = [:]
    let conditional = desired.conditional.compactMap { object -> (Address.ID, Entry)? in
      guard let when = object.when, when.needsMaster,
        let address = object.object.as(Address.self), address.validLifetime == nil
      else { return nil }
      let deciding = when.signals.filter { $0.source == .vrrp }
      let routers = Dictionary(
        uniqueKeysWithValues: deciding.compactMap { signal in
          self.routers(signal).map { (signal, $0) }
        })
      return (address.id, Entry(when: when, states: states, routers: routers))
    }
    if !conditional.isEmpty {
      let standing = Set(wanted.addresses.map(\.id))
      for (id, entry) in conditional where standing.contains(id) && entry.stands {
        entries[id] = entry
      }
    }
    content.withLock { $0.entries = entries }
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
    var next = Instant.now
    var said = ""
    while true {
      loop.wait(for: &events, until: next)
      loop.clearWake()
      let now = Instant.now
      if now < next, !content.withLock(\.isEnd) { continue }
      next = max(next + Address.leaseRenewal, now)
      let failure = content.withLock { content -> String? in
        if content.isEnd { return nil }
        return renew(&content)
      }
      if content.withLock(\.isEnd) { return }
      if let failure, failure != said { log.error("leases", ["error": failure]) }
      said = failure ?? ""
    }
  }

  private func renew(_ content: inout Content) -> String? {
    let standing = content.entries.filter { $0.value.stands }
    if standing.isEmpty { return nil }
    do throws(NetlinkError) {
      renewed.add(try content.kernel.renewLeases(of: Set(standing.keys)), ordering: .relaxed)
      return nil
    } catch {
      failed.add(1, ordering: .relaxed)
      return "\(error)"
    }
  }

  // MARK: - Output

  func follow(
    _ desired: DesiredState, given signals: [Signal: Signal.State], isConverged: Bool
  ) {}

  func measure(into metrics: inout Metrics) {
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
