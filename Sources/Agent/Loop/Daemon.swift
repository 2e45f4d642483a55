import Events
internal import Glibc
import JSON
import Model
import Netlink
import Plan
import State

/// `vpngw run`: keeps the kernel equal to the state file and to what is alive right now.
///
/// Everything that happens only wakes it; what to do comes from a look at the kernel. It belongs to
/// the thread that makes it, which has to be in the right network namespace.
final class Daemon {
  struct Options: Sendable {
    var resync = Duration.seconds(30)
    /// How often what sends no events is looked at: what somebody changed is back within a second,
    /// also the time that this takes.
    var poll = Duration.milliseconds(900)
    /// Removes all that is ours at the end.
    var removesOnExit = false
  }

  let path: String
  private let options: Options
  let reconciler: Reconciler
  private let inbox: Inbox
  private var events = EventLoop.Events(atMost: 8)
  private let processSignals: ProcessSignals?
  let watch: FileWatch
  let monitors: [Monitor]
  let log: Log
  let store: StatusStore
  var inputs: [any Input] { store.inputs }

  var desiredState: DesiredState?
  var fileBytes: [UInt8]?
  /// When to read the file, which may be about to be written: an editor makes it anew in steps.
  private var nextRead: Cadence.Instant?
  private static let writing = Duration.milliseconds(10)
  var cadence: Cadence
  private var nextPoll: Cadence.Instant
  var backoff = Backoff()
  var repairs = Repairs()
  var steps = Repairs(few: 20, most: .max)
  var overflows = Tally()
  /// What the last look wanted, where it found or made everything so: whatever differs from it next
  /// was changed by somebody else.
  var convergedDesired: NetworkState?
  /// Of that, what is not so yet: it failed, or rests on what failed.
  var unconverged: Set<ObjectID> = []
  /// The settings that the last look left as they should be.
  var watched: [Sysctl] = []
  /// The kernel as the last look left it, while nothing is heard of it since.
  var seen: NetworkState?
  /// The kernel as the last look that found nothing to do saw it.
  var convergedObserved: NetworkState?
  var conflicts: [Plan.Conflict] = []
  /// What failed to be looked at, until a look succeeds.
  var blindness: String?
  /// What of the file can't work as it is meant, as it was said.
  var mistakes: [Trouble] = []
  /// Why flows of real servers that went are there still.
  var flowsFailure: String?
  var notes: [Trouble] = []
  /// Steps that wait for an address, as they were said.
  var waits: [Trouble] = []
  var liveSignals: LiveSignals
  var drainings = Drainings()

  init(
    _ path: String, _ options: Options, reconciler: Reconciler, inbox: Inbox, store: StatusStore,
    log: Log, processSignals: ProcessSignals? = nil
  ) throws {
    self.path = path
    self.options = options
    self.reconciler = reconciler
    // Probes go on, and the kernel says when an address is ready.
    reconciler.waitsForDetection = false
    self.inbox = inbox
    self.store = store
    self.log = log
    self.processSignals = processSignals
    watch = try FileWatch(path)
    monitors = [try Monitor(.route), try Monitor(.netfilter)]
    let descriptors = [processSignals?.descriptor, watch.descriptor].compactMap(\.self)
    // Whatever it is that wakes it, it looks at all of them.
    for descriptor in descriptors + monitors.map(\.descriptor) {
      try inbox.loop.add(descriptor, for: .toRead, as: 0)
    }
    let now = Instant.now
    cadence = Cadence(resync: options.resync, now: now)
    nextPoll = now + options.poll
    liveSignals = LiveSignals()
  }

  // MARK: - The loop

  /// Until SIGTERM or SIGINT; false when what was to be removed then wasn't.
  func run() throws -> Bool {
    readFile()
    while turn() {}
    return options.removesOnExit ? try removeAll() : true
  }

  /// A look if it is time for one, and what happened until the next; false at the end.
  func turn() -> Bool {
    let now = Instant.now
    if cadence.isDue(now) { pass(now, late: now - cadence.due) }
    let due = [cadence.due, nextPoll, nextRead, inputs.nextPoll]
    let meaning = wait(until: due.compactMap(\.self).min()!)
    if meaning == .end { return false }
    handle(meaning)
    return true
  }

  /// Sleeps until something happens; what the process was told.
  private func wait(until instant: Cadence.Instant) -> ProcessSignals.Meaning? {
    inbox.loop.wait(for: &events, until: instant)
    return processSignals?.drain()
  }

  private func handle(_ meaning: ProcessSignals.Meaning?) {
    let now = Instant.now
    if watch.drain(), nextRead == nil { nextRead = now + Self.writing }
    if meaning == .reload || nextRead.map({ now >= $0 }) == true {
      nextRead = nil
      readFile(isAsked: meaning == .reload)
    }
    do {
      var heard = Monitor.Heard()
      for monitor in monitors { try monitor.drain(own: reconciler.ports, into: &heard) }
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
    // Of IPVS, what we changed ourselves is news as well, once: so nothing is missed in between.
    var hasDrifted = inbox.takeDrift()
    if now >= nextPoll {
      nextPoll = now + options.poll
      onPoll()
      countDrops()
      if hasDriftedSilently() { hasDrifted = true }
    }
    if hasDrifted {
      seen = nil
      cadence.wake(now)
    }
    if desiredState != nil {
      let posted = inbox.states(of: liveSignals.declared)
      let news = liveSignals.update(posted.merging(inputs.poll(now)) { $1 }, now)
      say(news)
      if !news.isEmpty {
        react(now)
        cadence.wake(now)
      }
    }
  }

  /// Whether a setting, which sends no events, isn't as it was left.
  private func hasDriftedSilently() -> Bool {
    watched.contains { reconciler.sysctl($0.key).text != $0.text }
  }

  /// Called with each state file that is taken.
  var onTake: (DesiredState) -> Void = { _ in }
  /// Called each time that what sends no events is looked at.
  var onPoll: () -> Void = {}

  // MARK: - Passes

  private func pass(_ start: Cadence.Instant, late: Duration) {
    store.measure(.loopLateness, late)
    if fileBytes == nil { readFile() }
    if desiredState != nil { reconcile(start) }
    let end = Instant.now
    store.measure(.passDuration, end - start)
    cadence.passed(from: start, to: end)
    // From the start: what came due during the look was none of it.
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
        ["object": step.change.object.id, "reason": "rests on \(cause.change.object.id)"])
    }
    for (object, reason) in outcome.conflicts.told {
      log.error("conflict", ["object": object, "reason": reason])
    }
    return outcome.isComplete
  }
}
