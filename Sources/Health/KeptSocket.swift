internal import CLinux
import Events
internal import Glibc

/// Where a probe's attempt leaves its socket to the next one, without a peer and an address, as if
/// it were new.
final class KeptSocket {
  private let poller: Poller
  private var descriptor: Int32?

  init(_ poller: Poller) { self.poller = poller }

  func take() -> Int32? {
    defer { descriptor = nil }
    return descriptor
  }

  /// Keeps a watched socket. Not a raw one: once disconnected it never receives a packet again
  /// (Linux's `__udp_disconnect`).
  func leave(_ socket: Int32) {
    close()
    var nobody = sockaddr()
    // For TCP this resets the connection.
    guard connect(socket, &nobody, socklen_t(MemoryLayout<sockaddr>.size)) == 0,
      poller.canKeep(socket)
    else {
      return poller.close(socket)
    }
    // Reading the error clears it; the next attempt must not see it.
    _ = socket.pendingError
    descriptor = socket
    // An answer that arrives late is left to the next attempt, which can tell it from its own. The
    // socket is watched already, so this can't fail.
    try? poller.watch(socket, for: .toRead) { _ in }
  }

  func close() {
    if let descriptor { poller.close(descriptor) }
    descriptor = nil
  }
}
