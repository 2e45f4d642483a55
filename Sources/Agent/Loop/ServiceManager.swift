internal import CLinux
internal import Events
internal import Glibc
import Model

/// Tells the service manager that started the process how it is: sd_notify(3), for units of `Type=notify`.
///
/// The process is ready once its first pass is over, whatever that found, or once it has to wait for
/// something: a router whose gateway is down must not be killed for not having started.
final class ServiceManager {
  private let descriptor: Int32
  private let address: sockaddr_un
  private let length: socklen_t
  /// How often the watchdog wants to hear; nil if there is none.
  private let interval: Duration?
  private var nextBeat = Instant.now
  private var said: String?

  /// Nil if nobody wants to know.
  init?() {
    guard let path = Self.take("NOTIFY_SOCKET"), path.hasPrefix("/") || path.hasPrefix("@") else {
      return nil
    }
    let limit = Self.take("WATCHDOG_USEC").flatMap(Int64.init)
    let isOurs = Self.take("WATCHDOG_PID").map { $0 == "\(getpid())" } ?? true
    interval = isOurs ? limit.map { .microseconds($0) / 2 } : nil
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
    withUnsafeMutableBytes(of: &address.sun_path) { place in
      place.copyBytes(from: bytes)
      // `@` stands for the zero byte of an abstract address.
      if bytes[0] == UInt8(ascii: "@") { place[0] = 0 }
    }
    self.address = address
    length = socklen_t(MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + bytes.count)
    descriptor = socket(
      AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else { return nil }
  }

  deinit { close(descriptor) }

  /// Programs that we start are no part of the service.
  private static func take(_ name: String) -> String? {
    defer { unsetenv(name) }
    return getenv(name).map { String(cString: $0) }
  }

  /// Ready, and the status in a line.
  func tell(_ status: Status) {
    let text =
      if case .bad(let problems) = status.file {
        "state file refused: \(problems.first ?? "")"
      } else if status.isReady {
        "the kernel is as \(status.path) says"
      } else {
        "not yet: \(status.notReady)"
      }
    let message = "READY=1\nSTATUS=\(text.visible(limit: 500))\n"
    if message != said { send(message) }
    said = message
  }

  /// SIGHUP was received; ``tell(_:)`` follows.
  func reloads(_ now: Instant) {
    send("RELOADING=1\nMONOTONIC_USEC=\(now.nanoseconds / 1000)\n")
    said = nil
  }

  func stops() { send("STOPPING=1\nSTATUS=stopping\n") }

  /// Tells the watchdog, if it is time, that the loop turns.
  func beat() {
    let now = Instant.now
    guard let interval, now >= nextBeat else { return }
    nextBeat = now + interval / 2
    send("WATCHDOG=1\n")
  }

  /// Fails only if the manager is gone or its queue is full: the network matters more.
  private func send(_ message: String) {
    var address = address
    let bytes = Array(message.utf8)
    _ = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
      }
    }
  }
}
