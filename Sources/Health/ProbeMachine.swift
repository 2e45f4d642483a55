import Model

/// When a probe's attempts start, and what their outcomes say of its signal.
///
/// Attempt k is due at the first one's start and k intervals: what makes one late moves no other.
struct ProbeMachine {
  private(set) var probe: Probe
  private(set) var state = Signal.State.unknown
  private(set) var reading = Reading()
  /// The start of attempt 0.
  private var first: Instant
  private var number = 0
  private var started: Instant
  private var successes = 0

  /// `random` is from 0 to 1, and says which part of the jitter the first attempt waits for.
  init(_ probe: Probe, _ now: Instant, random: Double) {
    self.probe = probe
    first = now + (probe.jitter ?? probe.interval) * random
    started = now
  }

  /// When the next attempt is due.
  var next: Instant {
    first + .nanoseconds(probe.interval.wholeNanoseconds * Int64(number))
  }

  /// The same question from now on at other times, with what its attempts have said.
  mutating func reschedule(_ probe: Probe, _ now: Instant, random: Double) {
    let next = ProbeMachine(probe, now, random: random)
    (self.probe, first, number) = (probe, next.first, 0)
  }

  /// The forwarded port says nothing of health, and seldom changes but with the tunnel: it is asked
  /// for until the signal is up, and now and then from there on.
  var asksPort: Bool { state != .up || reading.succeeded % 10 == 0 }

  mutating func start(_ now: Instant) {
    let lateness = max(now - next, .zero)
    let missed = Int(lateness / probe.interval)
    reading.lateness = lateness
    reading.maxLateness = max(reading.maxLateness, lateness)
    reading.skipped += missed
    number += missed + 1
    started = now
  }

  /// Takes what the attempt came to; returns the state if it is another one now.
  mutating func end(_ outcome: Outcome, _ now: Instant) -> Signal.State? {
    let before = state
    reading.lastDuration = now - started
    reading.obstacle = nil
    switch outcome {
    case .good(let finding):
      successes += 1
      reading.succeeded += 1
      reading.consecutiveFailures = 0
      reading.publicAddress = finding.publicAddress
      reading.answerNotes = finding.notes
      if finding.isPortAsked {
        reading.forwardedPorts = finding.forwardedPorts
        reading.portNote = finding.portNote
      }
      if successes >= probe.rise { state = .up }
    case .unasked(let reason):
      // Neither success nor failure: what was said until now goes on to hold.
      reading.unasked += 1
      reading.obstacle = reason
      return nil
    case .bad(let reason):
      successes = 0
      reading.failed += 1
      reading.consecutiveFailures += 1
      reading.lastFailure = reason
      if reading.consecutiveFailures >= probe.fall {
        state = .down
        // What a gateway had before it went down says nothing of the one that comes back.
        reading.publicAddress = nil
        reading.forwardedPorts = []
        reading.answerNotes = []
        reading.portNote = nil
      }
    }
    return state == before ? nil : state
  }
}

/// What an attempt comes to.
enum Outcome: Hashable, Sendable {
  case good(Finding)
  /// With the reason, for whoever is woken by it.
  case bad(String)
  /// We couldn't ask, for the reason: it says nothing of whoever was to be asked.
  case unasked(String)
}

/// What a good attempt has read.
struct Finding: Hashable, Sendable {
  /// Whether it says something of the forwarded port.
  var isPortAsked = true
  var publicAddress: IPAddress?
  var forwardedPorts: [UInt16] = []
  /// What isn't as one might think, though the answer is a good one.
  var notes: [String] = []
  /// The same, of the forwarded port.
  var portNote: String?
}

extension Duration {
  /// How many whole times `other` goes into it.
  fileprivate static func / (duration: Duration, other: Duration) -> Int64 {
    duration.wholeNanoseconds / other.wholeNanoseconds
  }
}
