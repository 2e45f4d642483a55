internal import CLinux
internal import Glibc

/// A network namespace, held open by a file descriptor.
public final class Namespace: Sendable {
  private let descriptor: Int32

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Opens one of `ip netns` by its name, or any by a path that contains a slash.
  public init(named name: String) throws(NetlinkError) {
    let path = name.contains("/") ? name : "/run/netns/\(name)"
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { throw .current("netns \(name)") }
  }

  /// The calling thread's namespace.
  public static func current() throws(NetlinkError) -> Namespace {
    try Namespace(named: "/proc/thread-self/ns/net")
  }

  /// A new namespace without a name; it is gone with the last process and descriptor that hold it.
  public static func make() throws(NetlinkError) -> Namespace {
    let before = try current()
    guard unshare(CLONE_NEWNET) == 0 else { throw .current("netns add") }
    let made = try current()
    try before.enter()
    return made
  }

  /// Moves the calling thread into it, and with it the threads that it starts from then on.
  public func enter() throws(NetlinkError) {
    guard setns(descriptor, CLONE_NEWNET) == 0 else { throw .current("netns exec") }
  }

  /// Runs `body` on the calling thread, inside the namespace.
  public func run<T>(_ body: () throws -> T) throws -> T {
    let before = try Namespace.current()
    try enter()
    defer {
      // A thread that can't return must not go on in the wrong namespace.
      do { try before.enter() } catch { fatalError("\(error)") }
    }
    return try body()
  }

  /// A path by which another process can enter it while this process lives.
  public var path: String { "/proc/\(getpid())/fd/\(descriptor)" }
}
