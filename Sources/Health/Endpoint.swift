internal import Glibc
import Model

/// An address and port, written `10.0.0.1:80` or `[2001:db8::1]:80`.
struct Endpoint: Hashable, Sendable, CustomStringConvertible {
  let address: IPAddress
  let port: UInt16

  init(_ address: IPAddress, _ port: UInt16) {
    self.address = address
    self.port = port
  }

  var description: String { "\(address.bracketed):\(port)" }

  /// Passes on what bind(2) and connect(2) take: a `sockaddr_in` or `sockaddr_in6` (ip(7),
  /// ipv6(7)).
  func withName(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    let family = UInt16(address.family == .inet ? AF_INET : AF_INET6)
    var name = withUnsafeBytes(of: family) { Array($0) }
    name += [UInt8(port >> 8), UInt8(truncatingIfNeeded: port)]
    name +=
      address.family == .inet
      ? address.bytes + [0, 0, 0, 0, 0, 0, 0, 0] : [0, 0, 0, 0] + address.bytes + [0, 0, 0, 0]
    return name.withUnsafeBytes {
      body($0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
    }
  }

  /// Why the endpoint can't be asked.
  func failure(_ code: Int32) -> ProbeFailure {
    ProbeFailure(sentence(code), fault: isOurs(code) ? .ours : .network, errno: code)
  }

  private func sentence(_ code: Int32) -> String {
    switch code {
    case ECONNREFUSED: "connection refused by \(self)"
    case ECONNRESET: "connection reset by \(self)"
    case EHOSTUNREACH: "no route to \(address), or nobody there has it"
    case ENETUNREACH: "no route to \(address)"
    case EADDRNOTAVAIL: "no free port to ask \(self) from"
    default: "cannot ask \(self): \(errorText(code))"
    }
  }
}

extension IPAddress {
  /// The address in network byte order.
  var bytes: [UInt8] {
    if family == .inet { return (0..<4).map { UInt8(truncatingIfNeeded: v4 >> (24 - 8 * $0)) } }
    return [v6.high, v6.low].flatMap { half in
      (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * UInt64($0))) }
    }
  }

  /// As it is written before a port.
  var bracketed: String { family == .inet ? description : "[\(self)]" }
}
