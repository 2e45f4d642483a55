public import Model

/// Decides when to read and write the records under one name: a pure machine.
///
/// Each attempt reads first and writes what differs. After a failure nothing is assumed: what was
/// written in part is read again.
public struct Publisher: Sendable {
  public let publication: Publication
  public private(set) var wanted = Wanted.unknown([])
  /// Why the last attempt failed; nil once one succeeds.
  public private(set) var failure: ProviderError?
  /// Attempts that failed in a row.
  public private(set) var failures = 0
  /// What is published, as far as is known; nil until it was read.
  public private(set) var published: [RecordSet]?
  public private(set) var attempt: Attempt?
  /// Why nothing was written at the last opportunity.
  public private(set) var skips: [Skip: Int] = [:]

  /// Reasons for which nothing is written.
  public enum Skip: String, Hashable, Sendable, CaseIterable {
    case unchanged = "no_change"
    /// `when` is down; gateway-route-manager's word.
    case idle = "required_ip_not_found"
    case unknown = "unknown_signals"
    /// No member is alive, and the last records stay.
    case empty = "empty"
  }

  private var random: Randomness
  private var hold = ReadingHold()
  private var followed: (signals: [Signal: Signal.State], readings: [Signal: SignalReading])?
  /// How long the first readings of live gateways are waited for.
  private var patience: Instant?
  private var nextCheck: Instant?
  private var nextRefresh: Instant?
  private var nextWrite: Instant?
  private var nextRetry: Instant?

  /// `seed` spreads the attempts of several routers.
  public init(_ publication: Publication, seed: UInt64) {
    self.publication = publication
    random = Randomness(seed: seed)
  }

  // MARK: - What is wanted

  /// Takes what signals and probes say now.
  public mutating func follow(
    _ signals: [Signal: Signal.State], reading readings: [Signal: SignalReading], _ now: Instant
  ) {
    followed = (signals, readings)
    decide(now)
  }

  private mutating func decide(_ now: Instant) {
    guard let followed else { return }
    let readings = hold.held(followed.readings, of: publication, given: followed.signals, now)
    let before = wanted
    wanted = publication.wanted(given: followed.signals, reading: readings)
    awaitFirstReadings(readings, given: followed.signals, since: before, now)
    if wanted == before { return }
    switch (before, wanted) {
    case (_, .idle): note(.idle)
    case (.unknown, .unknown): break
    case (_, .unknown): note(.unknown)
    case (.idle, .values), (.unknown, .values):
      // Another router may have published since: read again, at once.
      published = publication.limits.isReadable || before == .idle ? nil : published
      if failure?.retryAfter == nil { (failures, nextRetry) = (0, nil) }
    case (.values, .values): break
    }
    if keepsLast { note(.empty) }
  }

  /// A live gateway's address is read a little after its probe is up: after a restart, wait for it before
  /// removing its record.
  private mutating func awaitFirstReadings(
    _ readings: [Signal: SignalReading], given signals: [Signal: Signal.State],
    since before: Wanted, _ now: Instant
  ) {
    guard case .values = wanted else {
      patience = nil
      return
    }
    if case .values = before { return }
    let silent = publication.silent(given: signals, reading: readings)
    let end = patience ?? now + Self.firstPatience
    patience = silent.isEmpty || end <= now ? nil : end
    if patience != nil { wanted = .unknown(silent.flatMap(\.readSignals).sorted()) }
  }

  private mutating func note(_ skip: Skip) { skips[skip, default: 0] += 1 }

  /// Whether no value is wanted, and the last records stay.
  public var keepsLast: Bool {
    if case .values(let values) = wanted { publication.keepsLast(values) } else { false }
  }

  // MARK: - Attempts

  /// When ``begin(_:)`` has something to do; nil: not before something changes.
  public var next: Instant? {
    [nextAttempt, hold.next, patience].compactMap(\.self).min()
  }

  private var nextAttempt: Instant? {
    guard attempt == nil, case .values(let values) = wanted else { return nil }
    if publication.keepsLast(values) { return nil }
    let start = Instant(nanoseconds: 0)
    var due: Instant
    if let published {
      let differs = !publication.changes(to: values, from: published).isEmpty
      let write = differs ? max(start, nextWrite ?? start) : nil
      let refresh = nextRefresh.map { max($0, nextWrite ?? start) }
      let check = publication.limits.isReadable ? nextCheck : nil
      guard let first = [write, check, refresh].compactMap(\.self).min() else { return nil }
      due = first
    } else {
      due = publication.limits.isReadable ? start : nextWrite ?? start
    }
    if let nextRetry { due = max(due, nextRetry) }
    return due
  }

