internal import CLinux
internal import Glibc
import Model
internal import NIOCore

/// Where a probe's packets come from.
struct Origin: Hashable, Sendable {
  var source: IPAddress?
  var link: LinkName?
  var mark: Mark?

  init(_ probe: Probe) {
    source = probe.source
    link = probe.link
    mark = probe.mark
  }

  /// A socket option, and what to say when the kernel refuses it.
  private struct Option {
    let level: Int32
    let name: Int32
    let value: Int32
    let refusal: String
  }

  private func options() throws(Failure) -> [Option] {
    var options: [Option] = []
    if let link {
      // The index of now: a link that was made anew has the name and another index.
      let index = if_nametoindex(link.text)
      guard index != 0 else { throw Failure("there is no link \(link)") }
      options.append(
        Option(
          level: SOL_SOCKET, name: SO_BINDTOIFINDEX, value: Int32(index),
          refusal: "cannot ask by link \(link)"))
    }
    if let mark {
      options.append(
        Option(
          level: SOL_SOCKET, name: SO_MARK, value: Int32(bitPattern: mark.bits),
          refusal: "cannot mark packets with \(mark)"))
    }
    if source != nil {
      // Else each try takes a port from everybody, and not only from those with the same peer.
      options.append(
        Option(
          level: Int32(IPPROTO_IP), name: IP_BIND_ADDRESS_NO_PORT, value: 1,
          refusal: "cannot ask from an address"))
    }
    return options
  }

  func apply(to channel: any Channel) throws {
    for option in try options() {
      do {
        try channel.syncOptions?.setOption(
          ChannelOptions.Types.SocketOption(
            level: .init(rawValue: option.level), name: .init(rawValue: option.name)),
          value: Int(option.value))
      } catch let error as IOError {
        throw Failure("\(option.refusal): \(errorText(error.errnoCode))")
      }
    }
  }

  func apply(to socket: Int32) throws(Failure) {
    for option in try options() {
      var value = option.value
      let size = socklen_t(MemoryLayout<Int32>.size)
      guard setsockopt(socket, option.level, option.name, &value, size) == 0 else {
        throw Failure("\(option.refusal): \(errorText(errno))")
      }
    }
  }
}

/// Why something that a try does failed.
struct Failure: Error, Hashable, CustomStringConvertible {
  let description: String
  /// The status of an HTTP answer that isn't a good one.
  var status: Int?
  var fault: Trial.Fault

  init(_ description: String, status: Int? = nil, fault: Trial.Fault = .answer) {
    self.description = description
    self.status = status
    self.fault = fault
  }
}

/// An address and port, written `10.0.0.1:80` or `[2001:db8::1]:80`.
struct Endpoint: Hashable, Sendable, CustomStringConvertible {
  let address: IPAddress
  let port: UInt16

  init(_ address: IPAddress, _ port: UInt16) {
    self.address = address
    self.port = port
  }

  var description: String { "\(address.bracketed):\(port)" }

  /// Hands on what bind(2) and connect(2) want: a `sockaddr_in` or `sockaddr_in6` (ip(7), ipv6(7)).
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

  var socketAddress: SocketAddress {
    get throws {
      try SocketAddress(
        packedIPAddress: ByteBuffer(bytes: address.bytes), port: Int(port))
    }
  }

  /// Why no connection to it came about.
  func failure(_ error: any Error, from origin: Origin) -> Failure {
    switch error {
    case let failure as Failure: failure
    case let error as IOError: Failure(sentence(error.errnoCode, from: origin), fault: .network)
    default: Failure("cannot connect to \(self): \(error)", fault: .network)
    }
  }

  func sentence(_ code: Int32, from origin: Origin) -> String {
    switch code {
    case ECONNREFUSED: return "connection refused by \(self)"
    case ECONNRESET: return "connection reset by \(self)"
    case EHOSTUNREACH: return "no route to \(address), or nobody there has it"
    case ENETUNREACH: return "no route to \(address)"
    case EADDRNOTAVAIL:
      if let source = origin.source { return "cannot ask from \(source): no link here has it" }
      return "no free port to ask \(self) from"
    default: return "cannot ask \(self): \(errorText(code))"
    }
  }
}

extension IPAddress {
  /// In network byte order.
  var bytes: [UInt8] {
    if family == .inet { return (0..<4).map { UInt8(truncatingIfNeeded: v4 >> (24 - 8 * $0)) } }
    return [v6.high, v6.low].flatMap { half in
      (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * UInt64($0))) }
    }
  }

  /// As it stands before a port.
  var bracketed: String { family == .inet ? description : "[\(self)]" }
}

/// The kernel's sentence.
func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }
