internal import CLinux
import Events
internal import Glibc
import Model

extension ProbeAttempt {
  /// Runs a program without our capabilities in a session of its own, which is killed as a whole
  /// when the attempt ends.
  func run(_ command: [String]) throws(ProbeFailure) {
    let process = try spawn(command)
    _ = wait(for: "end of \(command[0])")
    let child = Child(process, poller)
    cleanUp { child.kill() }
    child.poll { status in
      guard let status else { return self.fail("\(command[0]) ended, nobody knows how") }
      let (signal, code) = (status & 0x7f, status >> 8 & 0xff)
      if signal != 0 {
        self.fail("\(command[0]) was ended by signal \(signal)")
      } else if code != 0 {
        self.fail("\(command[0]) exited with \(code), not 0")
      } else {
        self.end(.good(Finding()))
      }
    }
  }

  private func spawn(_ command: [String]) throws(ProbeFailure) -> pid_t {
    var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    let process = vpngw_spawn_confined(&arguments, environ)
    guard process >= 0 else { throw ProbeFailure("cannot run \(command[0])", errno) }
    return process
  }
}

/// A child process that ends sooner or later and is waited for.
private final class Child {
  private let process: pid_t
  private let poller: Poller
  private var isGone = false

  init(_ process: pid_t, _ poller: Poller) {
    self.process = process
    self.poller = poller
  }

  /// Polls whether it has ended, less and less often, which needs neither a signal nor a thread;
  /// goes on until it has, so that no zombie stays.
  func poll(after pause: Duration = .milliseconds(1), then: @escaping (Int32?) -> Void) {
    _ = poller.at(Instant.now + pause) {
      var info = siginfo_t()
      // It stays waitable, and so keeps its number, until its group is killed with whatever it left
      // there.
      let code = waitid(P_PID, id_t(self.process), &info, WEXITED | WNOHANG | WNOWAIT)
      if code == 0 && info.si_signo == 0 {
        return self.poll(after: min(pause * 2, .milliseconds(20)), then: then)
      }
      self.kill()
      self.isGone = true
      var status: Int32 = 0
      then(waitpid(self.process, &status, 0) < 0 ? nil : status)
    }
  }

  func kill() {
    if !isGone { Glibc.kill(-process, SIGKILL) }
  }
}
