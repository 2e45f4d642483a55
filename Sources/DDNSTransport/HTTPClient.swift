internal import CLinux
internal import DDNS
internal import Glibc
internal import Model
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

/// Sends requests over HTTP/1.1, with TLS unless the origin is insecure. The answer is bounded, and
/// no redirect is followed: credentials go to no other host.
struct HTTPClient: Sendable {
  let loop: any EventLoop
  private let contexts = TLSContexts()

  /// How long a server may be silent, and a connection may take.
  struct Patience {
    var silence = TimeAmount.seconds(15)
    var connection = TimeAmount.seconds(5)
  }

  var patience = Patience()

  /// The most bytes of a body.
  static let mostBody = 1 << 20

  init(loop: any EventLoop) { self.loop = loop }

  /// Fails with a ``ProviderError``, at the deadline at the latest.
  func send(_ request: HTTPRequest, until deadline: NIODeadline) -> EventLoopFuture<HTTPResponse> {
    let promise = loop.makePromise(of: HTTPResponse.self)
    let server = request.origin.authority
    let timer = loop.scheduleTask(deadline: deadline) {
      promise.fail(ProviderError("\(server) has not answered in time"))
    }
    promise.futureResult.whenComplete { _ in timer.cancel() }
    prepare(request.origin).whenComplete { result in
      switch result {
      case .success(let way): connect(request, way.addresses[...], way.context, promise)
      case .failure(let error): promise.fail(error.asProviderError(of: server))
      }
    }
    return promise.futureResult
  }

  private struct Way: Sendable {
    var addresses: [SocketAddress]
    var context: NIOSSLContext?
  }

  /// Looks the name up and reads certificates on another thread, which may take as long as it likes.
  private func prepare(_ origin: HTTPOrigin) -> EventLoopFuture<Way> {
    let contexts = contexts
    return NIOThreadPool.singleton.runIfActive(eventLoop: loop) {
      let context = origin.isSecure ? try contexts.context(origin.authorities) : nil
      return Way(addresses: try origin.addresses(), context: context)
    }
  }

  /// Tries one address after another.
  private func connect(
    _ request: HTTPRequest, _ addresses: ArraySlice<SocketAddress>, _ context: NIOSSLContext?,
    _ promise: EventLoopPromise<HTTPResponse>
  ) {
    let (origin, patience) = (request.origin, patience)
    guard let address = addresses.first else { return }
    let bootstrap: ClientBootstrap
    do {
      bootstrap = try origin.bootstrap(on: loop)
    } catch {
      return promise.fail(error)
    }
    bootstrap.connectTimeout(patience.connection)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(ByteBudget(origin.authority, promise))
          if let context {
            let name = IPAddress(origin.host) == nil ? origin.host : nil
            try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: name))
          }
          try pipeline.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
          try pipeline.addHandler(ResponseHandler(request, patience.silence, promise))
        }
      }
      .connect(to: address)
      .whenComplete { result in
        switch result {
        case .success(let channel):
          promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
        case .failure(let error):
          if addresses.count > 1 {
            connect(request, addresses.dropFirst(), context, promise)
          } else {
            promise.fail(error.asProviderError(of: origin.authority))
          }
        }
      }
  }
}

extension HTTPOrigin {
  /// The host's addresses, preferred first (RFC 6724), of the source's family if there is one.
  fileprivate func addresses() throws -> [SocketAddress] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_family = source.map { $0.family == .inet ? AF_INET : AF_INET6 } ?? AF_UNSPEC
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, "\(port)", &hints, &list)
    guard code == 0 else {
      // The C library's own sentence.
      throw ProviderError("cannot look up \(host): \(String(cString: gai_strerror(code)))")
    }
    defer { freeaddrinfo(list) }
    var addresses: [SocketAddress] = []
    var entry = list
    while let info = entry?.pointee {
      if let name = info.ai_addr {
        switch info.ai_family {
        case AF_INET:
          addresses.append(
            name.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { SocketAddress($0.pointee) })
        case AF_INET6:
          addresses.append(
            name.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { SocketAddress($0.pointee) }
          )
        default: break
        }
      }
      entry = info.ai_next
    }
    guard !addresses.isEmpty else { throw ProviderError("\(host) has no address now") }
    return addresses
  }

  fileprivate func bootstrap(on loop: any EventLoop) throws(ProviderError) -> ClientBootstrap {
    var bootstrap = ClientBootstrap(group: loop)
    func set(_ name: Int32, _ value: Int) {
      bootstrap = bootstrap.channelOption(
        ChannelOptions.socket(SocketOptionLevel(SOL_SOCKET), SocketOptionName(name)), value: value)
    }
    if let link {
      let index = if_nametoindex(link.text)
      guard index != 0 else { throw ProviderError("there is no link \(link)") }
      set(SO_BINDTOIFINDEX, Int(index))
    }
    if let mark { set(SO_MARK, Int(mark.bits)) }
    if let source {
      guard let address = try? SocketAddress(ipAddress: source.description, port: 0) else {
        throw ProviderError("cannot ask from \(source)")
      }
      bootstrap = bootstrap.bind(to: address)
    }
    return bootstrap
  }
}

