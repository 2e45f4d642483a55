import Events
public import Model
public import NIOCore

extension Prober {
  /// What one attempt says of a probe.
  public struct Said: Sendable {
    /// Unknown where it couldn't be asked.
    public var state: Signal.State
    /// Why it isn't up.
    public var reason: String?
    /// What isn't as one might think, though it is up.
    public var notes: [String] = []
  }

  /// Tries every probe once: one success is up, one failure down, with its reason.
  ///
  /// On the calling thread, which waits; not to be one of the group.
  public static func once(
    _ probes: [Probe], group: any EventLoopGroup, allowsExec: Bool
  ) throws -> [Signal: Said] {
    let outcomes = try outcomes(of: probes, group: group, allowsExec: allowsExec)
    var said: [Signal: Said] = [:]
    for (probe, outcome) in zip(probes, outcomes) {
      said[probe.signal] =
        switch outcome {
        case .good(let finding):
          Said(state: .up, notes: finding.notes + (finding.portNote.map { [$0] } ?? []))
        case .bad(let reason): Said(state: .down, reason: reason)
        case .unasked(let reason): Said(state: .unknown, reason: reason)
        }
    }
    return said
  }

  /// In the order of the probes.
  static func outcomes(
    of probes: [Probe], group: any EventLoopGroup, allowsExec: Bool
  ) throws -> [Outcome] {
    let poller = Poller(try Mailbox())
    let attempts = Attempts(probes, poller, Means(allowsExec: allowsExec, group.next()))
    // Commands that were killed are waited for as well.
    poller.run { attempts.ended == probes.count && !poller.hasTimers }
    return attempts.outcomes
  }
}

/// One attempt of each of many probes, not all at once, since each takes descriptors.
private final class Attempts {
  private let probes: [Probe]
  private let poller: Poller
  private let means: Means
  private(set) var outcomes: [Outcome]
  private(set) var ended = 0
  private var started = 0

  init(_ probes: [Probe], _ poller: Poller, _ means: Means) {
    self.probes = probes
    self.poller = poller
    self.means = means
    outcomes = probes.map { _ in .bad("not tried") }
    for _ in 0..<min(64, probes.count) { startNext() }
  }

  private func startNext() {
    guard started < probes.count else { return }
    let (number, probe) = (started, probes[started])
    started += 1
    let attempt = ProbeAttempt(poller, origin: ProbeOrigin(probe), timeout: probe.timeout) {
      outcome in
      self.outcomes[number] = outcome
      self.ended += 1
      // Not from within this one's end: a thousand that fail at once would end in each other.
      _ = self.poller.at(.now) { self.startNext() }
    }
    attempt.ask(probe.question, means)
  }
}
