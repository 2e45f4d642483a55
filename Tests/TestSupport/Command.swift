import Glibc

/// A finished program's exit status and what it printed.
public struct Finished: Sendable {
  /// The exit status, or 128 and the signal's number.
  public let status: Int32
  public let output: String
  public let error: String

  public var lines: [Substring] { output.split(separator: "\n") }
}

public struct CommandFailed: Error, CustomStringConvertible {
  public init(_ description: String) { self.description = description }

  public let description: String
}

/// Runs a program to its end, in the calling thread's network namespace.
@discardableResult
public func run(
  _ arguments: [String], input: String = "", environment: [String: String] = [:]
) throws -> Finished {
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  let files = try (0..<3).map { try TemporaryFile(number: $0, text: $0 == 0 ? input : "") }
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
  defer { (argv + envp).forEach { free($0) } }
  let code = posix_spawnp(&process, arguments[0], &actions, nil, &argv, &envp)
  guard code == 0 else {
    throw CommandFailed("\(arguments[0]): \(String(cString: strerror(code)))")
  }
  var status: Int32 = 0
  while waitpid(process, &status, 0) < 0, errno == EINTR {}
  let signal = status & 0x7f
  return Finished(
    status: signal == 0 ? status >> 8 & 0xff : 128 + signal, output: files[1].text,
    error: files[2].text)
}

/// Runs a command line, split at spaces, that must succeed; returns what it printed.
@discardableResult
public func sh(_ line: String, input: String = "") throws -> String {
  let finished = try run(line.split(separator: " ").map(String.init), input: input)
  guard finished.status == 0 else {
    throw CommandFailed("\(line): exit \(finished.status): \(finished.error)")
  }
  return finished.output
}

/// An unlinked file: no pipe, so that no program blocks on a reader.
private final class TemporaryFile {
  let descriptor: Int32

  init(number: Int, text: String) throws {
    var name = Array("/tmp/vpngw-test-XXXXXX".utf8CString)
    descriptor = mkstemp(&name)
    guard descriptor >= 0 else { throw CommandFailed("mkstemp: errno \(errno)") }
    unlink(name)
    if !text.isEmpty {
      let bytes = Array(text.utf8)
      guard write(descriptor, bytes, bytes.count) == bytes.count else {
        throw CommandFailed("write: errno \(errno)")
      }
      lseek(descriptor, 0, SEEK_SET)
    }
  }

  deinit { close(descriptor) }

  var text: String {
    var status = stat()
    fstat(descriptor, &status)
    lseek(descriptor, 0, SEEK_SET)
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var count = 0
    while count < bytes.count {
      let more = bytes[count...].withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if more <= 0 { break }
      count += more
    }
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}
