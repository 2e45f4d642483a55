internal import Glibc
import Netlink

/// Held by the process that changes a network namespace, whatever its run directory is.
///
/// Anybody in the namespace may take a name of the abstract namespace. So only a holder that runs as
/// root or as this user counts: else any program beside the router could keep vpngw from starting.
final class NamespaceLock {
  private static let name = "vpngw"
  /// Nil where somebody else squats the name.
  private let socket: AbstractSocket?

  private init(_ socket: AbstractSocket?) { self.socket = socket }

  /// Nil while another vpngw holds it.
  static func take() throws -> NamespaceLock? {
    if let socket = try AbstractSocket.take(name) { return NamespaceLock(socket) }
    // It may have gone meanwhile.
    if let socket = try AbstractSocket.take(name) { return NamespaceLock(socket) }
    return isHeld ? nil : NamespaceLock(nil)
  }

  private static var isHeld: Bool {
    guard let holder = AbstractSocket.holder(of: name) else { return false }
    return holder.user == 0 || holder.user == geteuid()
  }

  /// The holder's process, where it can be told.
  static var holder: Int32? {
    let process = AbstractSocket.holder(of: name)?.process
    return process == 0 ? nil : process
  }

  func forgetAskers() { socket?.forgetAskers() }
}
