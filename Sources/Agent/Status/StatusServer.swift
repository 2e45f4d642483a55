internal import Glibc
import JSON
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
import Synchronization

/// Serves `GET /status`, `/metrics`, `/healthz`, `/livez` and `/readyz`.
///
/// Anybody who reaches the port may ask, but nobody can block it: when there are too many
/// connections the oldest is closed, and none lasts longer than a question and its answer take.
final class StatusServer: Sendable {
  /// The answer for a path.
  struct Answer: Sendable {
    var status: HTTPResponseStatus
    var type: String
    var body: String

    static func text(_ status: HTTPResponseStatus, _ body: String) -> Answer {
      Answer(status: status, type: "text/plain; charset=utf-8", body: body)
    }
  }

  /// The most connections at a time: probes can't have their descriptors.
  static let mostConnections = 64
  /// How long asking may take, and reading the answer.
  static let patience = TimeAmount.seconds(5)
  private static let retry = TimeAmount.seconds(1)

  private let address: SocketAddress
  private let group: any EventLoopGroup
  private let log: Log
  private let answer: @Sendable (_ path: String) -> Answer?
  private let connections: Connections
  private let addressFilter: AddressFilter
  private let state = Mutex(State())

  private struct State {
    var listener: (any Channel)?
    var isClosed = false
    /// Why it doesn't listen; logged once.
    var fault: String?
  }

  /// Listens at `address`, answering on the group's thread. If the port is taken it goes on trying:
  /// that nobody can ask is no reason not to route.
  init(
    _ address: String, port: Int, on group: any EventLoopGroup, log: Log,
    addressFilter: AddressFilter = AddressFilter(),
    answer: @escaping @Sendable (_ path: String) -> Answer?
  ) throws {
    guard let address = try? SocketAddress(ipAddress: address, port: port) else {
      throw CommandError(
        "--listen: \"\(address)\" is no address: write one such as 127.0.0.1:9118 or [::1]:9118")
    }
    self.address = address
    self.group = group
    self.log = log
    self.answer = answer
    self.addressFilter = addressFilter
    connections = Connections(on: group.next())
    try? listen().wait()
  }

  /// `127.0.0.1:9118`; the address that was asked for if it doesn't listen.
  private var place: String { "\(address.ipAddress ?? ""):\(address.port ?? 0)" }

  @discardableResult
  private func listen() -> EventLoopFuture<Void> {
    let (answer, connections, addressFilter, address) = (
      answer, connections, addressFilter, address
    )
    return ServerBootstrap(group: connections.eventLoop)
      .serverChannelOption(.backlog, value: 128)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      // Out of descriptors, it waits a second instead of trying again at once.
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
        }
      }
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          // An error here closes the connection.
          let paths = addressFilter.paths(at: channel.localAddress, of: address)
          if paths?.isEmpty == true { throw ChannelError.eof }
          try channel.pipeline.syncOperations.addHandlers([
            ByteToMessageHandler(HTTPRequestDecoder()), HTTPResponseEncoder(),
            Handler(connections, paths, answer: answer),
          ])
        }
      }
      .bind(to: address)
      .map { [self] in began($0) }
      .flatMapErrorThrowing { [self] in failed($0) }
  }

  private func began(_ channel: any Channel) {
    let (isClosed, fault) = state.withLock { state in
      state.listener = channel
      defer { state.fault = nil }
      return (state.isClosed, state.fault)
    }
    if isClosed { channel.close(promise: nil) }
    if fault != nil { log.info("listen", ["address": place]) }
  }

  private func failed(_ error: any Error) {
    let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
    let (isClosed, isNews) = state.withLock { state in
      defer { state.fault = reason }
      return (state.isClosed, state.fault != reason)
    }
    if isClosed { return }
    if isNews {
      log.error(
        "listen", ["address": place, "error": "cannot listen at \(place): \(reason)", "next": "1s"])
    }
    connections.eventLoop.scheduleTask(in: Self.retry) { [weak self] in self?.listen() }
  }

  func close() {
    let listener = state.withLock { state in
      state.isClosed = true
      return state.listener
    }
    try? listener?.close().wait()
  }

  /// The open connections, the oldest first; for use on their thread.
  private struct Connections: Sendable {
    let eventLoop: any EventLoop
    private let open: NIOLoopBoundBox<[any Channel]>

    init(on eventLoop: any EventLoop) {
      self.eventLoop = eventLoop
      open = .makeBoxSendingValue([], eventLoop: eventLoop)
    }

    /// Makes room by closing the oldest: whoever asks at once is answered long before being the
    /// oldest.
    func add(_ channel: any Channel) {
      if open.value.count >= mostConnections { open.value.removeFirst().close(promise: nil) }
      open.value.append(channel)
    }

    func remove(_ channel: any Channel) { open.value.removeAll { $0 === channel } }
  }

  /// The one question of a connection.
  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let connections: Connections
    /// The paths that may be asked for; nil: all.
    private let paths: Set<String>?
    private let answer: @Sendable (String) -> Answer?
    private var isAnswered = false
    private var end: Scheduled<Void>?

    init(
      _ connections: Connections, _ paths: Set<String>?,
      answer: @escaping @Sendable (String) -> Answer?
    ) {
      self.connections = connections
      self.paths = paths
      self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
      connections.add(context.channel)
      closeLater(context)
      context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
      // Otherwise the timer would retain the connection until then.
      end?.cancel()
      connections.remove(context.channel)
      context.fireChannelInactive()
    }

    private func closeLater(_ context: ChannelHandlerContext) {
      end?.cancel()
      let channel = context.channel
      end = context.eventLoop.scheduleTask(in: StatusServer.patience) {
        channel.close(promise: nil)
      }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      // The head is enough: no question here has a body, and none is waited for.
      guard case .head(let head) = unwrapInboundIn(data), !isAnswered else { return }
      isAnswered = true
      if head.method != .GET, head.method != .HEAD {
        return send(.text(.methodNotAllowed, "only GET\n"), to: head, context)
      }
      let path = String(head.uri.prefix { $0 != "?" })
      if let paths, !paths.contains(path) { return context.close(promise: nil) }
      send(
        answer(path) ?? .text(.notFound, "no such path: \(StatusServer.paths)\n"), to: head, context
      )
    }

    private func send(
      _ answer: Answer, to request: HTTPRequestHead, _ context: ChannelHandlerContext
    ) {
      closeLater(context)
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

  static let paths = "/status /metrics /healthz /livez /readyz"
}
