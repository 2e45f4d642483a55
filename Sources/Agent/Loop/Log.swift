/// One line an event on standard error: `level=info event=step verb=create object="rule 1000"`.
///
/// Without a time, which whoever keeps the log adds (`kubectl logs --timestamps`), so that the same
/// run logs the same lines.
struct Log: Sendable {
  enum Level: String, Sendable, CaseIterable, Comparable {
    case debug, info, warning, error

    static func < (a: Level, b: Level) -> Bool {
      allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)!
    }
  }

  var least: Level = .info

  func debug(_ event: String, _ fields: KeyValuePairs<String, Any?> = [:]) {
    write(.debug, event, fields)
  }
  func info(_ event: String, _ fields: KeyValuePairs<String, Any?> = [:]) {
    write(.info, event, fields)
  }
  func warning(_ event: String, _ fields: KeyValuePairs<String, Any?> = [:]) {
    write(.warning, event, fields)
  }
  func error(_ event: String, _ fields: KeyValuePairs<String, Any?> = [:]) {
    write(.error, event, fields)
  }

  private func write(_ level: Level, _ event: String, _ fields: KeyValuePairs<String, Any?>) {
    guard level >= least else { return }
    Console.complain(Self.line(level, event, fields))
  }

  static func line(
    _ level: Level, _ event: String, _ fields: KeyValuePairs<String, Any?>
  ) -> String {
    var line = "level=\(level.rawValue) event=\(event)"
    for (key, value) in fields {
      if let value { line += " \(key)=\(quoted("\(value)"))" }
    }
    return line + "\n"
  }

  /// As it is where it is one word, else between quotation marks, with what would end the line or
  /// the value escaped.
  private static func quoted(_ text: String) -> String {
    let isPlain =
      !text.isEmpty
      && text.unicodeScalars.allSatisfy {
        $0.value > 0x20 && $0.value < 0x7f && $0 != "\"" && $0 != "="
      }
    if isPlain { return text }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case _
      where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
        || scalar == "\u{2028}" || scalar == "\u{2029}":
        quoted += "\\u{\(String(scalar.value, radix: 16))}"
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
