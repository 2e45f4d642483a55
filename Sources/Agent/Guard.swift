internal import Glibc
import Model
import Plan

/// The process that undoes a change when its time is over.
struct Guard {
  let undo: Undo
  let limit: Duration
  let directory: RunDirectory
  let fifo: Int32
  /// Tells others in the namespace that a change waits; released when the process ends.
  let hold: NamespaceLock.Hold

  /// Waits, undoes the change if it must, and exits.
  func run() -> Never {
    detach()
    hold.takeOver()
    let ending = isConfirmed() ? Confirmation.Ending.kept.rawValue + "\n" : carryOut()
    try? File.replace(directory.ending, with: Array(ending.utf8))
    hold.release()
    directory.clearPending()
    _exit(0)
  }

  /// Detaches from the terminal and its signals.
  private func detach() {
    setsid()
    for number in [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE] { signal(number, SIG_IGN) }
    // Blocked until now, so that no signal ended the guard before it began.
    var none = sigset_t()
    sigemptyset(&none)
    sigprocmask(SIG_SETMASK, &none, nil)
    let null = open("/dev/null", O_RDWR)
    for standard in 0...2 { dup2(null, Int32(standard)) }
    chdir("/")
    if File.exists("/run/systemd/system") { takeScope() }
  }

  /// Has systemd put the guard into a scope of its own: it must outlive the login session
  /// (`KillUserProcesses` in logind.conf(5)) and the unit that `apply` was started in.
  ///
  /// `systemd-run --scope` would do the same, for a program. Nobody waits for it: without systemd's help
  /// the guard is a process like others.
  private func takeScope() {
    let place = ["org.freedesktop.systemd1", "/org/freedesktop/systemd1"]
    let words =
      ["busctl", "--quiet", "call"] + place + ["\(place[0]).Manager", "StartTransientUnit"]
      + ["ssa(sv)a(sa(sv))", "vpngw-confirm-\(getpid()).scope", "fail"]
      + ["3", "Description", "s", "Undoes a change of vpngw unless it is confirmed"]
      // At a shutdown there is nothing left to undo.
      + ["TimeoutStopUSec", "t", "1000000", "PIDs", "au", "1", "\(getpid())", "0"]
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for pointer in arguments { free(pointer) } }
    var process = pid_t()
    posix_spawnp(&process, words[0], nil, nil, &arguments, environ)
  }

  /// Whether a confirmation arrives before the limit, by a clock that also runs while the machine
  /// sleeps.
  private func isConfirmed() -> Bool {
    let end = Self.now + limit
    var input = pollfd(fd: fifo, events: Int16(POLLIN), revents: 0)
    while true {
      let left = end - Self.now
      let milliseconds = Int32(clamping: (left.wholeNanoseconds + 999_999) / 1_000_000)
      hold.forgetAskers()
      if poll(&input, 1, min(max(0, milliseconds), 1_000)) > 0 {
        var byte: UInt8 = 0
        if read(fifo, &byte, 1) == 1 { return byte != Confirmation.Word.undo.rawValue }
      }
      if left <= .zero { return false }
    }
  }

  private static var now: Duration {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }

  private func carryOut() -> String {
    do {
      // An apply that is still running gets a minute to finish.
      var lock = try directory.takeLock("vpngw apply --confirm, undoing")
      for _ in 0..<600 where lock == nil {
        usleep(100_000)
        lock = try directory.takeLock("vpngw apply --confirm, undoing")
      }
      let reconciler = try Reconciler(runDirectory: directory.path)
      reconciler.shouldStop = { _ in
        hold.forgetAskers()
        lock?.forgetAskers()
        return false
      }
      let outcome = try reconciler.reconcile { try undo.plan(by: reconciler) }
      if outcome.isComplete { return Confirmation.Ending.undone.rawValue + "\n" }
      return Confirmation.Ending.failed.rawValue + "\n" + outcome.complaints
    } catch {
      return Confirmation.Ending.failed.rawValue + "\n\(error)\n"
    }
  }
}
