internal import CLinux
import Events
internal import Glibc
import Model

/// A connection over TCP.
final class Connection: Stream {
  private let endpoint: Endpoint
  private let poller: Poller
  /// Who is told from now on.
  var tell: (StreamEvent) -> Void
  private let descriptor: Int32
  /// Where the socket is from, if there was one, and goes.
  private let kept: KeptSocket?
  private var unsent: ArraySlice<UInt8> = []
  private var state = State.connecting
  /// Whether the peer sends no more than what has come already.
  private var hasEnded = false

  private enum State { case connecting, open, over }

  /// What it is opened for, which decides about segments that nobody needs.
  enum Purpose {
    /// To see that it opens. The peer's SYN-ACK is answered by a reset, so that its program is never
    /// bothered with a connection that says nothing (HAProxy's way): three segments instead of seven.
    case opening
    /// To speak first: the handshake's last ACK goes with what is said.
    case speaking
    /// To hear what the peer says first, which it does once that ACK has come.
    case listening
  }

  /// Throws what fails at once; what fails later is told.
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

  /// Gives its socket to the caller.
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
        // It is told when there is room.
        case EAGAIN: return
        default: return fail(errno)
        }
      }
      unsent = unsent.dropFirst(count)
    }
    if state == .open { tell(.sent) }
  }

  /// One read a turn. Less than was asked for means that there is no more, unless the end has come
  /// too.
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
  /// Begins to connect a socket that doesn't block.
  func connect(_ socket: Int32, to endpoint: Endpoint) throws(ProbeFailure) {
    try apply(to: socket)
    if let source, Endpoint(source, 0).withName({ bind(socket, $0, $1) }) < 0 {
      // As with a link that is gone: the way that was to be tried isn't there.
      guard errno == EADDRNOTAVAIL else { throw endpoint.failure(errno) }
      throw ProbeFailure("cannot ask from \(source): no link here has it", fault: .network)
    }
    if endpoint.withName({ Glibc.connect(socket, $0, $1) }) < 0, errno != EINPROGRESS {
      throw endpoint.failure(errno)
    }
  }
}

extension Int32 {
  /// Before a socket is connected. Where it fails, only more segments are sent.
  fileprivate func prepare(for purpose: Connection.Purpose, isKept: Bool) {
    if purpose == .listening { return }
    // Until 200 ms are over (TCP_DELACK_MAX), or there is something to send.
    var isQuick: Int32 = 0
    setsockopt(
      self, Int32(IPPROTO_TCP), TCP_QUICKACK, &isQuick, socklen_t(MemoryLayout<Int32>.size))
    // One that is left is reset by that.
    if purpose == .speaking || isKept { return }
    var reset = linger(l_onoff: 1, l_linger: 0)
    setsockopt(self, SOL_SOCKET, SO_LINGER, &reset, socklen_t(MemoryLayout<linger>.size))
  }

  /// Of a socket, why it failed; 0: it didn't.
  var pendingError: Int32 {
    var code: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(self, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno
  }
}
