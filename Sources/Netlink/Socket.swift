internal import CLinux
internal import CMnl
internal import Glibc

/// A netlink socket; it stays in the network namespace in which it was opened.
///
/// Not thread-safe: only one thread may use it at a time.
public final class Socket {
  private let socket: OpaquePointer
  private var sequence: UInt32 = 0
  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: 1 << 17, alignment: 16)

  public enum Subsystem: Sendable {
    case route, netfilter, generic

    var number: Int32 {
      switch self {
      case .route: NETLINK_ROUTE
      case .netfilter: NETLINK_NETFILTER
      case .generic: NETLINK_GENERIC
      }
    }
  }

  /// Opens it in the calling thread's namespace.
  public init(_ subsystem: Subsystem = .route) throws(NetlinkError) {
    guard let socket = mnl_socket_open2(subsystem.number, Int32(SOCK_CLOEXEC.rawValue)) else {
      throw .current("open a netlink socket")
    }
    self.socket = socket
    guard mnl_socket_bind(socket, 0, 0) == 0 else {
      throw .current("bind a netlink socket")
    }
    // Ask for the kernel's sentences in errors, for errors that don't quote the request, and for
    // filters in dumps.
    for option in [NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK] {
      var on: Int32 = 1
      mnl_socket_setsockopt(socket, Int32(option), &on, UInt32(MemoryLayout<Int32>.size))
    }
    // The buffer must hold one error for each request of a full batch: about 1 kB each by the
    // kernel's accounting.
    var size: Int32 = 8 << 20
    let descriptor = mnl_socket_get_fd(socket)
    for option in [SO_RCVBUFFORCE, SO_SNDBUFFORCE] {
      setsockopt(descriptor, SOL_SOCKET, option, &size, socklen_t(MemoryLayout<Int32>.size))
    }
  }

  deinit {
    buffer.deallocate()
    mnl_socket_close(socket)
  }

  /// Identifies the namespace until the next boot (`SO_NETNS_COOKIE`); nil before Linux 5.12.
  public var namespaceCookie: UInt64? {
    var cookie: UInt64 = 0
    var length = socklen_t(MemoryLayout<UInt64>.size)
    let status = getsockopt(
      mnl_socket_get_fd(socket), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length)
    return status == 0 ? cookie : nil
  }

  /// Identifies the socket in its namespace; events of its changes carry this.
  public var port: UInt32 { UInt32(mnl_socket_get_portid(socket)) }

  // MARK: - Reading

  /// All objects of a kind, read again if the kernel changed them meanwhile.
  ///
  /// `operation` is ip(8)'s name for it; `parse` returns nil for objects that don't concern the
  /// caller.
  public func dump<T>(
    _ operation: String, _ type: UInt16, _ body: (Batch) -> Void, parse: (Message) -> T?
  ) throws(NetlinkError) -> [T] {
    let request = try Self.request(
      operation, type, RequestFlags(rawValue: UInt16(NLM_F_ROOT | NLM_F_MATCH)), body)
    for _ in 0..<10 {
      if let found = try dumpOnce(operation, request, parse) { return found }
    }
    throw NetlinkError(operation, code: EINTR, kernelText: "changed ten times while it was read")
  }

  /// Nil if the kernel says that the dump is inconsistent (`NLM_F_DUMP_INTR`).
  private func dumpOnce<T>(
    _ operation: String, _ request: Batch, _ parse: (Message) -> T?
  ) throws(NetlinkError) -> [T]? {
    let number = nextSequence()
    request.patch(number, at: 8)
    guard mnl_socket_sendto(socket, request.base, request.count) >= 0 else {
      throw .current(operation)
    }
    var found: [T] = []
    var isConsistent = true
    while true {
      for message in try receive(operation) where message.sequence == number {
        if message.flags & UInt16(NLM_F_DUMP_INTR) != 0 { isConsistent = false }
        switch Int32(message.type) {
        case NLMSG_DONE:
          if let code = message.errorCode, code != 0 {
            throw NetlinkError(operation, code: code, kernelText: message.kernelText)
          }
          return isConsistent ? found : nil
        case NLMSG_ERROR:
          throw NetlinkError(
            operation, code: message.errorCode ?? EPROTO, kernelText: message.kernelText)
        default:
          if let object = parse(message) { found.append(object) }
        }
      }
    }
  }

  /// Sends one request and returns its one answer.
  public func get<T>(
    _ operation: String, _ type: UInt16, _ body: (Batch) -> Void, parse: (Message) -> T?
  ) throws(NetlinkError) -> T {
    let request = try Self.request(operation, type, [], body)
    let number = nextSequence()
    request.patch(number, at: 8)
    guard mnl_socket_sendto(socket, request.base, request.count) >= 0 else {
      throw .current(operation)
    }
    while true {
      for message in try receive(operation) where message.sequence == number {
        if Int32(message.type) == NLMSG_ERROR {
          throw NetlinkError(
            operation, code: message.errorCode ?? EPROTO, kernelText: message.kernelText)
        }
        if let found = parse(message) { return found }
        throw NetlinkError(operation, code: EPROTO)
      }
    }
  }

  private static func request(
    _ operation: String, _ type: UInt16, _ flags: RequestFlags, _ body: (Batch) -> Void
  ) throws(NetlinkError) -> Batch {
    let request = Batch(capacity: 256)
    request.request(type, flags, body)
    if let fault = request.fault { throw .doesntFit(operation, fault) }
    return request
  }

  private func receive(_ operation: String) throws(NetlinkError) -> Messages {
    while true {
      let count = mnl_socket_recvfrom(socket, buffer.baseAddress!, buffer.count)
      if count >= 0 { return Messages(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
      // libmnl returns ENOSPC for a datagram larger than the buffer.
      if errno != EINTR { throw .current(operation) }
    }
  }

  // MARK: - Changing

  /// A step that the kernel refused.
  public struct FailedStep: Hashable, Sendable {
    public let tag: Int
    public let error: NetlinkError
  }

  /// Sends the steps of a batch in order, many in one system call; returns the steps that failed,
  /// each with its first error. The others are done. A step that can't be encoded fails like one
  /// that the kernel refuses.
  public func send(_ batch: Batch) throws(NetlinkError) -> [FailedStep] {
    var failures = batch.faults
    var first = 0
    var start = 0
    while first < batch.steps.count {
      var end = first
      // A larger datagram would need a single kernel allocation of its size.
      while end < batch.steps.count, end == first || batch.steps[end].end - start <= 1 << 16 {
        end += 1
      }
      try send(batch, first..<end, from: start, into: &failures)
      start = batch.steps[end - 1].end
      first = end
    }
    return failures
  }

  /// Sends a batch that is a single nfnetlink transaction in one system call; returns every step
  /// that the kernel refused. If there is any, or if it throws, nothing of the batch is done.
  public func transact(_ batch: Batch) throws(NetlinkError) -> [FailedStep] {
    var failures = batch.faults
    if !failures.isEmpty { return failures }
    // Before Linux 6.10 nothing after the end of the transaction is acknowledged.
    try send(batch, batch.steps.indices, from: 0, into: &failures, acknowledging: 2)
    return failures
  }

  private func send(
    _ batch: Batch, _ steps: Range<Int>, from start: Int, into failures: inout [FailedStep],
    acknowledging fromEnd: Int = 1
  ) throws(NetlinkError) {
    let length = batch.steps[steps.upperBound - 1].end - start
    guard length > 0 else { return }
    let firstSequence = sequence &+ 1
    // Only the last request asks for an ACK; errors arrive without being asked for.
    var owners: [Int] = []
    var headers: [Int] = []
    var offset = start
    for index in steps {
      while offset < batch.steps[index].end {
        owners.append(index)
        headers.append(offset)
        let header = (batch.base + offset).assumingMemoryBound(to: nlmsghdr.self)
        header.pointee.nlmsg_seq = nextSequence()
        offset += align(Int(header.pointee.nlmsg_len))
      }
    }
    guard owners.count >= fromEnd else { return }
    let last = owners.count - fromEnd
    (batch.base + headers[last]).assumingMemoryBound(to: nlmsghdr.self)
      .pointee.nlmsg_flags |= UInt16(NLM_F_ACK)
    guard mnl_socket_sendto(socket, batch.base + start, length) >= 0 else {
      let step = batch.steps[owners[0]]
      let error = NetlinkError.current(step.operation())
      // Larger than the socket's buffer; only small steps are sent together.
      guard error.code == EMSGSIZE, fromEnd == 1, owners.last == owners[0] else { throw error }
      failures.append(FailedStep(tag: step.tag, error: error))
      return
    }
    var failed: Set<Int> = []
    while true {
      for message in try receive("wait for an acknowledgement")
      where Int32(message.type) == NLMSG_ERROR {
        let position = Int(message.sequence &- firstSequence)
        guard owners.indices.contains(position) else { continue }
        if let code = message.errorCode, code != 0, failed.insert(owners[position]).inserted {
          let step = batch.steps[owners[position]]
          let request = UnsafeRawBufferPointer(
            start: batch.base + headers[position], count: batch.length(at: headers[position]))
          failures.append(
            FailedStep(
              tag: step.tag,
              error: NetlinkError(
                step.operation(), code: code, kernelText: message.kernelText,
                attribute: message.attribute(of: request))))
        }
        if position == last { return }
        // If a transaction is refused as a whole, the other requests get no answer.
        if fromEnd > 1, position == 0, message.errorCode != 0 { return }
      }
    }
  }

  private func nextSequence() -> UInt32 {
    sequence &+= 1
    return sequence
  }
}

extension Batch {
  /// The steps that can't be encoded.
  fileprivate var faults: [Socket.FailedStep] {
    steps.compactMap { step in
      step.fault.map {
        Socket.FailedStep(tag: step.tag, error: .doesntFit(step.operation(), $0))
      }
    }
  }

  /// The length of the message at an offset.
  fileprivate func length(at offset: Int) -> Int {
    Int((base + offset).loadUnaligned(as: nlmsghdr.self).nlmsg_len)
  }
}
