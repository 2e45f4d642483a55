import Events
internal import Glibc
import JSON
import Model
import Netlink
import Plan
import State

/// `vpngw run`: keeps the kernel equal to the state file and to what is alive right now.
///
/// Whatever happens only wakes it; what to do follows from observing the kernel. It belongs to the
/// thread that makes it, which must be in the right network namespace.
final class Daemon {
  struct Options: Sendable {
    var resync = Duration.seconds(30)
    /// How often to check what sends no events: a foreign change is undone within a second,
    /// including the time that this takes.
    var poll = Duration.milliseconds(900)
    /// Removes everything that is ours when it ends.
    var removesOnExit = false
    var parameters = ParameterSources()
    var privileges = Privileges()
    /// Takes a state file that everybody may write.
    var trustsWritableFile = false
  }

  let path: String
  let options: Options
  let reconciler: Reconciler
  private let inbox: Inbox
  private var events = EventLoop.Events(atMost: 8)
  private let processSignals: ProcessSignals?
  let hostNames: HostNames
  /// Nil: addresses stand as they are made, with nobody to renew them.
  let leases: AddressLeases?
  let surroundings: Machine
  let watch: FileWatch
  let monitors: [Monitor]
  let log: Log
  let store: StatusStore
  var inputs: [any Input] { store.inputs }

  var desiredState: DesiredState?
  var fileBytes: [UInt8]?
  /// When to read the file, which may still be being written: editors write files in several steps.
  private var nextRead: Instant?
  private static let writing = Duration.milliseconds(10)
  var cadence: Cadence
  private var nextPoll: Instant
  var backoff = Backoff()
  var repairs = Repairs()
  var steps = Repairs(few: 20, most: .max)
  var overflows = Tally()
  /// The desired state of the last pass that converged, or that changed everything it could: any
  /// difference from it is somebody else's change.
  var convergedDesired: NetworkState?
  /// The objects in it that aren't as desired: they failed, or depend on what failed.
  var unconverged: Set<ObjectID> = []
  /// The settings that the last pass left as they should be.
  var watched: [Sysctl] = []
  /// The kernel as the last pass left it, as long as nothing has been heard of it since.
  var seen: NetworkState?
  /// The kernel as observed by the last pass that found nothing to do.
  var convergedObserved: NetworkState?
  var conflicts: [Plan.Conflict] = []
  /// Why the last pass failed as a whole; nil once one succeeds.
  var passFailure: String?
  /// What the file asks for that can't work as it is meant, as last logged.
  var mistakes: [Trouble] = []
  /// Why flows of removed real servers are still there.
  var flowsFailure: String?
  var notes: [Trouble] = []
  /// Steps that wait for an address, as last logged.
  var waits: [Trouble] = []
  var liveSignals: LiveSignals
  /// What inputs have read about the signals' subjects.
  private(set) var readings: [Signal: SignalReading] = [:]
  var drainings = Drainings()

  init(
    _ path: String, _ options: Options, reconciler: Reconciler, inbox: Inbox, store: StatusStore,
    log: Log, processSignals: ProcessSignals? = nil, hostNames: HostNames? = nil,
    leases: AddressLeases? = nil
  ) throws {
    self.path = path
    self.options = options
    self.reconciler = reconciler
    // The loop never blocks for an address: the kernel tells when it is ready.
    reconciler.waitsForKernel = false
    self.inbox = inbox
    self.store = store
    self.log = log
    self.processSignals = processSignals
    self.leases = leases
    let names = try hostNames ?? HostNames(telling: inbox)
    self.hostNames = names
    surroundings = Machine(warn: log.unsafeKeys, resolve: names.addresses)
    watch = try FileWatch(path)
    monitors = [try Monitor(.route), try Monitor(.netfilter)]
    let descriptors = [processSignals?.descriptor, watch.descriptor].compactMap(\.self)
    // Whichever of them wakes it, it checks all of them.
    for descriptor in descriptors + monitors.map(\.descriptor) {
      try inbox.loop.add(descriptor, for: .toRead, as: 0)
    }
    let now = Instant.now
    cadence = Cadence(resync: options.resync, now: now)
    nextPoll = now + options.poll
    liveSignals = LiveSignals()
  }

  // MARK: - The loop

  /// Runs until SIGTERM or SIGINT; false if what was to be removed then wasn't.
  func run() throws -> Bool {
    readFile()
    while turn() {}
    serviceManager?.stops()
    leave()
    return options.removesOnExit ? try removeAll() : true
  }

  /// Lets inputs leave, and removes what goes with their signals: an address of a virtual router must not
  /// stay behind. A second signal to end cuts the leaving short.
  private func leave() {
    guard let desiredState, !desiredState.inputs.isEmpty else { return }
    for input in inputs { input.leave() }
    while inputs.contains(where: \.isLeaving), turn() {}
    // As the signals are now, also those that nobody says any more.
    pass(.now, late: .zero)
  }

