internal import DDNS
internal import NIOCore
internal import NIOPosix

/// Asks a name server, by UDP or TCP. The answer has 65,535 bytes at most.
struct DNSClient: Sendable {
  let loop: any EventLoop

  /// Fails with a ``ProviderError``, at the deadline at the latest.
  func send(_ request: DNSRequest, until deadline: NIODeadline) -> EventLoopFuture<[UInt8]> {
    let server = request.serverName
    let promise = loop.makePromise(of: [UInt8].self)
    let timer = loop.scheduleTask(deadline: deadline) {
      promise.fail(ProviderError("no answer from \(server)"))
    }
    // Also where the loop ends before the deadline.
    timer.futureResult.whenFailure { _ in promise.fail(ProviderError("no answer from \(server)")) }
    promise.futureResult.whenComplete { _ in timer.cancel() }
    address(of: request).whenComplete { result in
      switch result {
      case .success(let address): exchange(request, address, promise)
      case .failure(let error): promise.fail(error)
      }
    }
    return promise.futureResult
  }

  /// Names are looked up on another thread, which may take as long as it likes.
  private func address(of request: DNSRequest) -> EventLoopFuture<SocketAddress> {
    let (server, port) = (request.server, Int(request.port))
    if let address = try? SocketAddress(ipAddress: server, port: port) {
      return loop.makeSucceededFuture(address)
    }
    return NIOThreadPool.singleton.runIfActive(eventLoop: loop) {
      do {
        return try SocketAddress.makeAddressResolvingHost(server, port: port)
      } catch {
        throw ProviderError("\(server) has no address now")
      }
    }
  }

  private func exchange(
    _ request: DNSRequest, _ address: SocketAddress, _ promise: EventLoopPromise<[UInt8]>
  ) {
    let server = request.serverName
    let opened: EventLoopFuture<any Channel>
    switch request.transport {
    case .udp:
      opened = DatagramBootstrap(group: loop)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(
              DatagramHandler(request.message, address, promise))
          }
        }
        .connect(to: address)
    case .tcp:
      opened = ClientBootstrap(group: loop)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(
              StreamHandler(request.message, server, promise))
          }
        }
        .connect(to: address)
    }
    opened.whenComplete { result in
      switch result {
      case .success(let channel):
        promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
      case .failure(let error):
        promise.fail(ProviderError("cannot reach \(server): \(error.sentence)"))
      }
    }
  }
}

extension DNSRequest {
  fileprivate var serverName: String {
    (server.contains(":") ? "[\(server)]" : server) + (port == 53 ? "" : ":\(port)")
  }
}

extension Error {
  /// The kernel's own words where there are any.
  var sentence: String {
    if let error = self as? IOError { return String(describing: error) }
    return "\(self)"
  }
}

/// Sends a message again and again until an answer to it comes.
private final class DatagramHandler: ChannelInboundHandler {
  typealias InboundIn = AddressedEnvelope<ByteBuffer>
  typealias OutboundOut = AddressedEnvelope<ByteBuffer>

  /// nsupdate waits for 3 s.
  private static let patience = TimeAmount.seconds(2)
  private let message: [UInt8]
  private let server: SocketAddress
  private let promise: EventLoopPromise<[UInt8]>
  private var timer: RepeatedTask?

  init(_ message: [UInt8], _ server: SocketAddress, _ promise: EventLoopPromise<[UInt8]>) {
    self.message = message
    self.server = server
    self.promise = promise
  }

  func channelActive(context: ChannelHandlerContext) {
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    timer = context.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: Self.patience) { _ in
      let (handler, context) = bound.value
      let datagram = AddressedEnvelope(
        remoteAddress: handler.server,
        data: context.channel.allocator.buffer(bytes: handler.message))
      context.writeAndFlush(handler.wrapOutboundOut(datagram), promise: nil)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = Array(unwrapInboundIn(data).data.readableBytesView)
    // An answer to something else, or a forged one.
    guard bytes.count >= 12, bytes[..<2] == message[..<2], bytes[2] & 0x80 != 0 else { return }
    promise.succeed(bytes)
  }

  func channelInactive(context: ChannelHandlerContext) { timer?.cancel() }

  /// A refused port is no end: the server may be starting.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}

/// RFC 1035, 4.2.2: over TCP, a message follows its length.
private final class StreamHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let message: [UInt8]
  private let server: String
  private let promise: EventLoopPromise<[UInt8]>
  private var answer: [UInt8] = []

  init(_ message: [UInt8], _ server: String, _ promise: EventLoopPromise<[UInt8]>) {
    self.message = message
    self.server = server
    self.promise = promise
  }

  func channelActive(context: ChannelHandlerContext) {
    var buffer = context.channel.allocator.buffer(capacity: 2 + message.count)
    buffer.writeInteger(UInt16(truncatingIfNeeded: message.count))
    buffer.writeBytes(message)
    context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    answer += unwrapInboundIn(data).readableBytesView
    guard answer.count >= 2 else { return }
    let length = Int(answer[0]) << 8 | Int(answer[1])
    guard answer.count >= 2 + length else { return }
    promise.succeed(Array(answer[2..<(2 + length)]))
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    promise.fail(ProviderError("\(server) closed the connection before its answer was whole"))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    promise.fail(ProviderError("\(server): \(error.sentence)"))
    context.close(promise: nil)
  }
}
