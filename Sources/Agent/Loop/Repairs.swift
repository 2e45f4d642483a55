import Model
import Plan

/// Counts the changes of each object within a minute, so that the log can name who fights over it,
/// and isn't flooded.
struct Repairs {
  static let window = Duration.seconds(60)

  /// How often the same change of an object is logged within the window; after that, once a window.
  let few: Int
  /// How many lines are logged within a window, for all objects together.
  let most: Int

  private struct Entry {
    var times: [Instant] = []
    var said: Instant?
  }

  private struct Key: Hashable {
    let id: ObjectID
    let change: String
  }

  private var entries: [Key: Entry] = [:]
  private var times: [ObjectID: [Instant]] = [:]
  private var start: Instant?
  private var lines = 0
  private var left: [ObjectID: Int] = [:]

  init(few: Int = 10, most: Int = 600) {
    self.few = few
    self.most = most
  }

  /// Records a change of an object; returns how many changes there were within the window, and
  /// whether to log this one.
  mutating func note(
    _ id: ObjectID, as change: String = "", _ now: Instant
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
    _ times: [Instant]?, _ now: Instant
  ) -> [Instant] {
    (times ?? []).filter { $0 + window > now }.suffix(999) + [now]
  }

  /// At the end of a window in which not everything was logged: of how many objects, and how often.
  mutating func unsaid(_ now: Instant) -> (objects: Int, times: Int)? {
    guard !left.isEmpty, let start, start + Self.window <= now else { return nil }
    defer { (self.start, lines, left) = (nil, 0, [:]) }
    return (left.count, left.values.reduce(0, +))
  }
}

/// Counts events, to be logged once a minute.
struct Tally {
  private var count = 0
  private var said: Instant?

  /// How many there were since they were last logged; nil within a minute of that.
  mutating func note(_ times: Int, _ now: Instant) -> Int? {
    count += times
    if let said, said + Repairs.window > now { return nil }
    defer { (count, said) = (0, now) }
    return count
  }
}

extension Step {
  /// What somebody must have done to make this step necessary again.
  var interference: String {
    switch change.verb {
    case .create: "deleted"
    case .update, .replace: "changed"
    case .delete: "added"
    }
  }
}
