import Model

/// When a probe's attempts start, and what their outcomes mean for its signal.
///
/// Attempt k is due k intervals after the start of the first one: a late attempt delays no other.
struct ProbeMachine {
  private(set) var probe: Probe
  private(set) var state = Signal.State.unknown
  private(set) var reading = Reading()
  /// The start of attempt 0.
  private var first: Instant
  private var number = 0
  private var started: Instant
  private var successes = 0
  /// What the gateway itself says; only for `gluetun` probes.
  private var stated: IPAddress?
  /// What the probe's sources say.
  private var learnt = AddressAsker.Learnt()

  /// `random`, from 0 to 1, is the part of the jitter that the first attempt waits.
  init(_ probe: Probe, _ now: Instant, random: Double) {
    self.probe = probe
    first = now + (probe.jitter ?? probe.interval) * random
    started = now
  }

  /// When the next attempt is due.
  var next: Instant {
    first + .nanoseconds(probe.interval.wholeNanoseconds * Int64(number))
  }

  /// Asks the same question at other times from now on, and keeps the results so far.
  mutating func reschedule(_ probe: Probe, _ now: Instant, random: Double) {
    let next = ProbeMachine(probe, now, random: random)
    (self.probe, first, number) = (probe, next.first, 0)
  }

  /// The forwarded port says nothing about health and seldom changes except with the tunnel: unless
  /// something follows it, it is asked for until the signal is up, and every tenth time after that.
  var asksPort: Bool { probe.readsAlways || state != .up || reading.succeeded % 10 == 0 }

  mutating func start(_ now: Instant) {
    let lateness = max(now - next, .zero)
    let missed = Int(lateness / probe.interval)
    reading.lateness = lateness
    reading.maxLateness = max(reading.maxLateness, lateness)
    reading.skipped += missed
    number += missed + 1
    started = now
  }

  /// Takes an attempt's outcome; returns the state if it has changed.
  mutating func end(_ outcome: Outcome, _ now: Instant) -> Signal.State? {
    let before = state
    reading.lastDuration = now - started
    reading.obstacle = nil
    if case .unasked = outcome {
      reading.consecutiveUnasked += 1
    } else {
      reading.consecutiveUnasked = 0
    }
    reading.isDoubtful = reading.consecutiveUnasked >= probe.fall
    switch outcome {
    case .good(let finding):
      successes += 1
      reading.succeeded += 1
      reading.consecutiveFailures = 0
      stated = finding.publicAddress
      reading.answerNotes = finding.notes
      if finding.isPortAsked {
        // Without an answer the ports stay as they were last known.
        reading.forwardedPorts = finding.forwardedPorts ?? reading.forwardedPorts
        reading.portNote = finding.portNote
      }
      if successes >= probe.rise { state = .up }
    case .unasked(let reason):
      // Neither success nor failure: the state so far stays.
      reading.unasked += 1
      reading.obstacle = reason.isEmpty ? nil : reason
      return nil
    case .bad(let reason):
      successes = 0
      reading.failed += 1
      reading.consecutiveFailures += 1
      reading.lastFailure = reason
      if reading.consecutiveFailures >= probe.fall {
        state = .down
        // The address and ports before a gateway went down say nothing about the one that comes
        // back.
        stated = nil
        reading.forwardedPorts = nil
        reading.answerNotes = []
        reading.portNote = nil
      }
    }
    setAddresses()
    return state == before ? nil : state
  }

  /// Takes what the probe's sources say.
  mutating func learn(_ learnt: AddressAsker.Learnt) {
    self.learnt = learnt
    reading.addressNotes = learnt.notes
    setAddresses()
  }

  private mutating func setAddresses() {
    reading.publicAddresses = learnt.addresses(besides: stated)
  }
}

/// The outcome of an attempt.
enum Outcome: Hashable, Sendable {
  case good(Finding)
  /// It failed, for this reason.
  case bad(String)
  /// We couldn't ask, for this reason; it says nothing about whoever was to be asked. Without a
  /// reason there is nothing to say yet.
  case unasked(String)
}

/// What a successful attempt has learned.
struct Finding: Hashable, Sendable {
  /// Whether it learned anything about the forwarded port.
  var isPortAsked = true
  var publicAddress: IPAddress?
  /// Nil: no answer told them.
  var forwardedPorts: [UInt16]?
  /// What isn't as one might expect, though the answer is a success.
  var notes: [String] = []
  /// The same, about the forwarded port.
  var portNote: String?
}

extension Duration {
  /// How many times `other` fits into it.
  fileprivate static func / (duration: Duration, other: Duration) -> Int64 {
    duration.wholeNanoseconds / other.wholeNanoseconds
  }
}
