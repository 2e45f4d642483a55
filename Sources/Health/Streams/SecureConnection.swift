import Model
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import NIOTLS
internal import Synchronization

/// A TLS connection: opened like any other, then handed to SwiftNIO on an event loop's thread.
final class SecureConnection: Stream {
  /// How to speak TLS, and with whom.
  struct TLS {
    let context: NIOSSLContext
    /// The name to send (SNI) and to verify; nil: the address.
    let name: String?
    let loop: any EventLoop
  }

  private let poller: Poller
  private let number: Int
  private let holder = ChannelHolder()
  /// The connection until SwiftNIO has it.
  private var connection: Connection?

  init(
    to endpoint: Endpoint, _ tls: TLS, in attempt: ProbeAttempt,
    tell: @escaping (StreamEvent) -> Void
  ) throws(ProbeFailure) {
    poller = attempt.poller
    number = poller.hear(tell)
    do throws(ProbeFailure) {
      connection = try Connection(to: endpoint, for: .speaking, in: attempt) { [weak self] event in
        guard case .connected = event, let self, let opened = connection.take() else {
          return tell(event)
        }
        tell(.connected)
        speak(over: opened.release(), to: endpoint, tls)
      }
    } catch {
      poller.hearNoMore(number)
      throw error
    }
  }

  private func speak(over socket: Int32, to endpoint: Endpoint, _ tls: TLS) {
    let (mailbox, number, holder) = (poller.mailbox, number, holder)
    let post: @Sendable (StreamEvent) -> Void = { event in
      mailbox.post { $0.tell(number, event) }
    }
    let (context, name) = (tls.context, tls.name)
    ClientBootstrap(group: tls.loop)
      // As much at once as from any other connection; then it is everybody else's turn.
      .channelOption(.maxMessagesPerRead, value: 1)
      .channelOption(
        .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Poller.bytesAnEvent)
      )
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try holder.hold(channel)
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(Budget(endpoint, post))
          try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: name))
          try pipeline.addHandler(Teller(endpoint, name, post))
        }
      }
      // SwiftNIO closes the socket if this fails.
      .withConnectedSocket(socket)
      .whenFailure { error in
        post(.failed(ProbeFailure("cannot connect to \(endpoint): \(error)", fault: .network)))
      }
  }

  func write(_ bytes: [UInt8]) { holder.write(bytes) }

  func close() {
    poller.hearNoMore(number)
    connection.take()?.close()
    holder.close()
  }
}

/// Ends a connection that sends more than any answer needs, even if nothing of it reaches us: empty
/// records, or an endless handshake.
private final class Budget: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let endpoint: Endpoint
  private let post: (StreamEvent) -> Void
  private var left = ProbeAttempt.mostReceived

  init(_ endpoint: Endpoint, _ post: @escaping (StreamEvent) -> Void) {
    (self.endpoint, self.post) = (endpoint, post)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard left >= 0 else { return }
    left -= ProbeAttempt.cost(of: unwrapInboundIn(data).readableBytes)
    if left >= 0 { return context.fireChannelRead(data) }
    post(.failed(endpoint.sendsTooMuch))
    context.close(promise: nil)
  }
}

/// Holds a channel for any thread; may be closed before there is a channel.
private final class ChannelHolder: Sendable {
  private struct State {
    var channel: (any Channel)?
    var isOver = false
  }

  private let state = Mutex(State())

  /// Throws if it was closed already; SwiftNIO then closes the channel, which isn't set up yet.
  func hold(_ channel: any Channel) throws {
    try state.withLock { state in
      if state.isOver { throw CancellationError() }
      state.channel = channel
    }
  }

  func write(_ bytes: [UInt8]) {
    state.withLock { $0.channel }?.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
  }

  func close() {
    let channel = state.withLock { state in
      state.isOver = true
      return state.channel
    }
    channel?.close(promise: nil)
  }
}

private final class Teller: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let endpoint: Endpoint
  private let name: String?
  private let post: (StreamEvent) -> Void

  init(_ endpoint: Endpoint, _ name: String?, _ post: @escaping (StreamEvent) -> Void) {
    (self.endpoint, self.name, self.post) = (endpoint, name, post)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted = event as? TLSUserEvent { post(.open) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    post(.bytes(Array(unwrapInboundIn(data).readableBytesView)))
  }

  func channelInactive(context: ChannelHandlerContext) { post(.closed) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case let error as IOError:
      post(.failed(endpoint.failure(error.errnoCode)))
    // Many servers close without a TLS alert.
    case NIOSSLError.uncleanShutdown: post(.closed)
    default: post(.failed(ProbeFailure(endpoint.tlsSentence(error, name: name), fault: .network)))
    }
  }
}
