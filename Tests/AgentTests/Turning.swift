import Glibc
import Model
import Netlink
import TestSupport

@testable import Agent

/// A daemon on the calling thread, turn by turn, in a network namespace of its own.
final class Turning {
  let daemon: Daemon
  let store: StatusStore
  let inbox: Inbox
  let log = Lines()
  /// The state file's path.
  let path: String
  let runDirectory: String

  /// `path` is relative to a temporary directory; `setup` holds command lines.
  static func with(
    _ file: String?, at path: String = "state.json", setup: [String] = [],
    inputs: [any Input] = [LinkInput()], outputs: [any Output] = [],
    _ body: (Turning) throws -> Void
  ) throws {
    let namespace = try Namespace.make()
    try TemporaryDirectory.with { directory in
      try namespace.run {
        for line in ["ip link set lo up"] + setup { try sh(line) }
        if let file { try writeFile("\(directory)/\(path)", file) }
        try body(Turning(directory, path, inputs, outputs))
      }
    }
  }

  private init(
    _ directory: String, _ path: String, _ inputs: [any Input], _ outputs: [any Output]
  ) throws {
    self.path = "\(directory)/\(path)"
    runDirectory = directory + "/run"
    store = StatusStore(path: self.path, inputs: inputs, outputs: outputs)
    inbox = try Inbox()
    var options = Daemon.Options()
    options.resync = .seconds(3600)
    options.poll = .milliseconds(10)
    daemon = try Daemon(
      self.path, options, reconciler: Reconciler(runDirectory: runDirectory), inbox: inbox,
      store: store, log: Log(sink: log.add))
  }

  /// The number of passes so far.
  var passes: Int { value("vpngw_passes_total") }

  func value(_ metric: String) -> Int {
    store.metrics.text.split(separator: "\n").reduce(0) { sum, line in
      let words = line.split(separator: " ")
      let isIt = words[0].split(separator: "{")[0] == metric
      return sum + (isIt ? Int(words[1]) ?? 0 : 0)
    }
  }

  /// Turns until the fact holds; false if it doesn't within half a minute.
  func turn(until fact: () throws -> Bool) rethrows -> Bool {
    let end = time(nil) + 30
    while try !fact() {
      if time(nil) > end { return false }
      _ = daemon.turn()
    }
    return true
  }

  /// Turns until there has been no pass for a while.
  func converge() {
    var (quiet, before) = (0, passes)
    while quiet < 30 {
      _ = daemon.turn()
      quiet = passes == before ? quiet + 1 : 0
      before = passes
    }
  }

  /// Reads the file for the first time, and makes passes until there is nothing to do.
  func start() {
    daemon.readFile()
    converge()
  }
}
