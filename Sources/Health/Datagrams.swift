internal import CLinux
import Events
internal import Glibc
import Model

/// Sends one datagram over a connected socket, and judges each that comes back.
struct Datagrams {
  /// The port is 0 for protocols without ports.
  var endpoint: Endpoint
  var send: [UInt8]
  /// Nil: this wasn't an answer, so go on waiting.
  var judge: ([UInt8]) -> Outcome?

  private var peer: String {
    endpoint.port == 0 ? endpoint.address.description : endpoint.description
  }

  func exchange(in attempt: ProbeAttempt) throws(ProbeFailure) {
    try exchange(
      in: attempt, over: try attempt.poller.openSocket(endpoint.address.family, SOCK_DGRAM))
  }

  /// Takes over the socket, which isn't connected yet.
  func exchange(
    in attempt: ProbeAttempt, over socket: Int32, leavingItTo kept: KeptSocket? = nil
  ) throws(ProbeFailure) {
    let poller = attempt.poller
    do throws(ProbeFailure) {
      try attempt.origin.connect(socket, to: endpoint)
      guard Glibc.send(socket, send, send.count, 0) >= 0 else {
        throw failure(errno)
      }
      try poller.watch(socket, for: .toRead) { _ in receive(from: socket, in: attempt) }
    } catch {
      poller.close(socket)
      throw error
    }
    _ = attempt.wait(for: "answer from \(peer)")
    attempt.cleanUp { if let kept { kept.leave(socket) } else { poller.close(socket) } }
  }

  private func receive(from socket: Int32, in attempt: ProbeAttempt) {
    let poller = attempt.poller
    for _ in 0..<Poller.datagramsAnEvent where !attempt.isOver {
      let (count, sender) = poller.receiveDatagram(from: socket, endpoint.address.family)
      if count < 0 {
        switch errno {
        case EINTR: continue
        case EAGAIN: return
        default: return attempt.fail(failure(errno))
        }
      }
      // A connected ping socket receives replies from anybody (Linux's `ping_lookup`). They are
      // ignored, and not held against the peer.
      guard sender == endpoint.address else { continue }
      if let outcome = judge(Array(poller.buffer[..<count])) { return attempt.end(outcome) }
      guard attempt.mayTake(count, from: endpoint) else { return }
    }
    if !attempt.isOver { poller.readAgain(socket) }
  }

  private func failure(_ code: Int32) -> ProbeFailure {
    if endpoint.port == 0, code == ECONNREFUSED {
      return ProbeFailure("\(peer) refuses", fault: .network)
    }
    return endpoint.failure(code)
  }
}

extension Poller {
  /// Receives one datagram into the buffer; returns its sender.
  fileprivate func receiveDatagram(
    from socket: Int32, _ family: Family
  ) -> (count: Int, sender: IPAddress?) {
    // The address's bytes in a `sockaddr_in` or `sockaddr_in6`.
    let place = family == .inet ? 4..<8 : 8..<24
    var name = [UInt8](repeating: 0, count: MemoryLayout<sockaddr_in6>.size)
    var size = socklen_t(name.count)
    let count = name.withUnsafeMutableBytes { bytes in
      recvfrom(
        socket, &buffer, buffer.count, 0,
        bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), &size)
    }
    guard count >= 0, Int(size) >= place.upperBound else { return (count, nil) }
    return (count, IPAddress(bytes: name[place]))
  }
}
