internal import Glibc
import JSON
import Model

/// Logs one line for each event on standard error: `time=2026-07-01T03:12:45.120Z level=info
/// event=step verb=create object="rule 1000"`, or the same as a JSON object.
struct Log: Sendable {
  enum Level: String, Sendable, CaseIterable, Comparable {
    case debug, info, warning, error

    static func < (a: Level, b: Level) -> Bool {
      allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)!
    }
  }

  typealias Fields = KeyValuePairs<String, Any?>

  var least: Level = .info
  var isJSON = false
  /// Where lines go; tests replace it.
  var sink: @Sendable (String) -> Void = { Console.complain($0) }

  func debug(_ event: String, _ fields: Fields = [:]) { write(.debug, event, fields) }
  func info(_ event: String, _ fields: Fields = [:]) { write(.info, event, fields) }
  func warning(_ event: String, _ fields: Fields = [:]) { write(.warning, event, fields) }
  func error(_ event: String, _ fields: Fields = [:]) { write(.error, event, fields) }

  func write(_ level: Level, _ event: String, _ fields: Fields = [:]) {
    guard level >= least else { return }
    let time = WallClock.now.text
    sink(
      isJSON
        ? Self.object(time, level, event, fields)
        : "time=\(time) " + Self.line(level, event, fields))
  }

  static func line(_ level: Level, _ event: String, _ fields: Fields) -> String {
    var line = "level=\(level.rawValue) event=\(event)"
    for (key, value) in fields {
      if let value { line += " \(key)=\(quoted("\(value)"))" }
    }
    return line + "\n"
  }

  static func object(
    _ time: String, _ level: Level, _ event: String, _ fields: Fields
  ) -> String {
    let head: [(String, Tree)] = [
      ("time", .string(time)), ("level", .string(level.rawValue)), ("event", .string(event)),
    ]
    let members = fields.compactMap { key, value in value.map { (key, tree($0)) } }
    return Tree.object(head + members).compact + "\n"
  }

  private static func tree(_ value: Any) -> Tree {
    switch value {
    case let number as Int: .integer(number)
    case let flag as Bool: .bool(flag)
    default: .string("\(value)")
    }
  }

  /// The text itself if it is a single word; otherwise quoted, with everything escaped that would
  /// end the line or the value.
  private static func quoted(_ text: String) -> String {
    let isPlain =
      !text.isEmpty
      && text.unicodeScalars.allSatisfy {
        $0.value > 0x20 && $0.value < 0x7f && $0 != "\"" && $0 != "=" && $0 != "\\"
      }
    if isPlain { return text }
    let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return "\"\(escaped.visible)\""
  }
}

/// An instant on the machine's wall clock, for people to read; never compared with another.
struct WallClock: Sendable, Hashable {
  let seconds: Int
  let milliseconds: Int

  static var now: WallClock {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return WallClock(seconds: time.tv_sec, milliseconds: time.tv_nsec / 1_000_000)
  }

  /// `2026-07-01T03:12:45.120Z` (RFC 3339).
  var text: String {
    var (seconds, parts) = (seconds, tm())
    gmtime_r(&seconds, &parts)
    func digits(_ number: some BinaryInteger, _ count: Int) -> String {
      let text = "\(number)"
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    let date = [
      digits(parts.tm_year + 1900, 4), digits(parts.tm_mon + 1, 2), digits(parts.tm_mday, 2),
    ]
    let time = [digits(parts.tm_hour, 2), digits(parts.tm_min, 2), digits(parts.tm_sec, 2)]
    return date.joined(separator: "-") + "T" + time.joined(separator: ":")
      + ".\(digits(milliseconds, 3))Z"
  }
}
