internal import CLinux
internal import Glibc
import Model

/// An echo request and its reply (RFC 792, RFC 4443).
struct Echo {
  let family: Family
  let identifier: UInt16
  /// What the reply must contain; nobody else can know it.
  let token: UInt64
  /// The kernel sets the identifier of a ping socket's requests, and passes on only replies with
  /// it.
  let isRaw: Bool

  private var requestType: UInt8 { family == .inet ? 8 : 128 }
  private var replyType: UInt8 { family == .inet ? 0 : 129 }

  var request: [UInt8] {
    var bytes: [UInt8] = [requestType, 0, 0, 0]
    bytes += [UInt8(identifier >> 8), UInt8(truncatingIfNeeded: identifier), 0, 1]
    bytes += payload
    if family == .inet {
      // The kernel computes ICMPv6's checksum, since it covers the addresses.
      let sum = Self.checksum(bytes)
      (bytes[2], bytes[3]) = (UInt8(sum >> 8), UInt8(truncatingIfNeeded: sum))
    }
    return bytes
  }

  private var payload: [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: token >> UInt64(56 - 8 * $0)) }
  }

  func isReply(_ packet: [UInt8]) -> Bool {
    var message = packet[...]
    if isRaw, family == .inet {
      // A raw IPv4 socket passes on the IP header too.
      guard let first = packet.first, first >> 4 == 4 else { return false }
      message = packet.dropFirst(Int(first & 15) * 4)
    }
    guard message.count >= 16 else { return false }
    let bytes = Array(message.prefix(16))
    guard bytes[0] == replyType, bytes[1] == 0, Array(bytes[8...]) == payload else { return false }
    return !isRaw || UInt16(bytes[4]) << 8 | UInt16(bytes[5]) == identifier
  }

  /// RFC 1071.
  static func checksum(_ bytes: [UInt8]) -> UInt16 {
    var sum: UInt32 = 0
    for (place, byte) in bytes.enumerated() {
      sum += place % 2 == 0 ? UInt32(byte) << 8 : UInt32(byte)
    }
    while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
    return ~UInt16(sum)
  }
}

extension ProbeAttempt {
  /// `ping -c 1 ADDRESS`
  func echo(_ address: IPAddress, _ resources: SharedResources) throws(ProbeFailure) {
    let socket =
      if let left = kept.socket?.take() { EchoSocket(left) } else {
        try EchoSocket(address.family, resources, poller)
      }
    let token = poller.token()
    let echo = Echo(
      family: address.family, identifier: UInt16(truncatingIfNeeded: token), token: token,
      isRaw: socket.isRaw)
    try Datagrams(
      endpoint: Endpoint(address, 0), send: echo.request,
      judge: { echo.isReply($0) ? .good(Finding()) : nil }
    ).exchange(
      in: self, over: socket.descriptor, leavingItTo: socket.isRaw ? nil : kept.socket)
  }

  func ask(_ udp: Probe.UDP) throws(ProbeFailure) {
    let endpoint = Endpoint(udp.address, udp.port)
    try Datagrams(endpoint: endpoint, send: Array(udp.send.utf8)) { bytes in
      guard let expect = udp.expect else { return .good(Finding()) }
      var search = Search(for: expect)
      search.append(bytes)
      return search.isFound
        ? .good(Finding()) : .bad("the answer from \(endpoint) lacks \(quoted(expect))")
    }.exchange(in: self)
  }
}
