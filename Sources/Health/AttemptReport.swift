import Model

/// How one attempt of a probe went, for whoever counts.
public struct AttemptReport: Hashable, Sendable {
  public let duration: Duration
  /// Nil: it succeeded.
  public let fault: Fault?
  /// The HTTP requests that were answered, failed, or were open when the time was over.
  public let requests: [Request]
  /// Whether it has read the gateway's public address.
  public let hasAddress: Bool

  /// What kind of failure it was.
  public enum Fault: Hashable, Sendable, CaseIterable {
    /// No connection, or one that broke.
    case network
    case timeout
    /// Not what was asked for.
    case answer
    /// We couldn't ask.
    case ours
  }

  public struct Request: Hashable, Sendable {
    public let method: String
    /// Nil: there was no answer.
    public let status: Int?
    public let duration: Duration
    /// Whether it was for the gateway's public address.
    public let isForAddress: Bool
  }
}

extension AttemptReport {
  /// Of an attempt that is ending.
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
