import Events
internal import Health
import Model
import Synchronization

/// Logs what isn't as one might expect about a probe that doesn't fail, once while it lasts.
final class ProbeNotes: Sendable {
  private struct Logged {
    var notes: [String]
    var at: Instant
  }

  /// How long a probe is silent after a log line: whoever is asked decides what there is to note.
  private static let pause = Duration.seconds(60)

  private let logged = Mutex<[Signal: Logged]>([:])
  private let log: Log

  init(_ log: Log) { self.log = log }

  func say(_ signal: Signal, _ notes: [String]) {
    for note in news(of: signal, notes, .now) {
      log.warning(
        "note", ["object": signal, "reason": note.visible(limit: Status.longestReason)])
    }
  }

  /// The notes of a probe that are to be logged now.
  func news(of signal: Signal, _ notes: [String], _ now: Instant) -> [String] {
    logged.withLock { logged in
      let before = logged[signal]
      if notes.isEmpty, before == nil { return [] }
      if let before, notes == before.notes { return [] }
      if let before, now - before.at < Self.pause {
        // A note that is over may return, and is logged again then.
        logged[signal]?.notes.removeAll { !notes.contains($0) }
        return []
      }
      logged[signal] = Logged(notes: notes, at: now)
      return notes.filter { before?.notes.contains($0) != true }
    }
  }
}
