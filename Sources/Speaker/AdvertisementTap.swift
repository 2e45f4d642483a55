internal import CLinux
internal import Glibc
public import VRRP

/// A packet socket that sees VRRP on one link, in and out (packet(7)); it sends nothing, and takes
/// nothing away from those who take part.
public final class AdvertisementTap {
  /// A packet that was seen on the link.
  public struct Capture: Sendable {
    /// By the kernel's clock: UTC.
    public var seconds: Int
    public var nanoseconds: Int
    /// Whether this machine sent it.
    public var isOutgoing: Bool
    public var content: Result<Sighting, Discard>
  }

  public let descriptor: Int32
  private let number: UInt32
  private let room: UnsafeMutableRawBufferPointer
  private let control: UnsafeMutableRawBufferPointer

  /// On a link of the calling thread's namespace, by its number.
  public init(link number: UInt32) throws(SpeakerError) {
    self.number = number
    let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    // Protocol 0 until the filter is there: nothing is received before.
    descriptor = socket(AF_PACKET, Int32(SOCK_DGRAM.rawValue) | flags, 0)
    guard descriptor >= 0 else { throw SpeakerError("open a packet socket", errno) }
    room = .allocate(byteCount: 1 << 16, alignment: 8)
    control = .allocate(byteCount: 64, alignment: 8)
    try filter()
    // 35 is SO_TIMESTAMPNS.
    try set(SOL_SOCKET, 35, Int32(1), "ask for times")
    join()
    try bind()
  }

  deinit {
    close(descriptor)
    room.deallocate()
    control.deallocate()
  }

  /// Whether there still is a link of that number.
  public var hasLink: Bool {
    var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
    return if_indextoname(number, &name) != nil
  }

  // `tcpdump -d 'ip proto 112 or ip6 proto 112'` on a socket without link headers. The kernel's
  // ancillary data begin at SKF_AD_OFF: a tagged frame belongs to a VLAN's link.
  private static let program: [sock_filter] = {
    let ancillary = UInt32(bitPattern: -0x1000)
    let (load, byte, half): (UInt16, UInt16, UInt16) = (0x20, 0x30, 0x28)
    let (jump, end): (UInt16, UInt16) = (0x15, 0x06)
    return [
      sock_filter(code: load, jt: 0, jf: 0, k: ancillary + 48),  // a VLAN's tag?
      sock_filter(code: jump, jt: 0, jf: 8, k: 0),
      sock_filter(code: half, jt: 0, jf: 0, k: ancillary),  // the protocol
      sock_filter(code: jump, jt: 0, jf: 2, k: 0x0800),
      sock_filter(code: byte, jt: 0, jf: 0, k: 9),  // IPv4's protocol
      sock_filter(code: jump, jt: 3, jf: 4, k: 112),
      sock_filter(code: jump, jt: 0, jf: 3, k: 0x86dd),
      sock_filter(code: byte, jt: 0, jf: 0, k: 6),  // IPv6's next header
      sock_filter(code: jump, jt: 0, jf: 1, k: 112),
      sock_filter(code: end, jt: 0, jf: 0, k: 1 << 16),
      sock_filter(code: end, jt: 0, jf: 0, k: 0),
    ]
  }()

  private func filter() throws(SpeakerError) {
    var program = Self.program
    let code = program.withUnsafeMutableBufferPointer { buffer in
      let attached = sock_fprog(len: UInt16(buffer.count), filter: buffer.baseAddress)
      return withUnsafeBytes(of: attached) {
        setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, $0.baseAddress, socklen_t($0.count))
      }
    }
    if code < 0 { throw SpeakerError("attach a filter", errno) }
  }

  /// An Ethernet card hands over the groups' frames only to who asks. Other links have no such
  /// addresses, and see everything.
  private func join() {
    for mac: [UInt8] in [[0x01, 0x00, 0x5e, 0, 0, 0x12], [0x33, 0x33, 0, 0, 0, 0x12]] {
      var request = packet_mreq()
      request.mr_ifindex = Int32(bitPattern: number)
      request.mr_type = UInt16(PACKET_MR_MULTICAST)
      request.mr_alen = 6
      withUnsafeMutableBytes(of: &request.mr_address) { $0.copyBytes(from: mac) }
      try? set(SOL_PACKET, PACKET_ADD_MEMBERSHIP, request, "join")
    }
  }

  private func bind() throws(SpeakerError) {
    var address = sockaddr_ll()
    address.sll_family = UInt16(AF_PACKET)
    // ETH_P_ALL: what is sent is only seen by sockets of every protocol.
    address.sll_protocol = UInt16(0x0003).bigEndian
    address.sll_ifindex = Int32(bitPattern: number)
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_ll>.size))
      }
    }
    if code < 0 { throw SpeakerError("bind to the link", errno) }
  }

  private func set<T>(
    _ level: Int32, _ option: Int32, _ value: T, _ purpose: String
  ) throws(SpeakerError) {
    let code = withUnsafeBytes(of: value) {
      setsockopt(descriptor, level, option, $0.baseAddress, socklen_t($0.count))
    }
    if code < 0 { throw SpeakerError(purpose, errno) }
  }

  // MARK: - Receiving

  /// The next packet; nil if none waits. Throws ENETDOWN once when the link goes down or away.
  public func next() throws(SpeakerError) -> Capture? {
    while true {
      var vector = iovec(iov_base: room.baseAddress, iov_len: room.count)
      var address = sockaddr_ll()
      var header = msghdr()
      let count = withUnsafeMutablePointer(to: &vector) { vector in
        withUnsafeMutablePointer(to: &address) { address in
          header.msg_name = UnsafeMutableRawPointer(address)
          header.msg_namelen = socklen_t(MemoryLayout<sockaddr_ll>.size)
          header.msg_iov = vector
          header.msg_iovlen = 1
          header.msg_control = control.baseAddress
          header.msg_controllen = control.count
          return recvmsg(descriptor, &header, 0)
        }
      }
      if count < 0 {
        if errno == EAGAIN { return nil }
        if errno == EINTR { continue }
        throw SpeakerError("watch the link", errno)
      }
      let bytes = Span<UInt8>(
        _unsafeStart: room.baseAddress!.assumingMemoryBound(to: UInt8.self), count: count)
      let (seconds, nanoseconds) = time(controlLength: Int(header.msg_controllen))
      let isIPv6 = UInt16(bigEndian: address.sll_protocol) == 0x86dd
      return Capture(
        seconds: seconds, nanoseconds: nanoseconds, isOutgoing: address.sll_pkttype == 4,
        content: Self.sighting(bytes, isIPv6: isIPv6))
    }
  }

  private static func sighting(
    _ bytes: Span<UInt8>, isIPv6: Bool
  ) -> Result<Sighting, Discard> {
    do throws(Discard) {
      let (envelope, range) = try isIPv6 ? Envelope.ipv6(bytes) : Envelope.ipv4(bytes)
      return .success(try Sighting(bytes.extracting(range), in: envelope))
    } catch {
      return .failure(error)
    }
  }

  private func time(controlLength: Int) -> (Int, Int) {
    if controlLength >= 32, control.load(fromByteOffset: 8, as: Int32.self) == SOL_SOCKET,
      control.load(fromByteOffset: 12, as: Int32.self) == 35
    {
      let time = control.load(fromByteOffset: 16, as: timespec.self)
      return (time.tv_sec, time.tv_nsec)
    }
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return (now.tv_sec, now.tv_nsec)
  }
}
