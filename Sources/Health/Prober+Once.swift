public import Model
public import NIOCore

extension Prober {
  /// Tries every probe once: one success is up, one failure down, with its reason.
  ///
  /// Not to be called on an event loop's thread of the group.
  public static func once(
    _ probes: [Probe], group: any EventLoopGroup, allowsExec: Bool
  ) -> [Signal: (state: Signal.State, reason: String?)] {
    let outcomes = outcomes(of: probes, group: group, allowsExec: allowsExec)
    var said: [Signal: (state: Signal.State, reason: String?)] = [:]
    for (probe, outcome) in zip(probes, outcomes) {
      switch outcome {
      case .good: said[probe.signal] = (.up, nil)
      case .bad(let reason): said[probe.signal] = (.down, reason)
      }
    }
    return said
  }

  /// In the order of the probes.
  static func outcomes(
    of probes: [Probe], group: any EventLoopGroup, allowsExec: Bool
  ) -> [Outcome] {
    let loop = group.next()
    let futures = loop.flatSubmit {
      let tries = Tries(probes, loop, Means(allowsExec: allowsExec))
      return tries.promise.futureResult
    }
    // It fails only if the group is gone, and then nothing was asked.
    return (try? futures.wait()) ?? probes.map { _ in .bad("not tried") }
  }
}

/// One try of each of many probes, not all at once, since each takes descriptors.
private final class Tries {
  let promise: EventLoopPromise<[Outcome]>
  private let probes: [Probe]
  private let loop: any EventLoop
  private let means: Means
  private var outcomes: [Outcome]
  private var started = 0
  private var ended = 0

  init(_ probes: [Probe], _ loop: any EventLoop, _ means: Means) {
    self.probes = probes
    self.loop = loop
    self.means = means
    promise = loop.makePromise()
    outcomes = probes.map { _ in .bad("not tried") }
    if probes.isEmpty { promise.succeed([]) }
    for _ in 0..<min(64, probes.count) { startNext() }
  }

  private func startNext() {
    guard started < probes.count else { return }
    let (number, probe) = (started, probes[started])
    started += 1
    let attempt = Try(loop, origin: Origin(probe), timeout: probe.timeout) { outcome in
      self.outcomes[number] = outcome
      self.ended += 1
      if self.ended == self.probes.count { return self.promise.succeed(self.outcomes) }
      // Not from within this one's end: a thousand that fail at once would end in each other.
      self.loop.assumeIsolated().execute { self.startNext() }
    }
    attempt.ask(probe.question, means)
  }
}
