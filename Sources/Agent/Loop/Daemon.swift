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
  private let processSignals: ProcessSignals
  private let watch: FileWatch
  private let monitors: [Monitor]
  let log: Log
  let board: Board

  var declaration: Declaration?
  private var fileBytes: [UInt8]?
  /// When to read the file, which may be about to be written: an editor makes it anew in steps.
  private var nextRead: Cadence.Instant?
  private static let writing = Duration.milliseconds(10)
  private var cadence: Cadence
  private var nextPoll: Cadence.Instant
  var backoff = Backoff()
  var repairs = Repairs()
  /// What the last look wanted, where it found or made everything so: whatever differs from it next
  /// was changed by somebody else.
  var settled: Configuration?
  /// The kernel as the last look left it, while nothing is heard of it since.
  var seen: Configuration?
  var conflicts: [Plan.Conflict] = []
  var notes: [Status.Trouble] = []
  var liveSignals: LiveSignals
  var departures = Departures()

  init(
    _ path: String, _ options: Options, reconciler: Reconciler, inbox: Inbox, board: Board,
    log: Log
  ) throws {
    self.path = path
    self.options = options
    self.reconciler = reconciler
    self.inbox = inbox
    self.board = board
    self.log = log
    processSignals = try ProcessSignals()
    watch = try FileWatch(path)
    monitors = [try Monitor(.route), try Monitor(.netfilter)]
    let now = Duration.now
    cadence = Cadence(resync: options.resync, now: now)
    nextPoll = now + options.poll
    liveSignals = LiveSignals()
  }

  // MARK: - The loop

  /// Until SIGTERM or SIGINT; false when what was to be removed then wasn't.
  func run() throws -> Bool {
    readFile()
    while true {
      let now = Duration.now
      if cadence.isDue(now) { look(now, late: now - cadence.due) }
      let meaning = wait(until: min(cadence.due, nextPoll, nextRead ?? nextPoll))
      if meaning == .end { break }
      handle(meaning)
    }
    return options.removesOnExit ? try removeAll() : true
  }

  /// Sleeps until something happens; what the process was told.
  private func wait(until instant: Cadence.Instant) -> ProcessSignals.Meaning? {
    let descriptors =
      [processSignals.descriptor, watch.descriptor, inbox.descriptor] + monitors.map(\.descriptor)
    var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    let left = max(instant - .now, .zero)
    // Rounded up: a wait of less than a millisecond must not spin.
    let milliseconds = Int32(clamping: Int64((left.inSeconds * 1000).rounded(.up)))
    poll(&polled, nfds_t(polled.count), milliseconds)
    return processSignals.drain()
  }

  private func handle(_ meaning: ProcessSignals.Meaning?) {
    let now = Duration.now
    if watch.drain(), nextRead == nil { nextRead = now + Self.writing }
    if meaning == .reload || nextRead.map({ now >= $0 }) == true {
      nextRead = nil
      readFile()
    }
    do {
      var heard = Monitor.Heard()
      for monitor in monitors { try monitor.drain(own: reconciler.ports, into: &heard) }
      if heard.overflows > 0 {
        board.count("vpngw_netlink_overflows_total", by: heard.overflows)
        log.warning("netlink-overflow", ["times": heard.overflows])
      }
      if heard.isWorthALook {
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
      if hasDriftedSilently() { hasDrifted = true }
    }
    if hasDrifted {
      seen = nil
      cadence.wake(now)
    }
    if let declaration {
      let news = liveSignals.update(inbox.states(of: declaration.signals), now)
      say(news)
      if !news.isEmpty {
        react(now)
        cadence.wake(now)
      }
    }
  }

  /// Whether a setting, which sends no events, isn't as it was left.
  private func hasDriftedSilently() -> Bool {
    settled?.sysctls.contains { reconciler.sysctl($0.key).text != $0.text } ?? false
  }

  // MARK: - The state file

  /// Takes the file if it is good; else the one before it stays in force.
  private func readFile() {
    repeat { readFileOnce() } while watch.renew()
  }

  private func readFileOnce() {
    let bytes: [UInt8]
    do throws(File.Failure) {
      bytes = try File.read(path)
    } catch {
      fileBytes = nil
      return refuseFile(["\(error)"]) {
        log.error("state-file", ["file": path, "error": error, "kept": kept])
      }
    }
    guard bytes != fileBytes else { return }
    fileBytes = bytes
    do throws(Problems) {
      let read = try StateFile.decode(bytes, names: .machine)
      if declaration != read { take(read) }
      board.update {
        $0.file = .good
        $0.hasFile = true
      }
      log.info("state-file", ["file": path, "valid": true])
    } catch {
      refuseFile(error.list.map { "\(path):\($0)" }) {
        for problem in error.list {
          log.error(
            "state-file",
            [
              "file": "\(path):\(problem.place.line):\(problem.place.column)",
              "pointer": problem.pointer, "error": problem.message,
              "kept": kept,
            ])
        }
      }
    }
  }

  /// What stays in force when the file is refused.
  private var kept: String? { declaration != nil ? "the last good one" : nil }

  private func refuseFile(_ problems: [String], _ say: () -> Void) {
    // Said once, not at each look.
    guard board.status.file != .bad(problems) else { return }
    board.update { $0.file = .bad(problems) }
    board.count("vpngw_state_file_errors_total")
    say()
  }

  private func take(_ read: Declaration) {
    declaration = read
    settled = nil
    seen = nil
    liveSignals.declare(read.signals, deadline: read.deadline, .now)
    if read.mentions(.neighbor) || read.mentions(.fdb) {
      do { try monitors[0].listenToNeighbors() } catch { log.error("netlink", ["error": error]) }
    }
    let gateways = read.gateways?.members.compactMap { member in
      member.addresses.first.map { (member.signal, $0) }
    }
    board.declare(Dictionary(gateways ?? []) { first, _ in first })
    onTake(read)
    cadence.wake(.now)
  }

  /// Called with each state file that is taken, for the inputs that it wants.
  var onTake: (Declaration) -> Void = { _ in }
  /// Why a signal is as it is, in the words of its input.
  var reasons: (Signal) -> String? = { _ in nil }

  // MARK: - Looking

  private func look(_ start: Cadence.Instant, late: Duration) {
    board.measure("vpngw_loop_lateness_seconds", late)
    if fileBytes == nil { readFile() }
    if declaration != nil { reconcile(start) }
    let end = Duration.now
    board.measure("vpngw_pass_duration_seconds", end - start)
    cadence.looked(from: start, to: end)
    // From the start: what came due during the look was none of it.
    let due = [
      backoff.next, liveSignals.nextDeadline(after: start), departures.next(after: start),
    ]
    for instant in due.compactMap(\.self) { cadence.look(at: instant) }
  }

  private func removeAll() throws -> Bool {
    let nothing = Configuration()
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
