internal import CLinux
internal import Glibc
import Model

/// A connection over TCP.
final class Connection: Stream {
  private let endpoint: Endpoint
  private let origin: Origin
  private let poller: Poller
  /// Who is told from now on.
  var tell: (StreamEvent) -> Void
  private let descriptor: Int32
  /// Where the socket is from, if there was one, and goes.
  private let kept: KeptSocket?
  private var unsent: ArraySlice<UInt8> = []
  private var state = State.connecting

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
    to endpoint: Endpoint, for purpose: Purpose, in attempt: Try,
    tell: @escaping (StreamEvent) -> Void
  ) throws(Failure) {
    (self.endpoint, origin, poller) = (endpoint, attempt.origin, attempt.poller)
    self.tell = tell
    kept = purpose == .opening ? attempt.kept.socket : nil
    guard let socket = kept?.take() ?? openSocket(endpoint.address.family, SOCK_STREAM, 0) else {
      throw Failure("cannot open a socket: \(errorText(errno))")
    }
    descriptor = socket
    descriptor.prepare(for: purpose, isKept: kept != nil)
    do throws(Failure) {
      try attempt.origin.connect(socket, to: endpoint)
    } catch {
      state = .over
      poller.close(socket)
      throw error
    }
    poller.watch(socket, for: [.toRead, .toWrite]) { [self] in isReady($0) }
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
    if readiness.contains(.toRead) || !readiness.isDisjoint(with: .ended) {
      receive(toTheEnd: !readiness.isDisjoint(with: .ended))
    }
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

  /// Until there is nothing more; less than was asked for means that, unless the end has come too.
  private func receive(toTheEnd: Bool) {
    while state == .open {
      let count = recv(descriptor, &poller.buffer, poller.buffer.count, 0)
      if count < 0 {
        switch errno {
        case EINTR: continue
        case EAGAIN: return
        default: return fail(errno)
        }
      }
      if count == 0 {
        close()
        return tell(.closed)
      }
      tell(.bytes(Array(poller.buffer[..<count])))
      if count < poller.buffer.count, !toTheEnd { return }
    }
  }

  private func fail(_ code: Int32) {
    close()
    tell(.failed(Failure(endpoint.sentence(code, from: origin), fault: .network)))
  }
}

extension Origin {
  /// Begins to connect a socket that doesn't block.
  func connect(_ socket: Int32, to endpoint: Endpoint) throws(Failure) {
    try apply(to: socket)
    if let source {
      try check(Endpoint(source, 0).withName { bind(socket, $0, $1) }, endpoint)
    }
    try check(endpoint.withName { Glibc.connect(socket, $0, $1) }, endpoint)
  }

  private func check(_ result: Int32, _ endpoint: Endpoint) throws(Failure) {
    guard result < 0, errno != EINPROGRESS else { return }
    throw Failure(endpoint.sentence(errno, from: self), fault: .network)
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
