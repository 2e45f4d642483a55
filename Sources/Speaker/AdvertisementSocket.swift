internal import CLinux
internal import Glibc
import Model
import VRRP

/// A raw socket that hears and sends VRRP on one link, in one family (raw(7), ipv6(7), RFC 3542).
///
/// What it needs to read and write it allocates when it is made, and nothing afterwards.
final class AdvertisementSocket {
  let family: Family
  let link: UInt32
  let descriptor: Int32
  private let message: UnsafeMutableRawBufferPointer
  private let control: UnsafeMutableRawBufferPointer
  private let address: UnsafeMutablePointer<sockaddr_storage>
  private let vector: UnsafeMutablePointer<iovec>

  /// On a link by its number, with the group joined.
  init(_ family: Family, link: UInt32) throws(SpeakerError) {
    self.family = family
    self.link = link
    let type = Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    descriptor = socket(family == .inet ? AF_INET : AF_INET6, type, 112)
    guard descriptor >= 0 else { throw SpeakerError("open a raw socket", errno) }
    message = .allocate(byteCount: 8192, alignment: 8)
    control = .allocate(byteCount: 256, alignment: 8)
    address = .allocate(capacity: 1)
    vector = .allocate(capacity: 1)
    // 62 is SO_BINDTOIFINDEX (Linux 5.0): by now the name could be another link's.
    try set(SOL_SOCKET, 62, Int32(bitPattern: link), "bind to the link")
    switch family {
    case .inet: try prepareIPv4()
    case .inet6: try prepareIPv6()
    }
  }

  /// For advertisements of our own, which a listener alone has none of.
  func prepareToSend() throws(SpeakerError) {
    // Class selector 6, for routers' own traffic (RFC 4594, section 3.2), and TC_PRIO_CONTROL: in this
    // order, since IP_TOS sets the priority, too.
    switch family {
    case .inet: try set(Self.ip, IP_TOS, 0xc0, "set the TOS")
    case .inet6: try set(Self.ipv6, IPV6_TCLASS, 0xc0, "set the traffic class")
    }
    try set(SOL_SOCKET, SO_PRIORITY, 7, "set the priority")
  }

  /// Lets it send from an address of another link: 78 is IPV6_FREEBIND (Linux 4.15). In IPv4 any address of
  /// the machine will do.
  func allowForeignSource() throws(SpeakerError) {
    if family == .inet6 { try set(Self.ipv6, 78, Int32(1), "send from the link's address") }
  }

  private func prepareIPv4() throws(SpeakerError) {
    try set(Self.ip, IP_TTL, 255, "set the TTL")
    try set(Self.ip, IP_MULTICAST_TTL, 255, "set the TTL")
    try set(Self.ip, IP_MULTICAST_LOOP, 0, "leave out our own packets")
    try set(Self.ip, IP_PKTINFO, 1, "choose sources")
    let request = ip_mreqn(
      imr_multiaddr: in_addr(VirtualRouter.groups.inet), imr_address: in_addr(),
      imr_ifindex: Int32(bitPattern: link))
    try set(Self.ip, IP_ADD_MEMBERSHIP, request, "join 224.0.0.18")
    try set(Self.ip, IP_MULTICAST_IF, request, "choose the link")
  }

  private func prepareIPv6() throws(SpeakerError) {
    try set(Self.ipv6, IPV6_UNICAST_HOPS, 255, "set the hop limit")
    try set(Self.ipv6, IPV6_MULTICAST_HOPS, 255, "set the hop limit")
    try set(Self.ipv6, IPV6_MULTICAST_LOOP, 0, "leave out our own packets")
    try set(Self.ipv6, IPV6_RECVHOPLIMIT, 1, "ask for hop limits")
    try set(Self.ipv6, IPV6_RECVPKTINFO, 1, "ask for destinations")
    try set(Self.ipv6, IPV6_MULTICAST_IF, Int32(bitPattern: link), "choose the link")
    var request = ipv6_mreq()
    request.ipv6mr_multiaddr = in6_addr(VirtualRouter.groups.inet6)
    request.ipv6mr_interface = link
    try set(Self.ipv6, IPV6_ADD_MEMBERSHIP, request, "join ff02::12")
  }

  deinit {
    close(descriptor)
    message.deallocate()
    control.deallocate()
    address.deallocate()
    vector.deallocate()
  }

  private static let ip = Int32(IPPROTO_IP)
  private static let ipv6 = Int32(IPPROTO_IPV6)

  private func set<T>(
    _ level: Int32, _ option: Int32, _ value: T, _ purpose: String
  ) throws(SpeakerError) {
    let code = withUnsafeBytes(of: value) {
      setsockopt(descriptor, level, option, $0.baseAddress, socklen_t($0.count))
    }
    if code < 0 { throw SpeakerError(purpose, errno) }
  }

  // MARK: - Receiving

