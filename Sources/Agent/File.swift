internal import Glibc

/// Reads and writes whole files.
enum File {
  /// More than any state file needs (a hundred thousand routes take 6 MB), and small enough to read
  /// into memory.
  static let limit = 64 << 20

  /// All bytes of a regular file of at most `limit` bytes; `-` is standard input.
  ///
  /// A FIFO or a device is refused: reading it may block for ever or never end. `isGuarded`: so is a
  /// file that everybody may write.
  static func read(
    _ path: String, limit: Int = Self.limit, isGuarded: Bool = false
  ) throws(FileError) -> [UInt8] {
    let descriptor =
      path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw FileError(path: path, verb: "read", code: errno) }
    defer { if descriptor != STDIN_FILENO { close(descriptor) } }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw FileError(path: path, verb: "read", code: errno)
    }
    if descriptor != STDIN_FILENO, !status.isRegularFile {
      throw FileError(
        path: path, verb: "read", code: EINVAL,
        reason: "it is \(status.kind), not a file (- stands for standard input)")
    }
    if isGuarded, status.st_mode & S_IWOTH != 0 {
      throw FileError(
        path: path, verb: "trust", code: EPERM,
        reason:
          "everybody may write it: `chmod o-w` it (\"defaultMode\" 0644 of a ConfigMap's volume), "
          + "or run with --allow-world-writable")
    }
    let tooLarge = FileError(
      path: path, verb: "read", code: EFBIG, reason: "it is larger than \(limit >> 20) MB")
    guard status.st_size <= limit else { throw tooLarge }
    var bytes: [UInt8] = []
    // One byte more than the size, so that a single read finds the end.
    let size = status.isRegularFile ? max(Int(status.st_size) + 1, 1 << 12) : 1 << 16
    while true {
      let start = bytes.count
      bytes.append(contentsOf: repeatElement(0, count: size))
      let count = bytes.withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress! + start, size)
      }
      bytes.removeLast(size - max(count, 0))
      if count == 0 { return bytes }
      if count < 0, errno != EINTR { throw FileError(path: path, verb: "read", code: errno) }
      // Standard input, or a file that has grown.
      guard bytes.count <= limit else { throw tooLarge }
    }
  }

  /// Replaces the file atomically: a reader, also after a crash, sees either the old bytes or the
  /// new ones.
  ///
  /// Refuses anything but a regular file, symbolic links included: as root, they would write where
  /// somebody else wants it.
  static func replace(
    _ path: String, with bytes: [UInt8], mode: mode_t = 0o600
  ) throws(FileError) {
    var present = stat()
    if lstat(path, &present) == 0, !present.isRegularFile {
      throw FileError(
        path: path, verb: "write", code: EEXIST, reason: "it is \(present.kind), not a file")
    }
    let temporary = path + ".new"
    unlink(temporary)  // left by a crash
    let descriptor = open(
      temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw FileError(path: path, verb: "write", code: errno) }
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes { write(descriptor, $0.baseAddress!, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let code = errno
        close(descriptor)
        unlink(temporary)
        throw FileError(path: path, verb: "write", code: code)
      }
      written += count
    }
    let isSafe = fsync(descriptor) == 0
    let code = errno
    close(descriptor)
    guard isSafe, rename(temporary, path) == 0 else {
      let failure = FileError(path: path, verb: "write", code: isSafe ? errno : code)
      unlink(temporary)
      throw failure
    }
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
  static func remove(_ path: String) { unlink(path) }
}

extension stat {
  private var type: mode_t { st_mode & S_IFMT }

  var isRegularFile: Bool { type == S_IFREG }
  var isDirectory: Bool { type == S_IFDIR }

  /// `a FIFO`.
  var kind: String {
    switch type {
    case S_IFREG: "a file"
    case S_IFDIR: "a directory"
    case S_IFLNK: "a symbolic link"
    case S_IFIFO: "a FIFO"
    case S_IFSOCK: "a socket"
    default: "a device"
    }
  }
}
