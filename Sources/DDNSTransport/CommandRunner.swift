internal import CLinux
internal import DDNS
internal import Glibc
internal import NIOCore

/// Runs commands without our capabilities, each in a session of its own, which is killed as a whole at
/// its deadline.
struct CommandRunner: Sendable {
  let loop: any EventLoop
  let isAllowed: Bool

  /// Fails with a ``ProviderError``. To be called on the loop's thread: a command dies with the thread
  /// that started it.
  func run(_ request: CommandRequest, until deadline: NIODeadline) -> EventLoopFuture<CommandResult>
  {
    loop.flatSubmit { [self] in
      guard isAllowed else {
        return loop.makeFailedFuture(
          ProviderError("commands are run with `vpngw run --allow-exec` only", isPermanent: true))
      }
      do throws(ProviderError) {
        let command = try RunningCommand(request, deadline, loop)
        command.poll(after: 1)
        return command.promise.futureResult
      } catch {
        return loop.makeFailedFuture(error)
      }
    }
  }
}

/// A command that runs; lives on its loop's thread.
private final class RunningCommand {
  /// More output than that is thrown away.
  private static let most = 1 << 16
  private static let longestPause: Int64 = 20

  let promise: EventLoopPromise<CommandResult>
  private let loop: any EventLoop
  private let name: String
  private let deadline: NIODeadline
  private var process: pid_t = -1
  /// Our ends of its standard input, output and errors; -1 once closed.
  private var ends: [Int32] = [-1, -1, -1]
  private var input: ArraySlice<UInt8>
  private var outputs: [[UInt8]] = [[], [], []]
  private var isKilled = false

  init(
    _ request: CommandRequest, _ deadline: NIODeadline, _ loop: any EventLoop
  ) throws(ProviderError) {
    name = request.words.first ?? ""
    self.loop = loop
    self.deadline = deadline
    input = request.input[...]
    promise = loop.makePromise()
    do throws(ProviderError) {
      try start(request)
    } catch {
      closeEnds()
      promise.fail(error)
      throw error
    }
  }

  private func start(_ request: CommandRequest) throws(ProviderError) {
    var theirs: [Int32] = [-1, -1, -1]
    defer { for end in theirs where end >= 0 { close(end) } }
    for number in 0..<3 {
      var pair: [Int32] = [-1, -1]
      guard vpngw_pipe(&pair) == 0 else { throw failure("cannot run \(name)") }
      (ends[number], theirs[number]) = number == 0 ? (pair[1], pair[0]) : (pair[0], pair[1])
      // Only our end may fail to wait.
      let flags = fcntl(theirs[number], F_GETFL)
      _ = fcntl(theirs[number], F_SETFL, flags & ~O_NONBLOCK)
    }
    var variables = request.environment.map { "\($0.key)=\($0.value)" }
    for name in ["PATH", "LANG", "TZ", "HOME"] where request.environment[name] == nil {
      if let value = getenv(name) { variables.append("\(name)=\(String(cString: value))") }
    }
    var arguments: [UnsafeMutablePointer<CChar>?] = request.words.map { strdup($0) } + [nil]
    var environment: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
    defer { for text in arguments + environment { free(text) } }
    process = vpngw_spawn_confined_with(&arguments, &environment, theirs)
    guard process >= 0 else { throw failure("cannot run \(name)") }
  }

  private func failure(_ what: String) -> ProviderError {
    ProviderError("\(what): \(String(cString: strerror(errno)))")
  }

  /// Looks whether it has ended, less and less often; goes on until it has, so that no zombie stays.
  func poll(after milliseconds: Int64) {
    let bound = NIOLoopBound(self, eventLoop: loop)
    loop.scheduleTask(in: .milliseconds(milliseconds)) {
      bound.value.look(milliseconds)
    }.futureResult.whenFailure { _ in bound.value.abandon() }
  }

  /// The loop ends: nobody will look any more.
  private func abandon() {
    kill(-process, SIGKILL)
    closeEnds()
    var status: Int32 = 0
    _ = waitpid(process, &status, 0)
    promise.fail(ProviderError("\(name) was killed: vpngw ends"))
  }

  private func look(_ pause: Int64) {
    move()
    var info = siginfo_t()
    let code = waitid(P_PID, id_t(process), &info, WEXITED | WNOHANG | WNOWAIT)
    if code == 0 && info.si_signo == 0 {
      if !isKilled, deadline <= .now() {
        isKilled = true
        kill(-process, SIGKILL)
        promise.fail(ProviderError("\(name) was still running at its deadline, and was killed"))
      }
      return poll(after: min(pause * 2, Self.longestPause))
    }
    // With whatever it left in its session.
    kill(-process, SIGKILL)
    move()
    closeEnds()
    var status: Int32 = 0
    guard waitpid(process, &status, 0) >= 0 else {
      return promise.fail(ProviderError("\(name) ended, nobody knows how"))
    }
    let signal = status & 0x7f
    guard signal == 0 else {
      return promise.fail(ProviderError("\(name) was ended by signal \(signal)"))
    }
    promise.succeed(
      CommandResult(status: status >> 8 & 0xff, output: outputs[1], errors: outputs[2]))
  }

  /// Moves what the pipes take and have.
  private func move() {
    if ends[0] >= 0 {
      while !input.isEmpty {
        let count = input.withUnsafeBytes { write(ends[0], $0.baseAddress!, $0.count) }
        if count < 0, errno == EAGAIN { break }
        // It needn't read all of it.
        input = count < 0 ? [] : input.dropFirst(count)
      }
      if input.isEmpty {
        close(ends[0])
        ends[0] = -1
      }
    }
    var room = [UInt8](repeating: 0, count: 1 << 12)
    for number in 1...2 where ends[number] >= 0 {
      // Bounded, so that a command which prints for ever delays nobody.
      for _ in 0..<16 {
        let count = room.withUnsafeMutableBytes { read(ends[number], $0.baseAddress!, $0.count) }
        if count <= 0 { break }
        let free = Self.most - outputs[number].count
        outputs[number] += room[..<min(count, free)]
      }
    }
  }

  private func closeEnds() {
    for number in 0..<3 where ends[number] >= 0 {
      close(ends[number])
      ends[number] = -1
    }
  }
}
