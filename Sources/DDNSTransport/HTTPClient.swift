import DDNS
import NIOCore

/// Sends requests over HTTP/1.1, with TLS unless the origin is insecure. The answer is bounded.
struct HTTPClient: Sendable {
  let loop: any EventLoop

  /// Fails with a ``ProviderError``, at the deadline at the latest.
  func send(_ request: HTTPRequest, until deadline: NIODeadline) -> EventLoopFuture<HTTPResponse> {
    loop.makeFailedFuture(ProviderError("HTTP is not built in yet"))
  }
}
