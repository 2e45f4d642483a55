import Glibc
import Model
import TestSupport

/// A flow of which single packets are sent, by default from the client to somewhere on the
/// internet.
struct Flow {
  struct Key: Hashable {
    var isTCP: Bool
    var port: UInt16
    var family: Family
  }

  var isTCP: Bool
  var destination: IPAddress
  var sport: UInt16
  var dport: UInt16
  var source: IPAddress

  init(
    isTCP: Bool, from source: IPAddress? = nil, destination: IPAddress, sport: UInt16,
    dport: UInt16
  ) {
    self.isTCP = isTCP
    self.destination = destination
    self.sport = sport
    self.dport = dport
    self.source =
      source ?? (destination.family == .inet ? Bed.clientAddress : Bed.clientAddress6)
  }

  /// The same flow from the other end.
  var answer: Flow {
    Flow(isTCP: isTCP, from: destination, destination: source, sport: dport, dport: sport)
  }

  var key: Key { Key(isTCP: isTCP, port: sport, family: destination.family) }

  /// `count` of each kind, TCP and UDP, IPv4 and IPv6, to different destinations.
  static func some(_ count: Int, from port: Int = 20_000, ipv6: Bool = true) -> [Flow] {
    var state = UInt64(port)
    func next(_ range: ClosedRange<UInt64>) -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return range.lowerBound + (state >> 33) % UInt64(range.count)
    }
    return (0..<count).flatMap { index in
      [true, false].flatMap { isTCP in
        var places = [IPAddress(v4: UInt32(next(0x0800_0000...0x08ff_ffff)))]
        if ipv6 {
          places.append(
            IPAddress(v6High: 0x2a00_0000_0000_0000 | next(0...0xffff), low: next(1...0xffff_ffff)))
        }
        return places.map { place in
          Flow(
            isTCP: isTCP, destination: place, sport: UInt16(port + index),
            dport: UInt16(next(1...65_535)))
        }
      }
    }
  }

  /// What the kernel's registers hold when nft hashes it: fields padded to four bytes.
  var hashed: [UInt8] {
    return bytes(source) + bytes(destination) + [isTCP ? 6 : 17, 0, 0, 0] + big(sport) + [0, 0]
      + big(dport) + [0, 0]
  }

  private func bytes(_ address: IPAddress) -> [UInt8] {
    address.family == .inet ? big(address.v4) : big(address.v6.high) + big(address.v6.low)
  }

  /// A TCP header with its checksum (RFC 9293, 3.1), which conntrack checks; a first segment has a
  /// maximum segment size of 1460.
  private func header(_ segment: Segment) -> [UInt8] {
    var header = big(sport) + big(dport) + big(1 as UInt32) + big(1 as UInt32)
    let options: [UInt8] = segment == .syn ? [2, 4, 0x05, 0xb4] : []
    header += [UInt8(0x50 + options.count * 4), segment.rawValue, 0xff, 0xff, 0, 0, 0, 0] + options
    let whole =
      bytes(source) + bytes(destination) + [0, 6, 0, UInt8(header.count)] + header
    var sum = stride(from: 0, to: whole.count, by: 2).reduce(0) {
      $0 + Int(whole[$1]) << 8 + Int(whole[$1 + 1])
    }
    while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
    header.replaceSubrange(16..<18, with: big(~UInt16(sum)))
    return header
  }

  private func big<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
  }

  enum Segment: UInt8 {
    case syn = 0x02
    case ack = 0x10
    case synAck = 0x12
  }

  /// Sends one packet from the calling thread's namespace: for TCP a segment made by hand, for UDP
  /// this many bytes.
  func send(_ segment: Segment = .syn, bytes: Int = 5) throws {
    let domain = destination.family == .inet ? AF_INET : AF_INET6
    let type = Int32((isTCP ? SOCK_RAW : SOCK_DGRAM).rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(domain, type, Int32(isTCP ? IPPROTO_TCP : IPPROTO_UDP))
    guard descriptor >= 0 else { throw CommandFailed(description: "socket: errno \(errno)") }
    defer { close(descriptor) }
    let payload = isTCP ? header(segment) : [UInt8](repeating: 0x68, count: bytes)
    // The client's end stands for the whole network, and for the internet behind the gateways.
    var on: Int32 = 1
    let isIPv4 = destination.family == .inet
    let transparent = setsockopt(
      descriptor, isIPv4 ? SOL_IP : SOL_IPV6, isIPv4 ? IP_TRANSPARENT : IPV6_TRANSPARENT, &on, 4)
    guard transparent == 0 else { throw CommandFailed(description: "transparent: errno \(errno)") }
    // A program that another thread starts may hold the last socket's port for a moment.
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, 4)
    let bound = Self.withAddress(source, isTCP ? 0 : sport) { bind(descriptor, $0, $1) }
    guard bound == 0 else { throw CommandFailed(description: "bind: errno \(errno)") }
    let sent = Self.withAddress(destination, isTCP ? 0 : dport) {
      sendto(descriptor, payload, payload.count, 0, $0, $1)
    }
    // A router that answers "unreachable" doesn't forward.
    guard sent == payload.count || [EHOSTUNREACH, ENETUNREACH].contains(errno) else {
      throw CommandFailed(description: "sendto \(destination): errno \(errno)")
    }
  }

  private static func withAddress<T>(
    _ address: IPAddress, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> T
  ) -> T {
    func call<Address>(_ value: Address) -> T {
      withUnsafePointer(to: value) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          body($0, socklen_t(MemoryLayout<Address>.size))
        }
      }
    }
    if address.family == .inet {
      var name = sockaddr_in()
      name.sin_family = sa_family_t(AF_INET)
      name.sin_port = port.bigEndian
      name.sin_addr.s_addr = address.v4.bigEndian
      return call(name)
    }
    var name = sockaddr_in6()
    name.sin6_family = sa_family_t(AF_INET6)
    name.sin6_port = port.bigEndian
    let halves = [address.v6.high.bigEndian, address.v6.low.bigEndian]
    withUnsafeMutableBytes(of: &name.sin6_addr) { to in
      halves.withUnsafeBytes { to.copyMemory(from: $0) }
    }
    return call(name)
  }
}