  /// Makes a pass if one is due, and handles what happens until the next; false at the end.
  func turn() -> Bool {
    let now = Instant.now
    if cadence.isDue(now) { pass(now, late: now - cadence.due) }
    let due = [cadence.due, nextPoll, nextRead, inputs.nextPoll]
    let meaning = wait(until: due.compactMap(\.self).min()!)
    if meaning == .end { return false }
    handle(meaning)
    return true
  }

  /// Sleeps until something happens; returns the signal that the process received, if any.
  private func wait(until instant: Instant) -> ProcessSignals.Meaning? {
    inbox.loop.wait(for: &events, until: instant)
    return processSignals?.drain()
  }

  private func handle(_ meaning: ProcessSignals.Meaning?) {
    let now = Instant.now
    if watch.drain(), nextRead == nil { nextRead = now + Self.writing }
    if meaning == .reload { serviceManager?.reloads(now) }
    if meaning == .reload || nextRead.map({ now >= $0 }) == true {
      nextRead = nil
      let before = desiredState
      readFile(isAsked: meaning == .reload)
      // Else the next pass says how it went.
      if meaning == .reload, desiredState == before { serviceManager?.tell(store.status) }
    }
    serviceManager?.beat()
    do {
      var heard = Monitor.Heard()
      let own = reconciler.ports.union(leases?.ports ?? [])
      for monitor in monitors { try monitor.drain(own: own, into: &heard) }
      if heard.overflows > 0 {
        store.count(.netlinkOverflows, by: heard.overflows)
        if let times = overflows.note(heard.overflows, now) {
          log.warning("netlink-overflow", ["times": times])
        }
      }
      if heard.hasNews {
        seen = nil
        cadence.wake(now)
      }
    } catch {
      log.error("netlink", ["error": error])
    }
    // For IPVS our own changes count too, once: so that nothing in between is missed.
    var hasDrifted = inbox.takeDrift()
    if hostNames.takeNews() { takeAddresses() }
    if now >= nextPoll {
      nextPoll = now + options.poll
      onPoll()
      countDrops()
      judgeHealth(now)
      if hasDriftedSilently() { hasDrifted = true }
    }
    if hasDrifted {
      seen = nil
      cadence.wake(now)
    }
    if desiredState != nil {
      let posted = inbox.states(of: liveSignals.declared)
      let news = heard(posted.merging(inputs.poll(now)) { $1 }, now)
      let before = readings
      readings = inbox.readings(of: liveSignals.declared)
      let hasNews = !news.isEmpty || readings != before
      // First: the log asks inputs for reasons.
      if hasNews { heed(now) }
      say(news)
      if !news.isEmpty { judgeHealth(now) }
      if hasNews {
        react(now, to: Set(news.keys))
        cadence.wake(now)
      }
    }
  }

  /// Whether a setting, which sends no events, has changed since we left it.
  private func hasDriftedSilently() -> Bool {
    watched.contains { reconciler.sysctl($0.key).text != $0.text }
  }

  /// Tells whoever started the process how it is.
  var serviceManager: ServiceManager?
  /// Called with each state file that is taken.
  var onTake: (DesiredState) -> Void = { _ in }
  /// Called each time that things without events are checked.
  var onPoll: () -> Void = {}

  // MARK: - Passes

  private func pass(_ start: Instant, late: Duration) {
    store.measure(.loopLateness, late)
    if fileBytes == nil { readFile() }
    if desiredState != nil { reconcile(start) }
    let end = Instant.now
    store.measure(.passDuration, end - start)
    serviceManager?.tell(store.status)
    cadence.passed(from: start, to: end)
    // From the start of the pass: what came due during it isn't covered by it.
    if let (objects, times) = repairs.unsaid(end) {
      log.warning(
        "restored", ["object": "\(objects) others", "times": times, "within": Repairs.window.text])
    }
    let due = [
      backoff.next, liveSignals.nextDeadline(after: start), drainings.next(after: start),
    ]
    for instant in due.compactMap(\.self) { cadence.schedule(at: instant) }
  }

  private func removeAll() throws -> Bool {
    let nothing = NetworkState()
    let outcome = try reconciler.reconcile { try reconciler.plan(to: nothing) }
    for step in outcome.done { log.info("step", fields(of: step)) }
    for (step, error) in outcome.failed {
      log.error("step-failed", ["object": step.change.object.id, "error": error])
    }
    for (step, cause) in outcome.skipped {
      log.error(
        "step-skipped",
        ["object": step.change.object.id, "reason": "depends on \(cause.change.object.id)"])
    }
    for (object, reason) in outcome.conflicts.summary {
      log.error("conflict", ["object": object, "reason": reason])
    }
    return outcome.isComplete
  }
}
