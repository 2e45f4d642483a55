internal import Glibc
import Model

extension Probe.Credentials {
  /// The header that authenticates us, from the file's present content.
  func header(_ poller: Poller) throws(ProbeFailure) -> Probe.HTTP.Header {
    switch self {
    case .basic(let path):
      let secret = try Self.read(path, poller)
      guard secret.contains(UInt8(ascii: ":")) else {
        throw ProbeFailure("\(path) must hold USER:PASSWORD, and has no colon")
      }
      return Probe.HTTP.Header("Authorization", "Basic " + Base64.text(secret))
    case .apiKey(let path):
      return Probe.HTTP.Header(
        "X-API-Key", String(decoding: try Self.read(path, poller), as: UTF8.self))
    }
  }

  private static func read(_ path: String, _ poller: Poller) throws(ProbeFailure) -> [UInt8] {
    var secret = try poller.readStart(of: path, limit: 4096).bytes
    while let last = secret.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") {
      secret.removeLast()
    }
    guard !secret.isEmpty else { throw ProbeFailure("\(path) is empty") }
    guard secret.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
      throw ProbeFailure("\(path) must hold one line without control characters")
    }
    return secret
  }
}

extension Poller {
  /// The first bytes of a regular file, and how long ago it was changed.
  func readStart(
    of path: String, limit: Int
  ) throws(ProbeFailure) -> (bytes: [UInt8], age: Duration) {
    // A FIFO's other end may never open, which would hold up every probe.
    let descriptor = open { Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    guard descriptor >= 0 else { throw ProbeFailure("cannot read \(path)", errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw ProbeFailure("\(path) is no regular file")
    }
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let age =
      Duration.seconds(now.tv_sec - status.st_mtim.tv_sec)
      + .nanoseconds(now.tv_nsec - status.st_mtim.tv_nsec)
    var bytes = [UInt8](repeating: 0, count: limit)
    var length = 0
    while length < limit {
      let count = bytes[length...].withUnsafeMutableBytes {
        read(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw ProbeFailure("cannot read \(path)", errno) }
      if count == 0 { break }
      length += count
    }
    return (Array(bytes[..<length]), age)
  }
}
