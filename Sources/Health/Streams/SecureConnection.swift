import Model
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import NIOTLS
internal import Synchronization

/// A connection over TLS, of SwiftNIO, on an event loop's thread.
final class SecureConnection: Stream {
  /// How to speak TLS with whom.
  struct TLS {
    let context: NIOSSLContext
    /// To ask for and to verify; nil: the address.
    let name: String?
    let loop: any EventLoop
  }

  private let poller: Poller
  private let number: Int
  private let holder = ChannelHolder()

  init(
    to endpoint: Endpoint, _ tls: TLS, in attempt: Try, tell: @escaping (StreamEvent) -> Void
  ) {
    poller = attempt.poller
    number = poller.hear(tell)
    let (origin, mailbox, number, holder) = (attempt.origin, poller.mailbox, number, holder)
    let post: @Sendable (StreamEvent) -> Void = { event in
      mailbox.post { $0.tell(number, event) }
    }
    let (context, name) = (tls.context, tls.name)
    do {
      var bootstrap = ClientBootstrap(group: tls.loop)
        // The try's own timeout ends it.
        .connectTimeout(.hours(24))
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            holder.hold(channel)
            try origin.apply(to: channel)
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: name))
            try pipeline.addHandler(Teller(endpoint, origin, name, post))
          }
        }
      if let source = origin.source {
        bootstrap = try bootstrap.bind(to: Endpoint(source, 0).socketAddress)
      }
      bootstrap.connect(to: try endpoint.socketAddress).whenFailure { error in
        post(.failed(endpoint.failure(error, from: origin)))
      }
    } catch {
      post(.failed(endpoint.failure(error, from: origin)))
    }
  }

  func write(_ bytes: [UInt8]) { holder.write(bytes) }

  func close() {
    poller.hearNoMore(number)
    holder.close()
  }
}

/// A channel for any thread, which may be given up before it is there.
private final class ChannelHolder: Sendable {
  private struct State {
    var channel: (any Channel)?
    var isOver = false
  }

  private let state = Mutex(State())

  func hold(_ channel: any Channel) {
    let isOver = state.withLock { state in
      state.channel = channel
      return state.isOver
    }
    if isOver { channel.close(promise: nil) }
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
  private let origin: Origin
  private let name: String?
  private let post: (StreamEvent) -> Void

  init(
    _ endpoint: Endpoint, _ origin: Origin, _ name: String?, _ post: @escaping (StreamEvent) -> Void
  ) {
    (self.endpoint, self.origin, self.name, self.post) = (endpoint, origin, name, post)
  }

  func channelActive(context: ChannelHandlerContext) { post(.connected) }

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
      post(.failed(Failure(endpoint.sentence(error.errnoCode, from: origin), fault: .network)))
    // Many servers just close.
    case NIOSSLError.uncleanShutdown: post(.closed)
    default: post(.failed(Failure(endpoint.tlsSentence(error, name: name), fault: .network)))
    }
  }
}
