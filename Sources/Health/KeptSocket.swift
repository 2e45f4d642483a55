internal import CLinux
import Events
internal import Glibc

/// Where a probe's attempts leave their socket to the next one, without a peer and an address, as if it
/// were new.
final class KeptSocket {
  private let poller: Poller
  private var descriptor: Int32?

  init(_ poller: Poller) { self.poller = poller }

  func take() -> Int32? {
    defer { descriptor = nil }
    return descriptor
  }

  /// Of one that is watched. Not a raw one: having lost its peer it gets no packet ever again
  /// (`__udp_disconnect` of Linux).
  func leave(_ socket: Int32) {
    close()
    var nobody = sockaddr()
    // Of TCP that resets the connection.
    guard connect(socket, &nobody, socklen_t(MemoryLayout<sockaddr>.size)) == 0,
      poller.canKeep(socket)
    else {
      return poller.close(socket)
    }
    // Reading it takes it away; it isn't the next one's.
    _ = socket.pendingError
    descriptor = socket
    // An answer that comes too late is left to the next attempt, which tells it from its own. It is
    // watched, so that this can't fail.
    try? poller.watch(socket, for: .toRead) { _ in }
  }

  func close() {
    if let descriptor { poller.close(descriptor) }
    descriptor = nil
  }
}
