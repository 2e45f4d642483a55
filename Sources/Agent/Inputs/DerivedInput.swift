import JSON
import Model
import Synchronization

/// Why signals that follow from others are down: which of those are. The loop derives them.
final class DerivedInput: Input {
  private struct Content {
    var derived: [Signal: Derivation] = [:]
    var states: [Signal: Signal.State] = [:]
  }

  private let content = Mutex(Content())

  func update(_ desired: DesiredState) { content.withLock { $0.derived = desired.derived } }

  func heed(_ states: [Signal: Signal.State]) {
    content.withLock { if !$0.derived.isEmpty { $0.states = states } }
  }

  func reason(for signal: Signal) -> String? {
    content.withLock { $0.derived[signal]?.reason(given: $0.states) }
  }

  func status(given states: [Signal: Signal.State]) -> InputStatus {
    var status = InputStatus()
    for (signal, derivation) in content.withLock({ $0.derived }) where states[signal] != .up {
      status.words[signal] = derivation.reason(given: states).map { [("reason", .string($0))] }
    }
    return status
  }
}

extension Derivation {
  /// `probe.gw0.tunnel is down`.
  func reason(given states: [Signal: Signal.State]) -> String? {
    let few = 3
    for state in [Signal.State.down, .unknown] {
      let names = signals.filter { states[$0] ?? .unknown == state }.sorted().map(\.description)
      if names.isEmpty { continue }
      return names.prefix(few).joined(separator: ", ")
        + (names.count > few
          ? " and \(names.count - few) more are " : names.count > 1 ? " are " : " is ")
        + (state == .down ? "down" : "not known yet")
    }
    return nil
  }
}
