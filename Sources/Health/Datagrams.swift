internal import CLinux
internal import Glibc
import Model

/// One datagram sent over a connected socket, and a judgement of each that comes back.
struct Datagrams {
  /// Its port is 0 where the protocol has none.
  var endpoint: Endpoint
  var send: [UInt8]
  /// Nil: this was no answer, go on waiting.
  var judge: ([UInt8]) -> Outcome?

  private var peer: String {
    endpoint.port == 0 ? endpoint.address.description : endpoint.description
  }

  func exchange(in attempt: Try) throws(Failure) {
    guard let socket = openSocket(endpoint.address.family, SOCK_DGRAM, 0) else {
      throw Failure("cannot open a socket: \(errorText(errno))")
    }
    try exchange(in: attempt, over: socket)
  }

  /// Takes the socket, which is not connected yet.
  func exchange(
    in attempt: Try, over socket: Int32, leavingItTo kept: KeptSocket? = nil
  ) throws(Failure) {
    let poller = attempt.poller
    do throws(Failure) {
      try attempt.origin.connect(socket, to: endpoint)
      guard Glibc.send(socket, send, send.count, 0) >= 0 else {
        throw failure(errno, from: attempt.origin)
      }
    } catch {
      poller.close(socket)
      throw error
    }
    _ = attempt.wait(for: "answer from \(peer)")
    poller.watch(socket, for: .toRead) { _ in receive(from: socket, in: attempt) }
    attempt.cleanUp { if let kept { kept.leave(socket) } else { poller.close(socket) } }
  }

  private func receive(from socket: Int32, in attempt: Try) {
    let poller = attempt.poller
    while !attempt.isOver {
      let count = recv(socket, &poller.buffer, poller.buffer.count, 0)
      if count < 0 {
        switch errno {
        case EINTR: continue
        case EAGAIN: return
        default: return attempt.fail(failure(errno, from: attempt.origin))
        }
      }
      if let outcome = judge(Array(poller.buffer[..<count])) { attempt.end(outcome) }
    }
  }

  private func failure(_ code: Int32, from origin: Origin) -> Failure {
    Failure(
      endpoint.port == 0 && code == ECONNREFUSED
        ? "\(peer) refuses" : endpoint.sentence(code, from: origin), fault: .network)
  }
}

/// Non-blocking and not inherited by commands; nil, with `errno`, if the kernel refuses.
func openSocket(_ family: Family, _ type: __socket_type, _ number: Int) -> Int32? {
  let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
  let made = socket(
    family == .inet ? AF_INET : AF_INET6, Int32(type.rawValue) | flags, Int32(number))
  return made < 0 ? nil : made
}
