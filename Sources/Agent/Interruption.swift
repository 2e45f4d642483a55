internal import Glibc

/// Holds back what would end the process (^C, a lost terminal, `kill`) while a change is under way,
/// so that it can say what was done.
final class Interruption {
  private static let numbers = [SIGINT, SIGTERM, SIGHUP]
  private var held = sigset_t()
  private var before = sigset_t()

  init() {
    sigemptyset(&held)
    for number in Self.numbers {
      var action = sigaction()
      sigaction(number, nil, &action)
      // What our caller ignores (`nohup`, a script's `&`) stays ignored, and would stay pending.
      if action.sa_flags & SA_SIGINFO == 0, isIgnoring(action) { continue }
      sigaddset(&held, number)
    }
    sigprocmask(SIG_BLOCK, &held, &before)
  }

  private func isIgnoring(_ action: sigaction) -> Bool {
    unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1  // SIG_IGN
  }

  /// Whether somebody wants an end.
  var isPending: Bool {
    var pending = sigset_t()
    sigpending(&pending)
    return Self.numbers.contains { sigismember(&held, $0) == 1 && sigismember(&pending, $0) == 1 }
  }

  /// Lets come what was held back; what is pending ends the process.
  func end() { sigprocmask(SIG_SETMASK, &before, nil) }
}
