internal import CLinux
import Events
internal import Glibc
import Model

/// A TCP connection.
final class Connection: Stream {
  private let endpoint: Endpoint
  private let poller: Poller
  /// Receives the events.
  var tell: (StreamEvent) -> Void
  private let descriptor: Int32
  /// Where the socket came from, if it was kept, and where it goes.
  private let kept: KeptSocket?
  private var unsent: ArraySlice<UInt8> = []
  private var state = State.connecting
  /// Whether the peer sends no more than what has arrived already.
  private var hasEnded = false

  private enum State { case connecting, open, over }

  /// What it is opened for, which decides which segments can be saved.
  enum Purpose {
    /// To see whether it opens. A reset answers the peer's SYN-ACK, so that its program never sees
    /// a connection that says nothing (as HAProxy does): three segments instead of seven.
    case opening
    /// To speak first: the handshake's last ACK is sent along with the first bytes.
    case speaking
    /// To hear the peer speak first, which it does once that ACK has arrived.
    case listening
  }

  /// Throws if it fails at once; later failures are events.
  init(
    to endpoint: Endpoint, for purpose: Purpose, in attempt: ProbeAttempt,
    tell: @escaping (StreamEvent) -> Void
  ) throws(ProbeFailure) {
    (self.endpoint, poller) = (endpoint, attempt.poller)
    self.tell = tell
    kept = purpose == .opening ? attempt.kept.socket : nil
    let socket =
      if let left = kept?.take() { left } else {
        try poller.openSocket(endpoint.address.family, SOCK_STREAM)
      }
    descriptor = socket
    descriptor.prepare(for: purpose, isKept: kept != nil)
    do throws(ProbeFailure) {
      try attempt.origin.connect(socket, to: endpoint)
      try poller.watch(socket, for: [.toRead, .toWrite]) { [self] in isReady($0) }
    } catch {
      state = .over
      poller.close(socket)
      throw error
    }
  }

  var canBeKept: Bool { state == .open && poller.canKeep(descriptor) }

  func close() {
    guard state != .over else { return }
    state = .over
    if let kept { kept.leave(descriptor) } else { poller.close(descriptor) }
  }

  func write(_ bytes: [UInt8]) {
    unsent += bytes
    send()
  }

  /// Hands its socket over to the caller.
  func release() -> Int32 {
    state = .over
    poller.release(descriptor)
    return descriptor
  }

  private func isReady(_ readiness: Poller.Readiness) {
    if state == .connecting {
      guard readiness.contains(.toWrite) || !readiness.isDisjoint(with: .ended) else { return }
      if !readiness.isDisjoint(with: .ended) {
        let code = descriptor.pendingError
        guard code == 0 else { return fail(code) }
      }
      state = .open
      tell(.connected)
      if state == .open { tell(.open) }
    } else if readiness.contains(.toWrite), !unsent.isEmpty {
      send()
    }
    if !readiness.isDisjoint(with: .ended) { hasEnded = true }
    if readiness.contains(.toRead) || hasEnded { receive() }
  }

  private func send() {
    while state == .open, !unsent.isEmpty {
      let count = unsent.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0 {
        switch errno {
        case EINTR: continue
        // There will be an event when there is room.
        case EAGAIN: return
        default: return fail(errno)
        }
      }
      unsent = unsent.dropFirst(count)
    }
    if state == .open { tell(.sent) }
  }

  /// One read in each turn. If it returns less than was asked for there is no more, unless the end
  /// has arrived too.
  private func receive() {
    guard state == .open else { return }
    let count = recv(descriptor, &poller.buffer, Poller.bytesAnEvent, 0)
    if count < 0 {
      switch errno {
      case EINTR: return poller.readAgain(descriptor)
      case EAGAIN: return
      default: return fail(errno)
      }
    }
    if count == 0 {
      close()
      return tell(.closed)
    }
    tell(.bytes(Array(poller.buffer[..<count])))
    if state == .open, count == Poller.bytesAnEvent || hasEnded { poller.readAgain(descriptor) }
  }

  private func fail(_ code: Int32) {
    close()
    tell(.failed(endpoint.failure(code)))
  }
}

extension ProbeOrigin {
  /// Begins to connect a non-blocking socket.
  func connect(_ socket: Int32, to endpoint: Endpoint) throws(ProbeFailure) {
    try apply(to: socket)
    if let source, Endpoint(source, 0).withName({ bind(socket, $0, $1) }) < 0 {
      // Treated like a missing link: the path that was to be tested isn't there.
      guard errno == EADDRNOTAVAIL else { throw endpoint.failure(errno) }
      throw ProbeFailure("cannot ask from \(source): no link here has it", fault: .network)
    }
    if endpoint.withName({ Glibc.connect(socket, $0, $1) }) < 0, errno != EINPROGRESS {
      throw endpoint.failure(errno)
    }
  }
}

extension Int32 {
  /// Prepares a socket to be connected. Failure only costs a few segments more.
  fileprivate func prepare(for purpose: Connection.Purpose, isKept: Bool) {
    if purpose == .listening { return }
    // Delays the ACK until 200 ms have passed (TCP_DELACK_MAX), or until there is something to
    // send.
    var isQuick: Int32 = 0
    setsockopt(
      self, Int32(IPPROTO_TCP), TCP_QUICKACK, &isQuick, socklen_t(MemoryLayout<Int32>.size))
    // Disconnecting a kept socket resets the connection anyway.
    if purpose == .speaking || isKept { return }
    var reset = linger(l_onoff: 1, l_linger: 0)
    setsockopt(self, SOL_SOCKET, SO_LINGER, &reset, socklen_t(MemoryLayout<linger>.size))
  }

  /// The errno with which a socket failed; 0 if it didn't.
  var pendingError: Int32 {
    var code: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(self, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno
  }
}
