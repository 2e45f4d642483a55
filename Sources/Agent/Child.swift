internal import Glibc
import Netlink

/// Runs work in a process of its own, where it may start threads: this process can still fork then.
enum Child {
  /// Returns what the work returns, through a pipe.
  static func run(_ work: () throws -> [UInt8]) throws -> [UInt8] {
    var ends: (Int32, Int32) = (0, 0)
    let made = withUnsafeMutableBytes(of: &ends) {
      pipe($0.baseAddress!.assumingMemoryBound(to: Int32.self))
    }
    guard made == 0 else { throw failure("make a pipe") }
    let process = Netlink.fork()
    if process == 0 {
      close(ends.0)
      do {
        var bytes = try work()[...]
        while !bytes.isEmpty {
          let count = bytes.withUnsafeBytes { write(ends.1, $0.baseAddress!, $0.count) }
          if count < 0, errno != EINTR { _exit(1) }
          bytes = bytes.dropFirst(max(count, 0))
        }
        _exit(0)
      } catch {
        Console.complain("vpngw: \(error)\n")
        _exit(1)
      }
    }
    let error = failure("start a process")
    close(ends.1)
    defer { close(ends.0) }
    guard process > 0 else { throw error }
    let bytes = readAll(ends.0)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else { throw CommandError("the probes could not be asked") }
    return bytes
  }

  private static func failure(_ verb: String) -> CommandError {
    CommandError("cannot \(verb): \(String(cString: strerror(errno)))")
  }
}
