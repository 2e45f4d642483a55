internal import CLinux
internal import CMnl
internal import Glibc

/// Receives an event for every change in a network namespace, whoever makes it: `ip monitor`, `nft
/// monitor`.
///
/// Events only wake the loop. What there is to do comes from observation, so that a lost event
/// costs nothing but time. Not thread-safe.
public final class Monitor {
  private let socket: OpaquePointer
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
  private var renewed = RenewedAddresses()

  /// Listens in the calling thread's namespace, without blocking. `room` is how many bytes of
  /// events may wait, by default some ten thousand events; more are counted as an overflow.
  public init(
    _ subsystem: Socket.Subsystem, room: Int32 = 8 << 20
  ) throws(NetlinkError) {
    let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    guard let socket = mnl_socket_open2(subsystem.number, flags) else {
      throw .current("open a netlink socket for events")
    }
    self.socket = socket
    guard mnl_socket_bind(socket, 0, 0) == 0 else {
      throw .current("bind a netlink socket for events")
    }
    for group in subsystem.groups { try join(group) }
    var size = room
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, socklen_t(MemoryLayout<Int32>.size))
  }

  deinit {
    buffer.deallocate()
    mnl_socket_close(socket)
  }

  /// Also receives events of neighbors and forwarding entries, which change by themselves all the
  /// time.
  public func listenToNeighbors() throws(NetlinkError) { try join(RTNLGRP_NEIGH.rawValue) }

  private func join(_ group: UInt32) throws(NetlinkError) {
    var group = Int32(group)
    let size = UInt32(MemoryLayout<Int32>.size)
    guard mnl_socket_setsockopt(socket, NETLINK_ADD_MEMBERSHIP, &group, size) == 0 else {
      throw .current("listen to a netlink group")
    }
  }

  /// The descriptor to poll for reading.
  public var descriptor: Int32 { mnl_socket_get_fd(socket) }

  /// What was received since the last time.
  public struct Heard: Hashable, Sendable {
    /// The number of changes that somebody else made.
    public var foreign = 0
    /// How often the kernel dropped events, since they weren't read fast enough (`ENOBUFS`).
    public var overflows = 0

    /// Whether there is a reason to observe the kernel.
    public var hasNews: Bool { foreign > 0 || overflows > 0 }

    public init() {}
  }

  /// Reads all waiting events; `own` are our own sockets' ports, whose changes aren't news.
  public func drain(own: Set<UInt32>, into heard: inout Heard) throws(NetlinkError) {
    while true {
      let count = mnl_socket_recvfrom(socket, buffer.baseAddress!, buffer.count)
      if count < 0 {
        switch errno {
        case EINTR: continue
        case EAGAIN: return
        case ENOBUFS, ENOSPC:
          heard.overflows += 1
          renewed.forget()
        default: throw .current("wait for events")
        }
        continue
      }
      for message in Messages(UnsafeRawBufferPointer(rebasing: buffer[..<count])) {
        // Asked first, to know of our own changes, too.
        let isKnown = renewed.isKnown(message)
        if !isKnown, !own.contains(message.port) { heard.foreign += 1 }
      }
    }
  }
}

extension Socket.Subsystem {
  /// The multicast groups for the kinds that vpngw manages.
  fileprivate var groups: [UInt32] {
    switch self {
    case .route:
      [
        RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_RULE,
        RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV6_RULE, RTNLGRP_NEXTHOP,
      ].map(\.rawValue)
    case .netfilter: [UInt32(NFNLGRP_NFTABLES.rawValue)]
    case .generic: []  // IPVS sends no events
    }
  }
}
