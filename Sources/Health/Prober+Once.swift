import Events
public import Model
public import NIOCore

extension Prober {
  /// What one attempt says about a probe.
  public struct AttemptResult: Sendable {
    /// Unknown if we couldn't ask.
    public var state: Signal.State
    /// Why it isn't up.
    public var reason: String?
    /// What isn't as one might expect, though it is up.
    public var notes: [String] = []
    public var reading = SignalReading()
  }

  /// Makes one attempt of every probe: a success means up, a failure down, with its reason.
  ///
  /// Blocks the calling thread, which must not belong to the group.
  public static func once(
    _ probes: [Probe], group: any EventLoopGroup, allowsExec: Bool
  ) throws -> [Signal: AttemptResult] {
    let attempts = try attempts(of: probes, group: group, allowsExec: allowsExec)
    var results: [Signal: AttemptResult] = [:]
    for (number, probe) in probes.enumerated() {
      results[probe.signal] =
        switch attempts.outcomes[number] {
        case .good(let finding):
          AttemptResult(finding, attempts.learnt[number])
        case .bad(let reason): AttemptResult(state: .down, reason: reason)
        case .unasked(let reason): AttemptResult(state: .unknown, reason: reason)
        }
    }
    return results
  }

  /// In the order of the probes.
  static func outcomes(
    of probes: [Probe], group: any EventLoopGroup, allowsExec: Bool
  ) throws -> [Outcome] {
    try attempts(of: probes, group: group, allowsExec: allowsExec).outcomes
  }

  private static func attempts(
    of probes: [Probe], group: any EventLoopGroup, allowsExec: Bool
  ) throws -> Attempts {
    let poller = Poller(try Mailbox())
    let attempts = Attempts(probes, poller, SharedResources(allowsExec: allowsExec, group.next()))
    // Killed commands are waited for too.
    poller.run { attempts.ended == probes.count && !poller.hasTimers }
    return attempts
  }
}

extension Prober.AttemptResult {
  fileprivate init(_ finding: Finding, _ learnt: AddressAsker.Learnt) {
    self.init(
      state: .up,
      notes: finding.notes + (finding.portNote.map { [$0] } ?? []) + learnt.notes,
      reading: SignalReading(
        publicAddresses: learnt.addresses(besides: finding.publicAddress),
        forwardedPorts: finding.forwardedPorts))
  }
}

/// One attempt of each of many probes, a limited number at a time, since each takes descriptors.
private final class Attempts {
  private let probes: [Probe]
  private let poller: Poller
  private let resources: SharedResources
  private(set) var outcomes: [Outcome]
  private(set) var learnt: [AddressAsker.Learnt]
  private(set) var ended = 0
  private var started = 0

  init(_ probes: [Probe], _ poller: Poller, _ resources: SharedResources) {
    self.probes = probes
    self.poller = poller
    self.resources = resources
    outcomes = probes.map { _ in .bad("not tried") }
    learnt = probes.map { _ in AddressAsker.Learnt() }
    for _ in 0..<min(64, probes.count) { startNext() }
  }

  private func startNext() {
    guard started < probes.count else { return }
    let (number, probe) = (started, probes[started])
    started += 1
    AddressAsker.once(probe, poller, resources) { learnt in
      self.learnt[number] = learnt
      self.try(probe, number)
    }
  }

  private func `try`(_ probe: Probe, _ number: Int) {
    let attempt = ProbeAttempt(poller, origin: ProbeOrigin(probe), timeout: probe.timeout) {
      outcome in
      self.outcomes[number] = outcome
      self.ended += 1
      // Not while this one is ending: a thousand that fail at once would nest in each other.
      _ = self.poller.at(.now) { self.startNext() }
    }
    attempt.knowsAddress = !learnt[number].addresses.isEmpty
    attempt.addressNote = learnt[number].notes.first
    attempt.asksAddress = !probe.statesIPv4Address
    attempt.ask(probe.question, resources)
  }
}
