internal import Glibc
import Model
import Netlink

/// Held by the process that changes a network namespace, or that waits to undo a change, whatever its
/// run directory is.
///
/// Anybody in the namespace may take a name of the abstract namespace. So only a holder that runs as
/// root or as this user counts: else any program beside the router could keep vpngw from starting.
struct NamespaceLock: Sendable {
  /// Of who changes the namespace.
  static let change = NamespaceLock(name: "vpngw")
  /// Of the guard that undoes a change unless it is confirmed.
  static let confirmation = NamespaceLock(name: "vpngw-confirm")

  private let name: String

  /// A lock that is held, until this goes.
  final class Hold {
    /// Nil where somebody else squats the name.
    private var socket: AbstractSocket?

    fileprivate init(_ socket: AbstractSocket?) { self.socket = socket }

    /// To be called now and then by who holds it for long: each who asks waits in a short queue.
    func forgetAskers() { socket?.forgetAskers() }

    /// Names the calling process as the holder: a forked one that goes on holding it.
    func takeOver() { socket?.takeOver() }

    /// Gives up this process's hold; a forked one keeps its own.
    func release() { socket = nil }
  }

  /// Nil while another vpngw holds it.
  func take() throws -> Hold? {
    if let socket = try AbstractSocket.take(name) { return Hold(socket) }
    if holder != nil { return nil }
    // Its holder went between the two questions, or is nobody that counts.
    if let socket = try AbstractSocket.take(name) { return Hold(socket) }
    return holder == nil ? Hold(nil) : nil
  }

  /// The process that holds it; 0 where that is in another PID namespace, nil where nobody who counts
  /// holds it.
  private var holder: Int32? {
    guard let holder = AbstractSocket.holder(of: name),
      holder.user == 0 || holder.user == geteuid()
    else { return nil }
    return holder.process
  }

  /// The holder's process, where it can be told.
  var process: Int32? { holder.flatMap { $0 == 0 ? nil : $0 } }

  /// Who holds it with another run directory, for people; nil where nobody does.
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
