internal import Glibc

/// Reading and writing whole files.
enum File {
  /// What went wrong with a file, with errno's sentence.
  struct Failure: Error, CustomStringConvertible {
    let path: String
    let verb: String
    let code: Int32

    var description: String { "cannot \(verb) \(path): \(String(cString: strerror(code)))" }
  }

  /// All bytes; `-` is standard input.
  static func read(_ path: String) throws(Failure) -> [UInt8] {
    let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure(path: path, verb: "read", code: errno) }
    defer { if descriptor != STDIN_FILENO { close(descriptor) } }
    var bytes: [UInt8] = []
    var status = stat()
    // One more than there is, to see the end by one read.
    let size = fstat(descriptor, &status) == 0 ? max(Int(status.st_size) + 1, 1 << 12) : 1 << 16
    while true {
      let start = bytes.count
      bytes.append(contentsOf: repeatElement(0, count: size))
      let count = bytes.withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress! + start, size)
      }
      bytes.removeLast(size - max(count, 0))
      if count == 0 { return bytes }
      if count < 0, errno != EINTR { throw Failure(path: path, verb: "read", code: errno) }
    }
  }

  /// Replaces the file at once: a reader, and the next start after a crash, sees the old bytes or
  /// the new ones.
  static func replace(_ path: String, with bytes: [UInt8]) throws(Failure) {
    let temporary = path + ".new"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Failure(path: path, verb: "write", code: errno) }
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes { write(descriptor, $0.baseAddress!, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let code = errno
        close(descriptor)
        unlink(temporary)
        throw Failure(path: path, verb: "write", code: code)
      }
      written += count
    }
    let isSafe = fsync(descriptor) == 0
    close(descriptor)
    guard isSafe, rename(temporary, path) == 0 else {
      throw Failure(path: path, verb: "write", code: errno)
    }
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
  static func remove(_ path: String) { unlink(path) }
}
