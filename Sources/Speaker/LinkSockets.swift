internal import CLinux
internal import Glibc

/// A packet socket, which receives nothing until it is told to, and a netlink socket that tells of links and
/// addresses.
// Immutable descriptors, which a single thread uses.
final class LinkSockets: Sendable {
  /// What a packet carries, and with it the Ethernet address of all who are to hear it.
  enum Payload {
    case arp, ipv6
  }

  let packet: Int32
  let monitor: Int32

  init() throws(SpeakerError) {
    let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    // Protocol 0: receives nothing.
    packet = socket(AF_PACKET, Int32(SOCK_DGRAM.rawValue) | flags, 0)
    guard packet >= 0 else { throw SpeakerError("open a packet socket (CAP_NET_RAW)", errno) }
    monitor = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue) | flags, Int32(NETLINK_ROUTE))
    guard monitor >= 0 else {
      close(packet)
      throw SpeakerError("watch links", errno)
    }
    var address = sockaddr_nl()
    address.nl_family = sa_family_t(AF_NETLINK)
    address.nl_groups = UInt32(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR)
    let code = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(monitor, $0, socklen_t(MemoryLayout<sockaddr_nl>.size))
      }
    }
    guard code == 0 else { throw SpeakerError("watch links", errno) }
  }

  deinit {
    close(packet)
    close(monitor)
  }

  /// Throws away what it told; false if that was nothing. A look at all links follows.
  @discardableResult
  func drainMonitor() -> Bool {
    withUnsafeTemporaryAllocation(byteCount: 16384, alignment: 8) { buffer in
      var hasNews = false
      // ENOBUFS: messages were lost, which a look makes good, too.
      while recv(monitor, buffer.baseAddress, buffer.count, 0) >= 0 || errno == ENOBUFS {
        hasNews = true
      }
      return hasNews
    }
  }

  /// Sends the first `count` bytes to all who are to hear it; false if the link can't now.
  func send(
    _ bytes: [UInt8], count: Int, as payload: Payload, by interface: Interfaces.Interface
  ) -> Bool {
    var target = sockaddr_ll()
    target.sll_family = UInt16(AF_PACKET)
    target.sll_ifindex = Int32(bitPattern: interface.number)
    target.sll_halen = 6
    switch payload {
    case .arp:
      target.sll_protocol = UInt16(ETH_P_ARP).bigEndian
      target.sll_addr = (0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0)
    case .ipv6:
      target.sll_protocol = UInt16(ETH_P_IPV6).bigEndian
      target.sll_addr = (0x33, 0x33, 0, 0, 0, 1, 0, 0)
    }
    return withUnsafePointer(to: target) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(packet, bytes, count, 0, $0, socklen_t(MemoryLayout<sockaddr_ll>.size)) == count
      }
    }
  }
}
