/// A conversation with a provider, as a value: what to ask next, given the answers so far. Whoever
/// carries it out does the I/O; providers are pure.
public indirect enum Exchange<Value: Sendable>: Sendable {
  case done(Value)
  /// Ends with an error where there is no answer; otherwise goes on with what the closure makes of it.
  case ask(Request, @Sendable (Answer) throws(ProviderError) -> Exchange<Value>)
}

/// One question to a provider.
public enum Request: Hashable, Sendable {
  case http(HTTPRequest)
  case dns(DNSRequest)
  case command(CommandRequest)
}

/// The answer to a ``Request`` of the same case.
public enum Answer: Hashable, Sendable {
  case http(HTTPResponse)
  /// A whole message, without the length that TCP has before it.
  case dns([UInt8])
  case command(CommandResult)
}

/// A DNS message to a server.
public struct DNSRequest: Hashable, Sendable {
  public enum Transport: String, Hashable, Sendable, CaseIterable {
    case udp, tcp
  }

  /// A name, or an address without brackets.
  public var server: String
  public var port: UInt16
  public var transport: Transport
  public var message: [UInt8]

  public init(server: String, port: UInt16, transport: Transport, message: [UInt8]) {
    self.server = server
    self.port = port
    self.transport = transport
    self.message = message
  }
}

/// A command, run without a shell.
public struct CommandRequest: Hashable, Sendable {
  /// The program's path and its arguments.
  public var words: [String]
  /// Besides ours.
  public var environment: [String: String]
  public var input: [UInt8]

  public init(words: [String], environment: [String: String] = [:], input: [UInt8] = []) {
    self.words = words
    self.environment = environment
    self.input = input
  }
}

/// How a command ended; its output is bounded.
public struct CommandResult: Hashable, Sendable {
  public var status: Int32
  public var output: [UInt8]
  public var errors: [UInt8]

  public init(status: Int32, output: [UInt8] = [], errors: [UInt8] = []) {
    self.status = status
    self.output = output
    self.errors = errors
  }
}

/// Why an exchange failed. The message holds no secret.
public struct ProviderError: Error, Hashable, Sendable {
  public var message: String
  /// How long the provider wants us to wait (`Retry-After`).
  public var retryAfter: Duration?
  /// Whether trying again won't help: wrong credentials, a zone that isn't there. It is tried again
  /// rarely, since somebody may mend it.
  public var isPermanent: Bool

  public init(_ message: String, retryAfter: Duration? = nil, isPermanent: Bool = false) {
    self.message = message
    self.retryAfter = retryAfter
    self.isPermanent = isPermanent
  }
}

extension ProviderError: CustomStringConvertible {
  public var description: String { message }
}

extension Exchange {
  public static func http(
    _ request: HTTPRequest,
    _ next: @escaping @Sendable (HTTPResponse) throws(ProviderError) -> Exchange<Value>
  ) -> Exchange<Value> {
    .ask(.http(request)) { answer throws(ProviderError) in
      guard case .http(let response) = answer else {
        preconditionFailure("an answer to another request")
      }
      return try next(response)
    }
  }

  public static func dns(
    _ request: DNSRequest,
    _ next: @escaping @Sendable ([UInt8]) throws(ProviderError) -> Exchange<Value>
  ) -> Exchange<Value> {
    .ask(.dns(request)) { answer throws(ProviderError) in
      guard case .dns(let message) = answer else {
        preconditionFailure("an answer to another request")
      }
      return try next(message)
    }
  }

  public static func command(
    _ request: CommandRequest,
    _ next: @escaping @Sendable (CommandResult) throws(ProviderError) -> Exchange<Value>
  ) -> Exchange<Value> {
    .ask(.command(request)) { answer throws(ProviderError) in
      guard case .command(let result) = answer else {
        preconditionFailure("an answer to another request")
      }
      return try next(result)
    }
  }

  /// Goes on with another exchange when this one is done.
  public func then<Next: Sendable>(
    _ next: @escaping @Sendable (Value) throws(ProviderError) -> Exchange<Next>
  ) throws(ProviderError) -> Exchange<Next> {
    switch self {
    case .done(let value): return try next(value)
    case .ask(let request, let own):
      return .ask(request) { answer throws(ProviderError) in try own(answer).then(next) }
    }
  }
}

extension Exchange where Value == Void {
  /// One after another; an error ends it, and leaves undone what follows.
  public static func inOrder(_ exchanges: [Exchange<Void>]) throws(ProviderError) -> Exchange<Void>
  {
    guard let first = exchanges.first else { return .done(()) }
    let rest = Array(exchanges.dropFirst())
    return try first.then { () throws(ProviderError) in try inOrder(rest) }
  }
}
