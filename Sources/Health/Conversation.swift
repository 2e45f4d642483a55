internal import NIOCore

/// Bytes sent over a connection, and a judgement of those that come back.
struct Conversation {
  var endpoint: Endpoint
  var send: [UInt8] = []
  /// Nil: that the connection opens and takes the bytes is all.
  var judge: Judge?
  /// What a close before a judgement means.
  var closed: String

  /// Given the bytes that came since the last time; nil: more must come.
  typealias Judge = (ArraySlice<UInt8>) -> Outcome?

  /// The most that is read.
  static let limit = 1 << 17

  /// The try ends with it.
  func hold(in attempt: Try) {
    let handler = ConversationHandler(self, attempt)
    let bound = NIOLoopBound(handler, eventLoop: attempt.loop)
    attempt.connect(to: endpoint) { channel in
      bound.value.opened(channel)
      try channel.pipeline.syncOperations.addHandler(bound.value)
    } failed: {
      attempt.fail($0)
    }
  }
}

private final class ConversationHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let conversation: Conversation
  private let attempt: Try
  private let wait: Try.Wait
  private var count = 0

  init(_ conversation: Conversation, _ attempt: Try) {
    self.conversation = conversation
    self.attempt = attempt
    wait = attempt.wait(for: "connection to \(conversation.endpoint)")
  }

  func opened(_ channel: any Channel) { attempt.closeAtEnd(channel) }

  func channelActive(context: ChannelHandlerContext) {
    wait.what = "answer from \(conversation.endpoint)"
    guard !conversation.send.isEmpty else { return sent() }
    let buffer = ByteBuffer(bytes: conversation.send)
    context.writeAndFlush(wrapOutboundOut(buffer)).assumeIsolated().whenSuccess { self.sent() }
  }

  private func sent() {
    if conversation.judge == nil { attempt.end(.good(Finding())) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = Array(unwrapInboundIn(data).readableBytesView)
    count += bytes.count
    if let outcome = conversation.judge?(bytes[...]) { return attempt.end(outcome) }
    if count > Conversation.limit {
      attempt.fail("\(conversation.closed) in the first \(Conversation.limit >> 10) KiB")
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    attempt.fail(
      Failure("\(conversation.endpoint) closed: \(conversation.closed)", fault: .network))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    attempt.fail(conversation.endpoint.failure(error, from: attempt.origin))
  }
}
