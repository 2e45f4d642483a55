internal import CLinux
internal import Glibc

/// A name that one process at a time can hold in a network namespace: a listening socket with an
/// abstract address (unix(7)), which belongs to the network namespace and is gone with the process.
public final class AbstractSocket: Sendable {
  private let descriptor: Int32

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Takes the name in the calling thread's network namespace; nil while somebody holds it.
  public static func take(_ name: String) throws(NetlinkError) -> AbstractSocket? {
    let descriptor = try open(name)
    let isBound = withAddress(name) { bind(descriptor, $0, $1) } == 0
    guard isBound, listen(descriptor, queue) == 0 else {
      let code = errno
      close(descriptor)
      if code == EADDRINUSE { return nil }
      throw NetlinkError("listen at @\(name)", code: code)
    }
    return AbstractSocket(descriptor)
  }

  /// The process and the user that hold a name; nil if nobody does, or if the holder doesn't tell.
  /// The process is 0 if it is in a PID namespace that this process can't see.
  public static func holder(of name: String) -> (process: Int32, user: UInt32)? {
    guard let descriptor = try? open(name) else { return nil }
    defer { close(descriptor) }
    guard withAddress(name, { connect(descriptor, $0, $1) }) == 0 else { return nil }
    // struct ucred, which glibc hides behind _GNU_SOURCE.
    var credentials = [UInt32](repeating: 0, count: 3)
    var size = socklen_t(12)
    guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else {
      return nil
    }
    return (Int32(bitPattern: credentials[0]), credentials[1])
  }

  /// Makes the calling process the one that others see as the holder: a forked process shares the
  /// socket, and its credentials are those of the last process that called listen (`unix_listen`).
  public func takeOver() { listen(descriptor, Self.queue) }

  private static let queue: Int32 = 128

  /// Drops the connections of those who asked for the holder: they wait in a queue of limited
  /// length.
  public func forgetAskers() {
    while true {
      let asker = accept(descriptor, nil, nil)
      if asker < 0 { return }
      close(asker)
    }
  }

  private static func open(_ name: String) throws(NetlinkError) -> Int32 {
    let type = Int32(
      SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let descriptor = socket(AF_UNIX, type, 0)
    guard descriptor >= 0 else { throw .current("open a unix socket") }
    return descriptor
  }

  private static func withAddress(
    _ name: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    // The first byte stays 0: an abstract address.
    withUnsafeMutableBytes(of: &address.sun_path) { path in
      path[1...].copyBytes(from: name.utf8.prefix(path.count - 1))
    }
    let size = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + 1 + name.utf8.count
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(size)) }
    }
  }
}
