internal import CLinux
internal import Glibc
import Model

/// A socket that echo requests are sent by (icmp(7), raw(7)).
struct EchoSocket {
  let descriptor: Int32
  let isRaw: Bool

  /// One that was left.
  init(_ descriptor: Int32) { (self.descriptor, isRaw) = (descriptor, false) }

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
