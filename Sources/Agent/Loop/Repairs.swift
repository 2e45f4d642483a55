import Model
import Plan

/// Counts what others undo, so that the log can name who fights whom.
struct Repairs {
  static let window = Duration.seconds(60)

  private var times: [ObjectID: [Cadence.Instant]] = [:]

  /// Notes that an object was put right; returns how often that was within the window.
  mutating func note(_ id: ObjectID, _ now: Cadence.Instant) -> Int {
    if times.count > 10_000 { times = times.filter { $0.value.last! + Self.window > now } }
    let recent = (times[id] ?? []).filter { $0 + Self.window > now }.suffix(999) + [now]
    times[id] = Array(recent)
    return recent.count
  }
}

extension Step {
  /// What somebody must have done for this step to be needed again.
  var interference: String {
    switch change.verb {
    case .create: "deleted"
    case .update, .replace: "changed"
    case .delete: "added"
    }
  }
}
