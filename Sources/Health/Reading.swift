public import Model

/// What a probe has found out so far.
public struct Reading: Hashable, Sendable {
  /// The public addresses of whoever is probed, at most one for each family, IPv4 first: what the
  /// probe's sources say, or gluetun itself.
  public internal(set) var publicAddresses: [IPAddress] = []
  /// The ports that its VPN provider forwards to it; only for `gluetun` probes, nil until one has
  /// read them.
  public var forwardedPorts: [UInt16]?
  /// What isn't as one might expect, though the last answer was a success.
  var answerNotes: [String] = []
  /// The same, from when the forwarded port was last asked for.
  var portNote: String?
  /// Why no public address could be learnt.
  var addressNotes: [String] = []
  /// The reason of the last failure; kept when attempts succeed again.
  public var lastFailure: String?
  /// Why the last attempt couldn't ask; it says nothing about whoever was to be asked.
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
  /// Attempts in a row that couldn't ask.
  var consecutiveUnasked = 0
  /// Whether as many couldn't ask as would have to fail: the state is an old one.
  public var isDoubtful = false
  /// How much too late the last attempt started.
  public var lateness = Duration.zero
  public var maxLateness = Duration.zero
  /// How many attempts were skipped, since the one before started after they were due.
  public var skipped = 0

  public init() {}

  /// What others than the prober may use of it.
  public var signalReading: SignalReading {
    SignalReading(publicAddresses: publicAddresses, forwardedPorts: forwardedPorts)
  }

  /// What isn't as one might expect, though the probe doesn't fail.
  public var notes: [String] {
    (obstacle.map { ["could not be asked: \($0)"] } ?? []) + answerNotes
      + (portNote.map { [$0] } ?? []) + addressNotes
  }

  /// The first of ``publicAddresses``.
  public var publicAddress: IPAddress? {
    get { publicAddresses.first }
    set { publicAddresses = newValue.map { [$0] } ?? [] }
  }
}
