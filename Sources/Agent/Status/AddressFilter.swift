import Model
internal import NIOCore
import Synchronization

/// What the status port answers at which of the machine's addresses. If `--listen` names none
/// (`0.0.0.0`, `::`), it answers less at those in the VPN network: the status is no business of
/// clients.
final class AddressFilter: Sendable {
  private struct Content {
    var closed: [Prefix] = []
    var paths: Set<String> = []
  }

  private let content = Mutex(Content())

  /// In these networks, only the paths are answered.
  func close(_ networks: [Prefix], except paths: Set<String> = []) {
    content.withLock { $0 = Content(closed: networks, paths: paths) }
  }

  /// The paths that may be asked for; nil: all. `local` is our end of a connection to `listener`.
  func paths(at local: SocketAddress?, of listener: SocketAddress?) -> Set<String>? {
    guard let stated = listener?.ipAddress.flatMap(IPAddress.init(_:)), stated.isUnspecified,
      let address = local?.ipAddress.flatMap(IPAddress.init(_:))?.unmapped
    else { return nil }
    return content.withLock { content in
      content.closed.contains { $0.contains(address) } ? content.paths : nil
    }
  }
}

extension IPAddress {
  /// The IPv4 address, if an IPv6 socket shows it as `::ffff:192.0.2.1`.
  fileprivate var unmapped: IPAddress {
    guard family == .inet6, v6.high == 0, v6.low >> 32 == 0xffff else { return self }
    return IPAddress(v4: UInt32(truncatingIfNeeded: v6.low))
  }
}
