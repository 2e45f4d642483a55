import Model
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
internal import NIOTLS

/// A request on a connection of its own.
struct HTTPRequest {
  var endpoint: Endpoint
  var method = "GET"
  var path: String
  var host: String?
  var headers: [Probe.HTTP.Header] = []
  var statuses: [ClosedRange<Int>] = [200...299]
  /// With the name to ask for and to verify.
  var tls: (context: NIOSSLContext, name: String?)?
  var reads = Reads.nothing
  /// Stands before the reasons of its failures, if a try makes several.
  var label = ""
  var isForAddress = false

  /// What of the answer's body is wanted.
  enum Reads {
    /// The status is all.
    case nothing
    case all
    /// That the body contains this.
    case until(String)
  }

  /// The most of a body that is read.
  static let maxBody = 1 << 16

  /// Sends it; `then` is called once unless the try ends before, with the body's bytes.
  func send(
    in attempt: Try, otherwise: (() -> Outcome)? = nil,
    then: @escaping (Result<[UInt8], Failure>) -> Void
  ) {
    let wait = attempt.wait(
      for: "connection to \(endpoint)", label: label, otherwise: otherwise)
    let exchange = HTTPExchange(self, attempt, wait, then)
    attempt.exchanges.append(exchange)
    let bound = NIOLoopBound(exchange, eventLoop: attempt.loop)
    let tls = tls
    attempt.connect(to: endpoint) { channel in
      bound.value.opened(channel)
      let pipeline = channel.pipeline.syncOperations
      if let tls {
        try pipeline.addHandler(
          NIOSSLClientHandler(context: tls.context, serverHostname: tls.name))
      }
      try pipeline.addHTTPClientHandlers()
      try pipeline.addHandler(bound.value)
    } failed: {
      exchange.fail($0)
    }
  }
}

/// An ``HTTPRequest`` under way.
final class HTTPExchange: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  let request: HTTPRequest
  private let attempt: Try
  private let wait: Try.Wait
  private var then: ((Result<[UInt8], Failure>) -> Void)?
  private var channel: (any Channel)?
  private var search: Search
  let began = Duration.now
  private(set) var ended: Duration?
  /// Of the answer's head.
  private(set) var status: Int?

  init(
    _ request: HTTPRequest, _ attempt: Try, _ wait: Try.Wait,
    _ then: @escaping (Result<[UInt8], Failure>) -> Void
  ) {
    self.request = request
    self.attempt = attempt
    self.wait = wait
    self.then = then
    if case .until(let text) = request.reads {
      search = Search(for: text)
    } else {
      search = Search(for: nil)
    }
  }

  func opened(_ channel: any Channel) {
    self.channel = channel
    attempt.closeAtEnd(channel)
  }

  private func end(_ result: Result<[UInt8], Failure>) {
    guard let then, !attempt.isOver else { return }
    self.then = nil
    ended = .now
    attempt.came(wait)
    channel?.close(promise: nil)
    then(result)
  }

  func fail(_ failure: Failure) {
    end(
      .failure(
        Failure(
          request.label + failure.description, status: failure.status, fault: failure.fault)))
  }

  func channelActive(context: ChannelHandlerContext) {
    wait.what =
      (request.tls == nil ? "answer from" : "TLS handshake with") + " \(request.endpoint)"
    var head = HTTPRequestHead(
      version: .http1_1, method: HTTPMethod(rawValue: request.method), uri: request.path)
    head.headers.add(name: "Host", value: request.host ?? request.endpoint.description)
    head.headers.add(name: "Connection", value: "close")
    for header in request.headers { head.headers.add(name: header.name, value: header.value) }
    if request.method == "POST" { head.headers.add(name: "Content-Length", value: "0") }
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted = event as? TLSUserEvent {
      wait.what = "answer from \(request.endpoint)"
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      let status = Int(head.status.code)
      self.status = status
      guard request.statuses.contains(where: { $0.contains(status) }) else {
        let good = request.statuses.map(\.text).joined(separator: ", ")
        return fail(Failure("status \(status), not \(good)", status: status))
      }
      if case .nothing = request.reads { return end(.success([])) }
      wait.what = "end of the answer from \(request.endpoint)"
    case .body(let buffer):
      search.append(buffer.readableBytesView)
      if search.isFound { return end(.success(search.bytes)) }
      if search.bytes.count > HTTPRequest.maxBody { tooLong() }
    case .end: bodyEnded()
    }
  }

  private func bodyEnded() {
    if case .until(let text) = request.reads {
      fail(Failure("the body lacks \(quoted(text))"))
    } else {
      end(.success(search.bytes))
    }
  }

  private func tooLong() {
    let limit = "\(HTTPRequest.maxBody >> 10) KiB"
    if case .until(let text) = request.reads {
      fail(Failure("the first \(limit) of the body lack \(quoted(text))"))
    } else {
      fail(Failure("the body is longer than \(limit)"))
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    closedEarly()
  }

  private func closedEarly() {
    fail(
      Failure(
        "\(request.endpoint) closed "
          + (status != nil ? "before the end of its answer" : "without an answer"),
        fault: .network))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case let error as IOError:
      fail(
        Failure(
          request.endpoint.sentence(error.errnoCode, from: attempt.origin), fault: .network))
    case HTTPParserError.invalidEOFState, NIOSSLError.uncleanShutdown: closedEarly()
    case is HTTPParserError:
      fail(Failure("\(request.endpoint) doesn't answer in HTTP: \(error)"))
    default:
      fail(
        Failure(request.endpoint.tlsSentence(error, name: request.tls?.name), fault: .network))
    }
  }
}

extension ClosedRange<Int> {
  fileprivate var text: String {
    lowerBound == upperBound ? "\(lowerBound)" : "\(lowerBound)-\(upperBound)"
  }
}

func quoted(_ text: String) -> String { "\"\(text)\"" }
