internal import Glibc

/// Wakes when a file may have been replaced: by a write, by an editor's rename, or by the swap of
/// `..data` that Kubernetes makes for a ConfigMap, which is a rename in the same directory.
///
/// It watches directories, since a watch on the file itself stays with the old one.
final class FileWatch {
  private let path: String
  /// To poll for reading.
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

  /// Watches the directory of the file and, where that is a symbolic link, of what it leads to; to
  /// be called after each change, since either may be another one by then. Where a directory isn't
  /// there, what will tell of it is the nearest one above.
  ///
  /// Whether it watches more than before: what happened there until now is not known then.
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

  /// Whether anything happened in the directories since the last time.
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
