import Model
import Plan

/// Counts what is done to each object within a minute, so that the log can name who fights whom, and
/// isn't drowned by it.
struct Repairs {
  static let window = Duration.seconds(60)

  /// So often the same change of an object is said within the window; then once a window.
  let few: Int
  /// So many lines are said within a window, of all objects.
  let most: Int

  private struct Entry {
    var times: [Cadence.Instant] = []
    var said: Cadence.Instant?
  }

  private struct Key: Hashable {
    let id: ObjectID
    let change: String
  }

  private var entries: [Key: Entry] = [:]
  private var times: [ObjectID: [Cadence.Instant]] = [:]
  private var start: Cadence.Instant?
  private var lines = 0
  private var left: [ObjectID: Int] = [:]

  init(few: Int = 10, most: Int = 600) {
    self.few = few
    self.most = most
  }

  /// Notes what was done to an object; returns how often something was within the window, and whether
  /// it is to be said.
  mutating func note(
    _ id: ObjectID, as change: String = "", _ now: Cadence.Instant
  ) -> (times: Int, isSaid: Bool) {
    if entries.count > 10_000 {
      entries = entries.filter { $0.value.times.last! + Self.window > now }
      times = times.filter { $0.value.last! + Self.window > now }
    }
    let recent = Self.recent(times[id], now)
    times[id] = recent
    if start.map({ $0 + Self.window <= now }) ?? true, left.isEmpty { (start, lines) = (now, 0) }
    let key = Key(id: id, change: change)
    var entry = entries[key] ?? Entry()
    entry.times = Self.recent(entry.times, now)
    let isDue = entry.times.count <= few || entry.said.map { $0 + Self.window <= now } ?? true
    let isSaid = isDue && lines < most
    if isSaid {
      entry.said = now
      lines += 1
    } else if isDue {
      left[id, default: 0] += 1
    }
    entries[key] = entry
    return (recent.count, isSaid)
  }

  private static func recent(
    _ times: [Cadence.Instant]?, _ now: Cadence.Instant
  ) -> [Cadence.Instant] {
    (times ?? []).filter { $0 + window > now }.suffix(999) + [now]
  }

  /// At the end of a window in which not all was said: of how many objects, how often.
  mutating func unsaid(_ now: Cadence.Instant) -> (objects: Int, times: Int)? {
    guard !left.isEmpty, let start, start + Self.window <= now else { return nil }
    defer { (self.start, lines, left) = (nil, 0, [:]) }
    return (left.count, left.values.reduce(0, +))
  }
}

/// Counts what happens, to be said once a minute.
struct Tally {
  private var count = 0
  private var said: Cadence.Instant?

  /// How often since it was last said, where that is a minute ago.
  mutating func note(_ times: Int, _ now: Cadence.Instant) -> Int? {
    count += times
    if let said, said + Repairs.window > now { return nil }
    defer { (count, said) = (0, now) }
    return count
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