/// Ends a connection that sends more than any answer needs, in whatever form.
private final class ByteBudget: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let server: String
  private let promise: EventLoopPromise<HTTPResponse>
  private var left = 2 * HTTPClient.mostBody

  init(_ server: String, _ promise: EventLoopPromise<HTTPResponse>) {
    (self.server, self.promise) = (server, promise)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard left >= 0 else { return }
    // Byte by byte isn't free either.
    left -= max(unwrapInboundIn(data).readableBytes, 64)
    if left >= 0 { return context.fireChannelRead(data) }
    promise.fail(ProviderError("\(server) sends an answer without end"))
    context.close(promise: nil)
  }
}

/// Sends the request, and puts the answer together.
private final class ResponseHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  private let request: HTTPRequest
  private let silence: TimeAmount
  private let promise: EventLoopPromise<HTTPResponse>
  private var response: HTTPResponse?
  private var timer: Scheduled<Void>?

  private var server: String { request.origin.authority }

  init(
    _ request: HTTPRequest, _ silence: TimeAmount, _ promise: EventLoopPromise<HTTPResponse>
  ) {
    (self.request, self.silence, self.promise) = (request, silence, promise)
  }

  func channelActive(context: ChannelHandlerContext) {
    wait(context)
    var head = HTTPRequestHead(
      version: .http1_1, method: HTTPMethod(rawValue: request.method.rawValue),
      uri: request.revealedTarget)
    head.headers.add(name: "Host", value: server)
    head.headers.add(name: "Connection", value: "close")
    for field in request.headers {
      head.headers.add(name: field.name, value: field.value.revealed)
    }
    if !request.body.isEmpty || request.method != .get {
      head.headers.add(name: "Content-Length", value: "\(request.body.count)")
    }
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if !request.body.isEmpty {
      let body = context.channel.allocator.buffer(bytes: request.body)
      context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    }
    let sent = context.eventLoop.makePromise(of: Void.self)
    sent.futureResult.whenFailure { [promise, server] in
      promise.fail($0.asProviderError(of: server))
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: sent)
  }

  private func wait(_ context: ChannelHandlerContext) {
    timer?.cancel()
    timer = context.eventLoop.scheduleTask(in: silence) { [promise, server, silence] in
      promise.fail(
        ProviderError("\(server) has been silent for \(silence.nanoseconds / 1_000_000_000)s"))
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    wait(context)
    switch unwrapInboundIn(data) {
    case .head(let head):
      response = HTTPResponse(
        status: Int(head.status.code), headers: head.headers.map { ($0.name, $0.value) })
    case .body(let part):
      guard let count = response?.body.count, count + part.readableBytes <= HTTPClient.mostBody
      else {
        promise.fail(
          ProviderError("\(server) answers with more than \(HTTPClient.mostBody >> 20) MiB"))
        context.close(promise: nil)
        return
      }
      response?.body += part.readableBytesView
    case .end:
      if let response { promise.succeed(response) }
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    promise.fail(ProviderError("\(server) closed the connection before its answer was whole"))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // Many servers close without a TLS alert; what matters is whether the answer is whole.
    if case NIOSSLError.uncleanShutdown = error { return }
    if case HTTPParserError.invalidEOFState = error { return channelInactive(context: context) }
    promise.fail(error.asProviderError(of: server))
    context.close(promise: nil)
  }
}
