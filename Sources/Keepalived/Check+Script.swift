internal import JSON
internal import Model

extension Draft {
  mutating func script(
    _ check: Statement, _ statements: [Statement], _ timing: Timing
  ) -> Check? {
    var timing = timing
    // A script without a timeout has the interval as its timeout.
    timing.timeout = timing.interval
    var command: [String] = []
    for statement in statements {
      switch statement.keyword {
      case "misc_path":
        command = words(of: statement)
      case "misc_timeout":
        timing.timeout = statement.value.flatMap(Duration.init(seconds:)) ?? timing.timeout
      case "misc_dynamic": leave(statement, "an exit status of 0 is up, any other is down")
      default: leave(statement)
      }
    }
    guard let program = program(command.first ?? "", check.location, of: "MISC_CHECK"),
      command.allSatisfy({ $0.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f } })
    else {
      note(check.location, "MISC_CHECK: nothing is asked")
      return nil
    }
    command[0] = program
    timing.timeout = max(timing.timeout, .milliseconds(10))
    var script = Check(
      members: [("type", "exec"), ("command", .array(command.map(Tree.string)))]
        + timing.members(retries: 0))
    script.asksAddress = false
    return script
  }

  /// Looks a name without a slash up in PATH, as keepalived does when it starts.
  mutating func program(_ name: String, _ location: Location, of what: String) -> String? {
    if name.hasPrefix("/") { return name }
    if name.isEmpty {
      note(location, "\(what) without a program")
      return nil
    }
    if name.contains("/") {
      note(location, "\(shown(name)) depends on where keepalived was started")
      return nil
    }
    guard let path = files.program(called: name), path.hasPrefix("/") else {
      note(location, "\(shown(name)) isn't in PATH here")
      return nil
    }
    note(location, "\(shown(name)) is \(path), by PATH of this machine")
    return path
  }
}
