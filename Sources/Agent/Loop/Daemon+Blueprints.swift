import Events
import Model
import Plan

extension Daemon {
  /// Reports what a pass, or a change of signals, meant for each blueprint.
  func reportBlueprints(
    _ wanted: NetworkState, _ outcome: Reconciler.Outcome, _ now: Instant
  ) {
    let duration = Instant.now - now
    let states = liveSignals.states(now)
    var availabilities: [Status.BlueprintAvailability] = []
    for blueprint in desiredState!.blueprints {
      let found = blueprint.availabilities(in: wanted, given: states)
      if found.isEmpty { continue }
      let hasFailed = outcome.failed.contains { blueprint.owns($0.step.change.object) }
      let hasChanged = outcome.done.contains { blueprint.owns($0.change.object) }
      let pass = BlueprintPass(
        isGood: hasFailed ? false : (hasChanged ? true : nil), duration: duration)
      store.report(found, of: blueprint, pass)
      availabilities += found.map(note)
    }
    if store.status.availabilities != availabilities {
      store.update { $0.availabilities = availabilities }
    }
  }

  /// Logs when a blueprint has no live member left, and when it has one again.
  private func note(_ availability: Availability) -> Status.BlueprintAvailability {
    let before = store.status.availabilities.first {
      $0.availability.name == availability.name && $0.availability.group == availability.group
    }?.closedSince
    if availability.isClosed, before == nil {
      log.error(
        availability.name,
        ["group": availability.group, "state": "closed", "reason": availability.reason])
    } else if let before, !availability.isClosed, !availability.leading.isEmpty {
      log.warning(
        availability.name,
        [
          "group": availability.group, "state": "open",
          "by": availability.leading.joined(separator: ","),
          "closed-since": before.text,
        ])
    }
    return Status.BlueprintAvailability(
      availability: availability, closedSince: availability.isClosed ? before ?? .now : nil)
  }
}
