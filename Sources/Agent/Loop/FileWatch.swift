internal import Glibc

/// Wakes when a file may have been replaced: by a write, by an editor's rename, or by Kubernetes,
/// which swaps `..data` for a ConfigMap by a rename in the same directory.
///
/// Watches directories, since a watch on the file itself would stay with the old file.
final class FileWatch {
  private let path: String
  /// The descriptor to poll for reading.
  let descriptor: Int32
  private var watches: Set<Int32> = []

  init(_ path: String) throws {
    self.path = path
    descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
    guard descriptor >= 0 else {
      throw CommandError("cannot watch \(path): \(String(cString: strerror(errno)))")
    }
    renew()
  }

  deinit { close(descriptor) }

  /// Watches the file's directory and, if the file is a symbolic link, its target's directory. Call
  /// it after each change, since either may be another directory by then. If a directory doesn't
  /// exist, its nearest existing ancestor is watched instead.
  ///
  /// Returns whether it watches more than before: it doesn't know what has happened there until
  /// now.
  @discardableResult
  func renew() -> Bool {
    let events = UInt32(
      IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF)
    var present: Set<Int32> = []
    for place in Set([Self.directory(path), Self.resolved(path).map(Self.directory)]) {
      guard var directory = place else { continue }
      var watch = inotify_add_watch(descriptor, directory, events)
      while watch < 0, directory != Self.directory(directory) {
        directory = Self.directory(directory)
        watch = inotify_add_watch(descriptor, directory, events)
      }
      if watch >= 0 { present.insert(watch) }
    }
    defer { watches = present }
    for old in watches.subtracting(present) { inotify_rm_watch(descriptor, old) }
    return !present.isSubset(of: watches)
  }

  /// Whether anything has happened in the directories since the last call.
  func drain() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 1 << 12)
    var hasChanged = false
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return hasChanged }
      hasChanged = true
    }
  }

  private static func directory(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func resolved(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }
}
