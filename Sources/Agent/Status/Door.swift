import Model
internal import NIOCore
import Synchronization

/// By which of the router's addresses one may ask at the status port. Where `--listen` names none
/// (`0.0.0.0`, `::`), not by those in the VPN network: what the router knows is no client's business.
final class Door: Sendable {
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
  /// IPv4's own, where a socket of IPv6 has it as `::ffff:192.0.2.1`.
  fileprivate var unmapped: IPAddress {
    guard family == .inet6, v6.high == 0, v6.low >> 32 == 0xffff else { return self }
    return IPAddress(v4: UInt32(truncatingIfNeeded: v6.low))
  }
}
