internal import CLinux
internal import Glibc
import Model

/// A socket for echo requests (icmp(7), raw(7)).
struct EchoSocket {
  let descriptor: Int32
  let isRaw: Bool

  /// A socket that an earlier attempt left.
  init(_ descriptor: Int32) { (self.descriptor, isRaw) = (descriptor, false) }

  init(_ family: Family, _ resources: SharedResources, _ poller: Poller) throws(ProbeFailure) {
    let number = family == .inet ? Int32(IPPROTO_ICMP) : Int32(IPPROTO_ICMPV6)
    var refusal = ""
    // A ping socket needs a group within net.ipv4.ping_group_range, a raw one CAP_NET_RAW.
    for isRaw in [resources.isPingRefused, !resources.isPingRefused] {
      do throws(ProbeFailure) {
        descriptor = try poller.openSocket(family, isRaw ? SOCK_RAW : SOCK_DGRAM, number)
        self.isRaw = isRaw
        resources.isPingRefused = isRaw
        return
      } catch {
        refusal = error.description
      }
    }
    throw ProbeFailure(
      "\(refusal) (ICMP needs CAP_NET_RAW, or a group within net.ipv4.ping_group_range)",
      fault: .ours)
  }
}
