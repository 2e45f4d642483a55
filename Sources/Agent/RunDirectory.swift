internal import Glibc
import Model
import Netlink

/// Where vpngw keeps what must survive it until the next boot: previous values of sysctls, which
/// IPVS services are ours, a lock, and a change that waits for confirmation. Each network namespace
/// has its own files.
public struct RunDirectory: Sendable {
  public static let defaultPath = "/run/vpngw"

  public let path: String
  /// Identifies the namespace; an inode number would be reused for another.
  let namespace: String

  init(path: String, namespaceCookie: UInt64?) {
    self.path = path
    namespace = namespaceCookie.map { String($0, radix: 16) } ?? "host"
  }

  var sysctls: String { "\(path)/sysctls-\(namespace).json" }
  var ipvs: String { "\(path)/ipvs-\(namespace).json" }
  var endpoints: String { "\(path)/endpoints-\(namespace).json" }
  var pending: String { "\(path)/pending-\(namespace).json" }
  /// How the last change that waited for confirmation ended.
  var ending: String { "\(path)/ending-\(namespace)" }
  /// A FIFO: one byte is the confirmation.
  var confirmation: String { "\(path)/confirm-\(namespace)" }
  private var lock: String { "\(path)/lock-\(namespace)" }

  func create() throws(FileError) {
    if mkdir(path, 0o700) != 0, errno != EEXIST {
      throw FileError(path: path, verb: "make", code: errno)
    }
    try check()
  }

  /// Refuses a directory that somebody else can write to: root writes its contents into the
  /// kernel's settings. A missing directory is fine.
  func check() throws(FileError) {
    func refusal(_ reason: String) -> FileError {
      FileError(path: path, verb: "use the run directory", code: EACCES, reason: reason)
    }
    var status = stat()
    guard lstat(path, &status) == 0 else {
      if errno == ENOENT { return }
      throw FileError(path: path, verb: "use the run directory", code: errno)
    }
    guard status.isDirectory else { throw refusal("it is \(status.kind), not a directory") }
    guard status.st_uid == 0 || status.st_uid == geteuid() else {
      throw refusal("it belongs to user \(status.st_uid), who could write into it")
    }
    guard status.st_mode & (S_IWGRP | S_IWOTH) == 0 || hasBecomeOurs(status) else {
      throw refusal("others may write into it: `chmod go-w \(path)`, once its files are looked at")
    }
  }

  /// Takes the right to write from others, if the directory is ours and nobody has put anything into it: an
  /// emptyDir of Kubernetes has mode 777. Never that of a directory for all, such as /tmp.
  private func hasBecomeOurs(_ status: stat) -> Bool {
    guard status.st_uid == geteuid(), status.st_mode & S_ISVTX == 0, entries(of: path) == [],
      chmod(path, 0o700) == 0
    else { return false }
    // Until now anybody could put something there.
    return entries(of: path) == []
  }

  /// Held while the kernel is being changed; released when the process ends.
  final class Lock {
    private var descriptor: Int32
    private var ofNamespace: NamespaceLock.Hold?

    fileprivate init(_ descriptor: Int32, _ ofNamespace: NamespaceLock.Hold) {
      self.descriptor = descriptor
      self.ofNamespace = ofNamespace
    }

    deinit { release() }

    /// Releases this process's hold; a forked process keeps its own.
    func release() {
      if descriptor >= 0 { close(descriptor) }
      descriptor = -1
      ofNamespace = nil
    }

    /// Call it now and then while holding the lock for long.
    func forgetAskers() { ofNamespace?.forgetAskers() }
  }

  /// Nil while another process holds it; `command` is what others are told meanwhile.
  ///
  /// The network namespace has a lock of its own, so that processes with different run directories
  /// find each other; the directory's lock tells about the holder, and stops older versions.
  func takeLock(_ command: String) throws -> Lock? {
    guard let ofNamespace = try NamespaceLock.change.take() else { return nil }
    let descriptor: Int32
    do {
      try create()
      descriptor = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
      guard descriptor >= 0 else { throw FileError(path: lock, verb: "open", code: errno) }
    } catch let failure as FileError where Self.isForWantOfSpace(failure.code) {
      // A full disk is no reason not to route: the namespace's lock is enough.
      return Lock(-1, ofNamespace)
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      return nil
    }
    noteNamespace()
    let holder = Array("\(command.visible), process \(getpid())\n".utf8)
    ftruncate(descriptor, 0)
    _ = holder.withUnsafeBytes { write(descriptor, $0.baseAddress!, $0.count) }
    return Lock(descriptor, ofNamespace)
  }

  private static func isForWantOfSpace(_ code: Int32) -> Bool {
    [ENOSPC, EDQUOT, EROFS].contains(code)
  }

  /// Who holds the lock, as far as it can be told.
  var lockHolder: String {
    let text = (try? File.read(lock)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    let said = text.prefix { $0 != "\n" }.visible(limit: 200)
    let other = NamespaceLock.change.otherHolder
    if let process = NamespaceLock.change.process, said.hasSuffix(" process \(process)") {
      return said
    }
    return other ?? (said.isEmpty ? "another process" : said)
  }
}