  /// The attempt to make now, if any; ``end(_:_:)`` must follow.
  public mutating func begin(_ now: Instant) -> Attempt? {
    if let expiry = [hold.next, patience].compactMap(\.self).min(), expiry <= now { decide(now) }
    guard let nextAttempt, nextAttempt <= now, case .values(let values) = wanted else { return nil }
    let attempt = Attempt(
      values: values, assumed: published ?? [], mayWrite: nextWrite.map { $0 <= now } ?? true,
      isForced: nextRefresh.map { $0 <= now } ?? false)
    self.attempt = attempt
    return attempt
  }

  /// Whether the attempt in progress may go on: not once another router publishes.
  public var mayGoOn: Bool {
    if case .values = wanted { true } else { false }
  }

  /// The attempt is over.
  public mutating func end(_ result: Result<PublicationReport, ProviderError>, _ now: Instant) {
    guard let attempt else { return }
    self.attempt = nil
    switch result {
    case .success(let report):
      (failure, failures, nextRetry) = (nil, 0, nil)
      published = mayGoOn ? report.published : nil
      nextCheck = now + random.spread(publication.check)
      if report.isWritten {
        nextWrite = now + max(publication.pause, publication.limits.interval)
      } else if report.changes.isEmpty {
        note(.unchanged)
      }
      if report.isWritten || attempt.isForced || nextRefresh == nil,
        let refresh = publication.refresh
      {
        nextRefresh = now + random.spread(refresh)
      }
    case .failure(let error):
      published = nil
      // Interrupted because `when` went down: no failure.
      guard mayGoOn else { return }
      failure = error
      failures += 1
      nextRetry = now + wait(after: error)
      // It may have been written in part.
      if attempt.mayWrite, publication.pause > .zero { nextWrite = now + publication.pause }
    }
  }

  private mutating func wait(after error: ProviderError) -> Duration {
    var wait = publication.retry
    for _ in 1..<min(failures, 16) where wait < Self.longestWait { wait *= 2 }
    wait = random.spread(min(wait, Self.longestWait))
    if error.isPermanent { wait = max(wait, random.spread(Self.permanentWait)) }
    // A provider may want more, within reason.
    return max(wait, min(error.retryAfter ?? .zero, Self.longestRetryAfter))
  }

  private static let firstPatience = Duration.seconds(15)
  private static let longestWait = Duration.seconds(300)
  private static let permanentWait = Duration.seconds(60)
  private static let longestRetryAfter = Duration.seconds(86_400)

  /// When the next attempt follows the last failure.
  public var retry: Instant? { failure == nil ? nil : nextRetry }
}

extension Publication {
  /// Whether no value is wanted, and the last records stay.
  func keepsLast(_ values: [RecordType: [RecordValue]]) -> Bool {
    empty != .remove && values.values.allSatisfy(\.isEmpty)
  }
}

/// Keeps a live gateway's address for a while when a question for it has no answer: one failed question
/// is no reason to remove a record.
private struct ReadingHold: Sendable {
  private var kept: [Signal: (reading: SignalReading, until: Instant?)] = [:]

  private static let patience = Duration.seconds(60)

  /// When the next one ends.
  private(set) var next: Instant?

  mutating func held(
    _ readings: [Signal: SignalReading], of publication: Publication,
    given signals: [Signal: Signal.State], _ now: Instant
  ) -> [Signal: SignalReading] {
    var held: [Signal: SignalReading] = [:]
    var before = kept
    kept = [:]
    for member in publication.members {
      let isAlive = member.state(given: signals) == .up
      for signal in member.readSignals {
        var reading = readings[signal] ?? SignalReading()
        let old = before.removeValue(forKey: signal)
        if reading.publicAddresses.isEmpty, isAlive, let old {
          let until = old.until ?? now + Self.patience
          guard now < until else { continue }
          reading.publicAddresses = old.reading.publicAddresses
          kept[signal] = (reading, until)
        } else if isAlive, !reading.publicAddresses.isEmpty {
          kept[signal] = (reading, nil)
        }
        if !reading.isEmpty { held[signal] = reading }
      }
    }
    next = kept.values.compactMap(\.until).min()
    return held
  }
}

/// SplitMix64: the same sequence for the same seed.
struct Randomness: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }

  /// Three quarters of it to all of it.
  mutating func spread(_ duration: Duration) -> Duration {
    .nanoseconds(
      Int64(Double(duration.wholeNanoseconds) * Double.random(in: 0.75...1, using: &self)))
  }
}
