import JSON
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// `GET /status`, `/metrics`, `/healthz` and `/readyz`.
struct StatusServer {
  /// What a path answers.
  struct Answer: Sendable {
    var status: HTTPResponseStatus
    var type: String
    var body: String

    static func text(_ status: HTTPResponseStatus, _ body: String) -> Answer {
      Answer(status: status, type: "text/plain; charset=utf-8", body: body)
    }
  }

  private let channel: any Channel

  /// Listens at `address`; each request is answered on the group's threads.
  init(
    _ address: String, port: Int, on group: any EventLoopGroup,
    answer: @escaping @Sendable (_ path: String) -> Answer?
  ) throws {
    do {
      channel = try ServerBootstrap(group: group)
        .serverChannelOption(.backlog, value: 16)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.configureHTTPServerPipeline(
              withErrorHandling: true)
            try channel.pipeline.syncOperations.addHandler(Handler(answer: answer))
            // Whoever opens a connection and says nothing doesn't hold it for ever.
            channel.eventLoop.scheduleTask(in: .seconds(30)) { channel.close(promise: nil) }
          }
        }
        .bind(host: address, port: port).wait()
    } catch {
      throw Session.Failure("cannot listen at \(address):\(port): \(error)")
    }
  }

  func close() { try? channel.close().wait() }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: @Sendable (String) -> Answer?
    private var head: HTTPRequestHead?

    init(answer: @escaping @Sendable (String) -> Answer?) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head): self.head = head
      case .body: break
      case .end:
        guard let head else { return }
        let path = String(head.uri.prefix { $0 != "?" })
        var answer = answer(path) ?? .text(.notFound, "no such path: \(StatusServer.paths)\n")
        if head.method != .GET, head.method != .HEAD {
          answer = .text(.methodNotAllowed, "only GET\n")
        }
        send(answer, to: head, context)
      }
    }

    private func send(
      _ answer: Answer, to request: HTTPRequestHead, _ context: ChannelHandlerContext
    ) {
      var head = HTTPResponseHead(version: request.version, status: answer.status)
      head.headers.add(name: "content-type", value: answer.type)
      head.headers.add(name: "content-length", value: "\(answer.body.utf8.count)")
      head.headers.add(name: "connection", value: "close")
      context.write(wrapOutboundOut(.head(head)), promise: nil)
      if request.method != .HEAD {
        let buffer = context.channel.allocator.buffer(string: answer.body)
        context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
      }
      let channel = context.channel
      context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
        channel.close(promise: nil)
      }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }

  static let paths = "/status /metrics /healthz /readyz"
}
