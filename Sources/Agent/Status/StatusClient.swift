internal import CLinux
internal import Glibc
internal import Health

/// Asks a running `run` one question, over HTTP on loopback.
enum StatusClient {
  /// The answer's body, whatever its status.
  static func get(_ path: String, from address: String, port: Int) throws -> String {
    let descriptor = try connect(address, port)
    defer { close(descriptor) }
    let host = address.contains(":") ? "[\(address)]" : address
    let request = HTTPHead(path, of: "\(host):\(port)").bytes
    guard write(descriptor, request, request.count) == request.count else {
      throw failure(address, port, errno)
    }
    // Anybody may have taken the port.
    func nobody(_ reason: String) -> CommandError {
      CommandError("\(address):\(port) is not vpngw: \(reason)")
    }
    var reader = HTTPReader(method: "GET")
    var body: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while !reader.isDone {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count < 0 { throw failure(address, port, errno) }
      if count == 0 {
        if reader.end() { break }
        throw CommandError(
          "\(address):\(port) " + (reader.hasHead ? "broke its answer off" : "gave no answer"))
      }
      do throws(HTTPReader.Malformed) {
        try reader.read(Array(buffer[..<count])) { body += $0 }
      } catch {
        throw nobody("it doesn't answer in HTTP: \(error)")
      }
      guard body.count <= File.limit else { throw nobody("its answer doesn't end") }
    }
    return String(decoding: body, as: UTF8.self)
  }

  private static func connect(_ address: String, _ port: Int) throws -> Int32 {
    var hints = addrinfo()
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(address, "\(port)", &hints, &found) == 0, let found else {
      throw CommandError("\"\(address)\" is no address: write one such as 127.0.0.1 or ::1")
    }
    defer { freeaddrinfo(found) }
    let descriptor = socket(
      found.pointee.ai_family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw failure(address, port, errno) }
    var limit = (seconds: 5, microseconds: 0)  // struct timeval
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(16))
    }
    guard Glibc.connect(descriptor, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0 else {
      let code = errno
      close(descriptor)
      throw failure(address, port, code)
    }
    return descriptor
  }

  private static func failure(_ address: String, _ port: Int, _ code: Int32) -> CommandError {
    let reason = String(cString: strerror(code))
    guard code == ECONNREFUSED else {
      return CommandError("cannot ask \(address):\(port): \(reason)")
    }
    return CommandError(
      "no `vpngw run` listens at \(address):\(port) in this network namespace; if it does "
        + "elsewhere, say so by --listen and --netns")
  }
}
