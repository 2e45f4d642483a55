import Model

/// How one attempt of a probe went, for metrics.
public struct AttemptReport: Hashable, Sendable {
  public let duration: Duration
  /// Nil if it succeeded.
  public let fault: Fault?
  /// The HTTP requests that were answered, failed, or were still open at the timeout.
  public let requests: [Request]
  /// Whether it learned the gateway's public address.
  public let hasAddress: Bool

  /// What kind of failure it was.
  public enum Fault: Hashable, Sendable, CaseIterable {
    /// No connection, or a broken one.
    case network
    case timeout
    /// An answer other than the expected one.
    case answer
    /// We couldn't ask.
    case ours
  }

  public struct Request: Hashable, Sendable {
    public let method: String
    /// Nil: no answer.
    public let status: Int?
    public let duration: Duration
    /// Whether it asked for the gateway's public address.
    public let isForAddress: Bool
  }
}

extension AttemptReport {
  /// The report of an attempt that is ending.
  init(_ attempt: ProbeAttempt, _ outcome: Outcome, took duration: Duration, _ now: Instant) {
    self.duration = duration
    if case .good = outcome { fault = nil } else { fault = attempt.fault }
    hasAddress = attempt.hasAddress
    requests = attempt.exchanges.compactMap { exchange in
      guard let end = exchange.ended ?? (attempt.fault == .timeout ? now : nil) else { return nil }
      return Request(
        method: exchange.request.method, status: exchange.status, duration: end - exchange.began,
        isForAddress: exchange.request.isForAddress)
    }
  }
}
