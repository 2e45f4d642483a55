internal import Glibc

/// Where vpngw keeps what must outlive it until the next boot: previous values of sysctls, which
/// IPVS services are ours, a lock,
/// a change that waits for its confirmation. One set of files a network namespace.
public struct RunDirectory: Sendable {
  public static let defaultPath = "/run/vpngw"

  public let path: String
  /// Tells namespaces apart; an inode number would come back for another one.
  private let namespace: String

  init(path: String, namespaceCookie: UInt64?) {
    self.path = path
    namespace = namespaceCookie.map { String($0, radix: 16) } ?? "host"
  }

  var sysctls: String { "\(path)/sysctls-\(namespace).json" }
  var ipvs: String { "\(path)/ipvs-\(namespace).json" }
  var pending: String { "\(path)/pending-\(namespace).json" }
  /// How the last change that waited for its confirmation ended.
  var ending: String { "\(path)/ending-\(namespace)" }
  /// A FIFO: one byte is the confirmation.
  var confirmation: String { "\(path)/confirm-\(namespace)" }
  private var lock: String { "\(path)/lock-\(namespace)" }

  func create() throws(File.Failure) {
    if mkdir(path, 0o700) != 0, errno != EEXIST {
      throw File.Failure(path: path, verb: "make", code: errno)
    }
  }

  /// Held while the kernel is being changed; goes with the process.
  final class Lock {
    private var descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { release() }

    /// Gives up this process's hold; a forked one keeps its own.
    func release() {
      if descriptor >= 0 { close(descriptor) }
      descriptor = -1
    }
  }

  /// Nil while another process holds it; `command` is what others are told then.
  func takeLock(_ command: String) throws(File.Failure) -> Lock? {
    try create()
    let descriptor = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw File.Failure(path: lock, verb: "open", code: errno) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      return nil
    }
    let holder = Array("\(command), process \(getpid())\n".utf8)
    ftruncate(descriptor, 0)
    _ = holder.withUnsafeBytes { write(descriptor, $0.baseAddress!, $0.count) }
    return Lock(descriptor)
  }

  /// Who has the lock, as far as it can be told.
  var lockHolder: String {
    let text = (try? File.read(lock)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    return text.isEmpty ? "another process" : String(text.prefix { $0 != "\n" })
  }
}
