internal import Glibc

/// Holds back signals that would end the process (^C, a lost terminal, `kill`) while a change is
/// being made, so that it can report what was done.
final class Interruption {
  private static let numbers = [SIGINT, SIGTERM, SIGHUP]
  private var held = sigset_t()
  private var before = sigset_t()

  init() {
    sigemptyset(&held)
    for number in Self.numbers {
      var action = sigaction()
      sigaction(number, nil, &action)
      // A signal that our caller ignores (`nohup`, a script's `&`) stays ignored; blocked, it would
      // stay pending.
      if action.sa_flags & SA_SIGINFO == 0, isIgnoring(action) { continue }
      sigaddset(&held, number)
    }
    sigprocmask(SIG_BLOCK, &held, &before)
  }

  private func isIgnoring(_ action: sigaction) -> Bool {
    unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1  // SIG_IGN
  }

  /// Whether somebody wants the process to end.
  var isPending: Bool {
    var pending = sigset_t()
    sigpending(&pending)
    return Self.numbers.contains { sigismember(&held, $0) == 1 && sigismember(&pending, $0) == 1 }
  }

  /// Delivers what was held back: a pending signal ends the process.
  func end() { sigprocmask(SIG_SETMASK, &before, nil) }
}
