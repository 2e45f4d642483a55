import Events
import Model
import Plan
import Synchronization

/// Where the loop writes what it knows, and the HTTP server reads it.
final class StatusStore: Sendable {
  private struct Content {
    var status: Status
    var metrics = Metrics(loop: ())
  }

  private let content: Mutex<Content>
  let inputs: [any Input]
  let outputs: [any Output]
  private let observers: [any BlueprintObserver]
  let addressFilter = AddressFilter()

  init(
    path: String, inputs: [any Input] = [], outputs: [any Output] = [],
    observers: [any BlueprintObserver] = []
  ) {
    content = Mutex(Content(status: Status(path: path)))
    self.inputs = inputs
    self.outputs = outputs
    self.observers = observers
  }

  var status: Status { content.withLock { $0.status } }
  /// What the loop itself knows.
  var loop: (metrics: Metrics, status: Status) { content.withLock { ($0.metrics, $0.status) } }

  func update(_ body: (inout Status) -> Void) { content.withLock { body(&$0.status) } }

  func count(_ counter: Counter, _ labels: Metrics.Labels = [], by amount: Int = 1) {
    content.withLock { $0.metrics.add(counter, labels, Double(amount)) }
  }

  func count(_ counter: Counter, kind: Kind) {
    count(counter, [Metrics.Label("kind", kind.name)])
  }

  func count(_ step: Step, _ result: String) {
    count(
      .steps,
      [
        Metrics.Label("kind", step.change.object.kind.name),
        Metrics.Label("verb", step.change.verb.rawValue), Metrics.Label("result", result),
      ])
  }

  /// A state file was taken.
  func declare(_ desired: DesiredState) {
    let subjects = desired.blueprints.reduce(into: [Signal: SignalSubject]()) { all, blueprint in
      all.merge(blueprint.subjects) { first, _ in first }
    }
    update { $0.subjects = subjects }
    for observer in observers { observer.update(desired) }
  }

  /// What a signal is about.
  func subject(of signal: Signal) -> SignalSubject? {
    content.withLock { $0.status.subjects[signal] }
  }

  /// Forgets the drops of blueprints that the file no longer has.
  func keepDrops(of sections: [String]) {
    content.withLock { $0.status.drops.removeAll { !sections.contains($0.section) } }
  }

  /// Takes the kernel's present counters of a blueprint, by name.
  func countDrops(
    _ counters: [String: UInt64], of reasons: [DropCounters.Reason], _ section: String
  ) {
    content.withLock { content in
      let found = content.status.drops.firstIndex { $0.section == section }
      if found == nil { content.status.drops.append(DropTotals(of: section)) }
      let index = found ?? content.status.drops.count - 1
      content.status.drops[index].read(counters, of: reasons, at: .now)
    }
  }

  func measure(_ histogram: Histogram, _ duration: Duration) {
    content.withLock { $0.metrics.observe(histogram, duration) }
  }

  func report(
    _ availabilities: [Availability], of blueprint: any Blueprint, _ pass: BlueprintPass
  ) {
    for observer in observers { observer.note(availabilities, of: blueprint, pass) }
  }

  /// A pass failed as a whole: nobody knows the kernel's state.
  func failed(_ reason: String) {
    content.withLock { content in
      content.status.isConverged = false
      content.status.failures = [Trouble(object: "last pass", reason: reason)]
    }
  }

  /// A pass is over.
  func report(
    _ outcome: Reconciler.Outcome, _ failures: [Trouble], _ notes: [Trouble],
    _ signals: [Status.SignalStatus]
  ) {
    content.withLock { content in
      content.status.isConverged = outcome.isComplete
      content.status.failures = failures
      content.status.notes = notes
      content.status.conflicts = outcome.conflicts.summary.map {
        Trouble(object: $0.object, reason: $0.reason)
      }
      content.status.signals = signals
      content.metrics.add(.passes)
    }
  }
}
