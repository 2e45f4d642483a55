import Events
import Model

extension Daemon {
  /// Judges whether the machine does its work, as far as the file says what that takes. A signal
  /// whose state is old and can't be renewed counts as unknown.
  func judgeHealth(_ now: Instant) {
    let conditions = desiredState?.healthConditions ?? []
    guard !conditions.isEmpty else {
      if store.status.health != nil { store.update { $0.health = nil } }
      return
    }
    var states = liveSignals.states(now)
    var doubts: [Signal: String] = [:]
    for signal in Set(conditions.flatMap(\.signals)) {
      guard let doubt = inputs.doubt(about: signal) else { continue }
      doubts[signal] = doubt
      states[signal] = .unknown
    }
    let bad = conditions.filter { $0.state(given: states) != .up }
    let missing = Set(bad.flatMap(\.signals)).sorted().filter { states[$0] ?? .unknown != .up }
    let health = Status.Health(
      isGood: bad.isEmpty,
      reasons: missing.map { signal in
        reason(for: signal, states[signal] ?? .unknown, doubts[signal])
      })
    let before = store.status.health
    if health == before { return }
    store.update { $0.health = health }
    guard before?.isGood != health.isGood else { return }
    if health.isGood {
      log.info("health", ["state": "good"])
    } else {
      log.warning("health", ["state": "bad", "reason": health.reason])
    }
  }

  private func reason(for signal: Signal, _ state: Signal.State, _ doubt: String?) -> String {
    if let doubt {
      return "\(signal) could not be asked: \(doubt.visible(limit: Status.longestReason))"
    }
    guard state == .down else { return "\(signal) is not known yet" }
    let reason = inputs.reason(for: signal)?.visible(limit: Status.longestReason)
    return "\(signal) is down" + (reason.map { ": \($0)" } ?? "")
  }
}
