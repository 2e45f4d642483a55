import Glibc

/// A finished program's exit status, and what it printed.
public struct Finished: Sendable {
  /// The exit status, or 128 plus the signal's number.
  public let status: Int32
  public let output: String
  public let error: String

  public var lines: [Substring] { output.split(separator: "\n") }
}

public struct CommandFailed: Error, CustomStringConvertible {
  public let description: String

  public init(description: String) { self.description = description }
}

/// A running program; it must be waited for.
public final class Started {
  public let process: Int32
  private let files: [TemporaryFile]

  /// Starts it in the calling thread's network namespace.
  public init(
    _ arguments: [String], input: String = "", environment: [String: String] = [:]
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    files = try (0..<3).map { try TemporaryFile($0 == 0 ? input : "") }
    for (number, file) in files.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, file.descriptor, Int32(number))
    }
    var variables: [String] = []
    var cursor = environ
    while let entry = cursor.pointee {
      let text = String(cString: entry)
      if environment[String(text.prefix { $0 != "=" })] == nil { variables.append(text) }
      cursor += 1
    }
    variables += environment.map { "\($0)=\($1)" }
    var process = pid_t()
    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var envp: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    // The threads that run tests block signals, and whoever runs the tests may ignore some (a
    // script's `&` ignores SIGINT): a program would inherit both.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    let code = posix_spawnp(&process, arguments[0], &actions, &attributes, &argv, &envp)
    guard code == 0 else {
      throw CommandFailed(description: "\(arguments[0]): \(String(cString: strerror(code)))")
    }
    self.process = process
  }

  public func kill(_ signal: Int32) { Glibc.kill(process, signal) }

  /// What it has printed so far.
  public var output: String { files[1].text }
  public var error: String { files[2].text }

  public var isRunning: Bool {
    var info = siginfo_t()
    return waitid(P_PID, id_t(process), &info, WEXITED | WNOHANG | WNOWAIT) == 0
      && info.si_signo == 0
  }

  public func wait() -> Finished {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    let signal = status & 0x7f
    return Finished(
      status: signal == 0 ? status >> 8 & 0xff : 128 + signal, output: files[1].text,
      error: files[2].text)
  }
}

/// Runs a program to its end, in the calling thread's network namespace.
@discardableResult
public func run(
  _ arguments: [String], input: String = "", environment: [String: String] = [:]
) throws -> Finished {
  try Started(arguments, input: input, environment: environment).wait()
}

/// Runs Python source beside `body`, which begins once it has printed `word`.
public func withPython(
  _ source: String, saying word: String, _ body: () throws -> Void
) throws {
  let program = try Started(["/usr/bin/python3", "-c", source])
  defer {
    program.kill(SIGKILL)
    _ = program.wait()
  }
  guard eventually({ program.output.contains(word) }) else {
    throw CommandFailed(description: "python3 didn't say \(word): \(program.error)")
  }
  try body()
}

/// Waits for a fact; false if it doesn't hold within half a minute.
public func eventually(
  every microseconds: UInt32 = 10_000, _ fact: () throws -> Bool
) rethrows -> Bool {
  let end = time(nil) + 30
  while try !fact() {
    if time(nil) > end { return false }
    usleep(microseconds)
  }
  return true
}

/// Runs a command line, split at spaces, that must succeed; returns what it printed.
@discardableResult
public func sh(_ line: String, input: String = "") throws -> String {
  let finished = try run(line.split(separator: " ").map(String.init), input: input)
  guard finished.status == 0 else {
    throw CommandFailed(description: "\(line): exit \(finished.status): \(finished.error)")
  }
  return finished.output
}

/// An unlinked file: with a pipe, a program might block on its reader.
private final class TemporaryFile {
  let descriptor: Int32

  init(_ text: String) throws {
    var name = Array("/tmp/vpngw-test-XXXXXX".utf8CString)
    descriptor = mkstemp(&name)
    guard descriptor >= 0 else { throw CommandFailed(description: "mkstemp: errno \(errno)") }
    unlink(name)
    if !text.isEmpty {
      let bytes = Array(text.utf8)
      guard write(descriptor, bytes, bytes.count) == bytes.count else {
        throw CommandFailed(description: "write: errno \(errno)")
      }
      lseek(descriptor, 0, SEEK_SET)
    }
  }

  deinit { close(descriptor) }

  var text: String {
    var status = stat()
    fstat(descriptor, &status)
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var count = 0
    while count < bytes.count {
      // The program that writes shares the offset.
      let more = bytes[count...].withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress, $0.count, count)
      }
      if more <= 0 { break }
      count += more
    }
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}