  /// Hands over the packets that wait, each with its envelope, or the reason why it has none.
  func drain(
    _ body: (_ message: Span<UInt8>, _ envelope: Envelope) -> Void, refused: (Discard) -> Void
  ) {
    // At most 64: a flood must not keep the thread from its deadlines.
    for _ in 0..<64 {
      var header = self.header(length: message.count, controlLength: control.count)
      let count = recvmsg(descriptor, &header, 0)
      guard count >= 0 else {
        // ENETDOWN and its like are told once, and the packets behind them are still there.
        if errno == EAGAIN { return }
        continue
      }
      let bytes = Span<UInt8>(
        _unsafeStart: message.baseAddress!.assumingMemoryBound(to: UInt8.self), count: count)
      do throws(Discard) {
        switch family {
        case .inet:
          let (envelope, range) = try Envelope.ipv4(bytes)
          body(bytes.extracting(range), envelope)
        case .inet6:
          body(bytes, try ipv6Envelope(controlLength: Int(header.msg_controllen)))
        }
      } catch { refused(error) }
    }
  }

  /// RFC 3542: source, destination and hop limit stand beside the message.
  private func ipv6Envelope(controlLength: Int) throws(Discard) -> Envelope {
    let source = address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
      IPAddress($0.pointee.sin6_addr)
    }
    var destination: IPAddress?
    var hopLimit: Int32?
    var offset = 0
    while offset + 16 <= controlLength {
      let length = control.load(fromByteOffset: offset, as: Int.self)
      guard length >= 16, offset + length <= controlLength else { break }
      if control.load(fromByteOffset: offset + 8, as: Int32.self) == Self.ipv6 {
        switch control.load(fromByteOffset: offset + 12, as: Int32.self) {
        case IPV6_PKTINFO where length >= 16 + 20:
          destination = IPAddress(control.load(fromByteOffset: offset + 16, as: in6_addr.self))
        case IPV6_HOPLIMIT where length >= 16 + 4:
          hopLimit = control.load(fromByteOffset: offset + 16, as: Int32.self)
        default: break
        }
      }
      offset += (length + 7) & ~7
    }
    guard let destination, let hopLimit else { throw Discard(.header) }
    return Envelope(
      source: source, destination: destination, hopLimit: UInt8(clamping: hopLimit))
  }

  // MARK: - Sending

  /// Sends the first bytes of the buffer; 0, or the error's number.
  func send(
    _ bytes: Span<UInt8>, from source: IPAddress, to destination: IPAddress
  ) -> Int32 {
    bytes.withUnsafeBytes { message.copyMemory(from: $0) }
    let length: Int
    switch family {
    case .inet:
      address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
        $0.pointee = sockaddr_in()
        $0.pointee.sin_family = sa_family_t(AF_INET)
        $0.pointee.sin_addr = in_addr(destination)
      }
      // The second field is the source (ip(7), IP_PKTINFO).
      length = putControl(
        Self.ip, IP_PKTINFO,
        in_pktinfo(
          ipi_ifindex: Int32(bitPattern: link), ipi_spec_dst: in_addr(source), ipi_addr: in_addr()))
    case .inet6:
      address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
        $0.pointee = sockaddr_in6()
        $0.pointee.sin6_family = sa_family_t(AF_INET6)
        $0.pointee.sin6_addr = in6_addr(destination)
        $0.pointee.sin6_scope_id = link
      }
      length = putControl(
        Self.ipv6, IPV6_PKTINFO, SourceChoice(address: in6_addr(source), link: link))
    }
    var header = self.header(length: bytes.count, controlLength: length)
    header.msg_namelen = socklen_t(
      family == .inet ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size)
    return sendmsg(descriptor, &header, 0) < 0 ? errno : 0
  }

  private func putControl<T>(_ level: Int32, _ type: Int32, _ value: T) -> Int {
    let length = 16 + MemoryLayout<T>.size
    control.storeBytes(of: length, toByteOffset: 0, as: Int.self)
    control.storeBytes(of: level, toByteOffset: 8, as: Int32.self)
    control.storeBytes(of: type, toByteOffset: 12, as: Int32.self)
    withUnsafeBytes(of: value) {
      UnsafeMutableRawBufferPointer(rebasing: control[16...]).copyMemory(from: $0)
    }
    return (length + 7) & ~7
  }

  private func header(length: Int, controlLength: Int) -> msghdr {
    vector.pointee = iovec(iov_base: message.baseAddress, iov_len: length)
    var header = msghdr()
    header.msg_name = UnsafeMutableRawPointer(address)
    header.msg_namelen = socklen_t(MemoryLayout<sockaddr_storage>.size)
    header.msg_iov = vector
    header.msg_iovlen = 1
    header.msg_control = control.baseAddress
    header.msg_controllen = controlLength
    return header
  }
}

/// `struct in6_pktinfo`, which glibc hides behind _GNU_SOURCE.
private struct SourceChoice {
  var address: in6_addr
  var link: UInt32
}

extension in_addr {
  init(_ address: IPAddress) {
    self.init(s_addr: UInt32(truncatingIfNeeded: address.v6.low).bigEndian)
  }
}

extension in6_addr {
  init(_ address: IPAddress) {
    self = unsafeBitCast(
      (address.v6.high.bigEndian, address.v6.low.bigEndian), to: in6_addr.self)
  }
}

extension IPAddress {
  init(_ address: in6_addr) {
    let (high, low) = unsafeBitCast(address, to: (UInt64, UInt64).self)
    self.init(v6High: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
  }
}
