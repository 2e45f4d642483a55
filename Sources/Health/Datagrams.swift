internal import CLinux
internal import Glibc
import Model
internal import NIOCore
internal import NIOPosix

/// One datagram sent over a connected socket, and a judgement of each that comes back.
struct Datagrams {
  /// Its port is 0 where the protocol has none.
  var endpoint: Endpoint
  var send: [UInt8]
  /// Nil: this was no answer, go on waiting.
  var judge: ([UInt8]) -> Outcome?

  /// The most that a datagram can be.
  private static let limit = 1 << 16

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
  func exchange(in attempt: Try, over socket: Int32) throws(Failure) {
    do throws(Failure) {
      try attempt.origin.apply(to: socket)
      if let source = attempt.origin.source {
        try check(
          name(Endpoint(source, 0)).withSockAddr { bind(socket, $0, socklen_t($1)) }, attempt)
      }
      try check(name(endpoint).withSockAddr { connect(socket, $0, socklen_t($1)) }, attempt)
      try check(Int32(Glibc.send(socket, send, send.count, 0)), attempt)
    } catch {
      close(socket)
      throw error
    }
    // What the bootstrap doesn't take, it closes.
    let handler = DatagramHandler(self, attempt)
    _ = attempt.wait(for: "answer from \(peer)")
    let bound = NIOLoopBound(handler, eventLoop: attempt.loop)
    let peer = peer
    DatagramBootstrap(group: attempt.loop)
      .channelOption(
        .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.limit)
      )
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          bound.value.opened(channel)
          try channel.pipeline.syncOperations.addHandler(bound.value)
        }
      }
      .withBoundSocket(socket).assumeIsolated().whenFailure { error in
        attempt.fail(Failure("cannot ask \(peer): \(error)", fault: .network))
      }
  }

  private func name(_ endpoint: Endpoint) throws(Failure) -> SocketAddress {
    do { return try endpoint.socketAddress } catch { throw Failure("\(error)") }
  }

  private func check(_ result: Int32, _ attempt: Try) throws(Failure) {
    guard result < 0 else { return }
    let code = errno
    throw Failure(
      endpoint.port == 0 && code == ECONNREFUSED
        ? "\(peer) refuses" : endpoint.sentence(code, from: attempt.origin))
  }
}

private final class DatagramHandler: ChannelInboundHandler {
  typealias InboundIn = AddressedEnvelope<ByteBuffer>

  private let datagrams: Datagrams
  private let attempt: Try

  init(_ datagrams: Datagrams, _ attempt: Try) {
    self.datagrams = datagrams
    self.attempt = attempt
  }

  func opened(_ channel: any Channel) { attempt.closeAtEnd(channel) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !attempt.isOver else { return }
    let bytes = Array(unwrapInboundIn(data).data.readableBytesView)
    if let outcome = datagrams.judge(bytes) { attempt.end(outcome) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    attempt.fail(datagrams.endpoint.failure(error, from: attempt.origin))
  }
}

/// Non-blocking and not inherited by commands; nil, with `errno`, if the kernel refuses.
func openSocket(_ family: Family, _ type: __socket_type, _ number: Int) -> Int32? {
  let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
  let made = socket(
    family == .inet ? AF_INET : AF_INET6, Int32(type.rawValue) | flags, Int32(number))
  return made < 0 ? nil : made
}
