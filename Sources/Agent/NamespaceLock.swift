internal import Glibc
import Model
import Netlink

/// Held by the process that changes a network namespace, or that waits to undo a change, whatever
/// its run directory.
///
/// Anybody in the namespace can take an abstract socket's name. So a holder counts only if it runs
/// as root or as this user: otherwise any program on the router could keep vpngw from starting.
struct NamespaceLock: Sendable {
  /// Held by the process that changes the namespace.
  static let change = NamespaceLock(name: "vpngw")
  /// Held by the guard that undoes a change unless it is confirmed.
  static let confirmation = NamespaceLock(name: "vpngw-confirm")

  private let name: String

  /// A lock that is held for as long as this exists.
  final class Hold {
    /// Nil if somebody else squats on the name.
    private var socket: AbstractSocket?

    fileprivate init(_ socket: AbstractSocket?) { self.socket = socket }

    /// Call it now and then while holding the lock for long: processes that ask for the holder wait
    /// in a short queue.
    func forgetAskers() { socket?.forgetAskers() }

    /// Makes the calling process, a fork that keeps the lock, the holder that others see.
    func takeOver() { socket?.takeOver() }

    /// Releases this process's hold; a forked process keeps its own.
    func release() { socket = nil }
  }

  /// Nil while another vpngw holds it.
  func take() throws -> Hold? {
    if let socket = try AbstractSocket.take(name) { return Hold(socket) }
    if holder != nil { return nil }
    // The holder went away between the two calls, or doesn't count.
    if let socket = try AbstractSocket.take(name) { return Hold(socket) }
    return holder == nil ? Hold(nil) : nil
  }

  /// The process that holds it; 0 if it is in another PID namespace, nil if nobody who counts holds
  /// it.
  private var holder: Int32? {
    guard let holder = AbstractSocket.holder(of: name),
      holder.user == 0 || holder.user == geteuid()
    else { return nil }
    return holder.process
  }

  /// The holder's process, if it can be told.
  var process: Int32? { holder.flatMap { $0 == 0 ? nil : $0 } }

  /// Who holds it with another run directory, for people; nil if nobody does.
  var otherHolder: String? {
    guard let holder else { return nil }
    if holder == 0 { return "a process of another container, with another run directory" }
    let words = (try? File.read("/proc/\(holder)/cmdline", limit: 1 << 16)) ?? []
    var line = words.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    // `vpngw apply`, wherever it is installed.
    if let program = line.first?.split(separator: "/").last { line[0] = String(program) }
    let command = line.joined(separator: " ")
    return (command.isEmpty ? "" : command.visible(limit: 200) + ", ")
      + "process \(holder), with another run directory"
  }
}
