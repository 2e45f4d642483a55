import Synchronization

/// The lines of a log.
final class Lines: Sendable {
  private let lines = Mutex<[String]>([])
  private let hook = Mutex<(@Sendable (String) -> Void)?>(nil)

  var all: [String] { lines.withLock { $0 } }

  func add(_ line: String) {
    lines.withLock { $0.append(line) }
    hook.withLock { $0 }?(line)
  }

  /// Called with each line at the moment it is logged.
  func hook(_ body: @escaping @Sendable (String) -> Void) { hook.withLock { $0 = body } }

  func of(_ event: String) -> [String] { all.filter { $0.contains("event=\(event) ") } }
}
