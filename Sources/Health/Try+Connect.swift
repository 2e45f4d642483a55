internal import NIOCore
internal import NIOPosix

extension Try {
  /// Opens a connection from where the probe asks; `prepare` adds its handlers, `failed` is told why
  /// none came about.
  func connect(
    to endpoint: Endpoint, prepare: @escaping @Sendable (any Channel) throws -> Void,
    failed: @escaping (Failure) -> Void
  ) {
    let origin = origin
    do {
      var bootstrap = ClientBootstrap(group: loop)
        // The try's own timeout ends it.
        .connectTimeout(.hours(24))
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try origin.apply(to: channel)
            try prepare(channel)
          }
        }
      if let source = origin.source {
        bootstrap = try bootstrap.bind(to: Endpoint(source, 0).socketAddress)
      }
      bootstrap.connect(to: try endpoint.socketAddress).assumeIsolated().whenFailure { error in
        failed(endpoint.failure(error, from: origin))
      }
    } catch {
      failed(endpoint.failure(error, from: origin))
    }
  }
}
