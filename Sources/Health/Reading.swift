public import Model

/// What a probe has read so far.
public struct Reading: Hashable, Sendable {
  /// The address that the probed gateway has in public; of `gluetun` probes.
  public var publicAddress: IPAddress?
  /// The ports that its VPN provider forwards to it; of `gluetun` probes.
  public var forwardedPorts: [UInt16] = []
  /// What isn't as one might think, though the last answer was a good one.
  var answerNotes: [String] = []
  /// The same, of when the forwarded port was last asked for.
  var portNote: String?
  /// Why the last failure was one; kept while attempts succeed again.
  public var lastFailure: String?
  /// Why the last attempt couldn't ask; it says nothing of whoever was to be asked.
  public var obstacle: String?
  /// How long the last attempt took.
  public var lastDuration: Duration?
  /// Attempts that succeeded.
  public var succeeded = 0
  /// Attempts that failed.
  public var failed = 0
  /// Attempts that couldn't ask.
  public var unasked = 0
  public var consecutiveFailures = 0
  /// By how much the last attempt started too late.
  public var lateness = Duration.zero
  public var maxLateness = Duration.zero
  /// Attempts that were left out, since the one before started later than they would have.
  public var skipped = 0

  public init() {}

  /// What isn't as one might think, though the probe doesn't fail.
  public var notes: [String] {
    (obstacle.map { ["could not be asked: \($0)"] } ?? []) + answerNotes
      + (portNote.map { [$0] } ?? [])
  }
}
