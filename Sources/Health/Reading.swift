public import Model

/// What a probe has read so far.
public struct Reading: Hashable, Sendable {
  /// The address that the probed gateway has in public; of `gluetun` probes.
  public var publicAddress: IPAddress?
  /// The port that its VPN provider forwards to it; of `gluetun` probes.
  public var forwardedPort: UInt16?
  /// Why the last failure was one; kept while tries succeed again.
  public var lastFailure: String?
  /// How long the last try took.
  public var lastDuration: Duration?
  /// Tries that succeeded.
  public var succeeded = 0
  /// Tries that failed.
  public var failed = 0
  public var consecutiveFailures = 0
  /// By how much the last try started too late.
  public var lateness = Duration.zero
  public var maxLateness = Duration.zero
  /// Tries that were left out, since the one before started later than they would have.
  public var skipped = 0

  public init() {}
}
