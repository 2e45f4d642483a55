public import DDNS
internal import Model
public import NIOCore

/// Carries out exchanges with providers, on one of a group's event loops.
public struct Transport: Sendable {
  private let loop: any EventLoop
  private let http: HTTPClient
  private let dns: DNSClient
  private let commands: CommandRunner

  /// Without `allowsExec`, requests to run commands fail.
  public init(on loop: any EventLoop, allowsExec: Bool) {
    self.loop = loop
    http = HTTPClient(loop: loop)
    dns = DNSClient(loop: loop)
    commands = CommandRunner(loop: loop, isAllowed: allowsExec)
  }

  /// Carries it out within this time as a whole; fails with a ``ProviderError``. `mayGoOn` is asked on
  /// the loop's thread before each request.
  public func perform<Value: Sendable>(
    _ exchange: Exchange<Value>, within timeout: Duration,
    while mayGoOn: @escaping @Sendable () -> Bool = { true }
  ) -> EventLoopFuture<Value> {
    let deadline = NIODeadline.now() + .nanoseconds(timeout.wholeNanoseconds)
    return loop.flatSubmit { perform(exchange, until: deadline, while: mayGoOn, requests: 0) }
  }

  private func perform<Value: Sendable>(
    _ exchange: Exchange<Value>, until deadline: NIODeadline,
    while mayGoOn: @escaping @Sendable () -> Bool, requests: Int
  ) -> EventLoopFuture<Value> {
    switch exchange {
    case .done(let value): return loop.makeSucceededFuture(value)
    case .ask(let request, let next):
      // A provider that pages for ever would never be done.
      guard requests < Self.mostRequests else {
        return loop.makeFailedFuture(
          ProviderError("gave up after \(Self.mostRequests) requests"))
      }
      guard mayGoOn() else { return loop.makeFailedFuture(ProviderError("no longer wanted")) }
      return send(request, until: deadline).flatMapThrowing { try next($0) }
        .flatMap { perform($0, until: deadline, while: mayGoOn, requests: requests + 1) }
    }
  }

  private func send(_ request: Request, until deadline: NIODeadline) -> EventLoopFuture<Answer> {
    guard deadline > .now() else {
      return loop.makeFailedFuture(ProviderError("no time is left for another request"))
    }
    switch request {
    case .http(let request): return http.send(request, until: deadline).map { .http($0) }
    case .dns(let request): return dns.send(request, until: deadline).map { .dns($0) }
    case .command(let request): return commands.run(request, until: deadline).map { .command($0) }
    }
  }

  private static let mostRequests = 200
}
