import Model
internal import NIOCore
import Synchronization

/// At which of the router's addresses the status port answers. If `--listen` names none (`0.0.0.0`,
/// `::`), not at those in the VPN network: the router's status is no business of clients.
final class AddressFilter: Sendable {
  private let closed = Mutex<[Prefix]>([])

  func close(_ networks: [Prefix]) { closed.withLock { $0 = networks } }

  /// `local` is the router's end of a connection to `listener`.
  func isOpen(at local: SocketAddress?, of listener: SocketAddress?) -> Bool {
    guard let stated = listener?.ipAddress.flatMap(IPAddress.init(_:)), stated.isUnspecified,
      let address = local?.ipAddress.flatMap(IPAddress.init(_:))?.unmapped
    else { return true }
    return !closed.withLock { $0.contains { $0.contains(address) } }
  }
}

extension IPAddress {
  /// The IPv4 address, if an IPv6 socket shows it as `::ffff:192.0.2.1`.
  fileprivate var unmapped: IPAddress {
    guard family == .inet6, v6.high == 0, v6.low >> 32 == 0xffff else { return self }
    return IPAddress(v4: UInt32(truncatingIfNeeded: v6.low))
  }
}
