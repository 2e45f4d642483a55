internal import CLinux
internal import Glibc
import Model

/// A socket that echo requests are sent by (icmp(7), raw(7)).
struct EchoSocket {
  let descriptor: Int32
  let isRaw: Bool

  init(_ family: Family, _ means: Means) throws(Failure) {
    let number = family == .inet ? Int(IPPROTO_ICMP) : Int(IPPROTO_ICMPV6)
    // The first needs a group within net.ipv4.ping_group_range, the second CAP_NET_RAW.
    for isRaw in [means.isPingRefused, !means.isPingRefused] {
      if let socket = openSocket(family, isRaw ? SOCK_RAW : SOCK_DGRAM, number) {
        means.isPingRefused = isRaw
        (descriptor, self.isRaw) = (socket, isRaw)
        return
      }
    }
    throw Failure(
      "cannot open a socket for ICMP: \(errorText(errno)) "
        + "(it needs CAP_NET_RAW, or a group within net.ipv4.ping_group_range)")
  }
}

/// Where a probe's try leaves its ping socket to the next one: to open and close one costs more than
/// to ask. Its answers tell of which try they are.
final class KeptEchoSocket {
  private let poller: Poller
  private var socket: EchoSocket?

  init(_ poller: Poller) { self.poller = poller }

  /// The one that was left, without a peer and an address, as if it were new.
  func take() -> EchoSocket? {
    guard let socket else { return nil }
    var nobody = sockaddr()
    guard connect(socket.descriptor, &nobody, socklen_t(MemoryLayout<sockaddr>.size)) == 0 else {
      close()
      return nil
    }
    self.socket = nil
    return socket
  }

  func leave(_ socket: EchoSocket) {
    close()
    // A raw one that has lost its peer gets no packet ever again (`__udp_disconnect` of Linux).
    if socket.isRaw { return poller.close(socket.descriptor) }
    self.socket = socket
    // An answer that comes too late.
    poller.watch(socket.descriptor, for: .toRead) { _ in self.close() }
  }

  func close() {
    if let socket { poller.close(socket.descriptor) }
    socket = nil
  }
}
