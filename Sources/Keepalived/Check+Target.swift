internal import JSON
internal import Model

/// Whom a check asks, from where, and how often.
struct Target {
  var timing: Timing
  /// Nil: the real server's own.
  var address: IPAddress?
  /// Nil: the real server's own.
  var port: UInt16?
  var source: IPAddress?
  var mark: UInt32?

  private var connection: [(String, Tree)] {
    (source.map { [("source", .string($0.description))] } ?? [])
      + (mark.map { [("mark", .string("\(Mark($0))"))] } ?? [])
  }

  func check(_ type: Tree, _ members: [(String, Tree)], retries: Int = 1) -> Check {
    let port: [(String, Tree)] = port.map { [("port", .integer(Int($0)))] } ?? []
    var check = Check(
      members: [("type", type)] + port + members + connection
        + timing.members(retries: retries))
    check.address = address
    check.lacksPort = self.port == nil
    return check
  }

  var ping: Check {
    var check = Check(
      members: [("type", "icmp")] + connection + timing.members(retries: 1))
    check.address = address
    return check
  }
}

extension Draft {
  /// Whether the statement belongs to the target.
  mutating func take(_ statement: Statement, _ target: inout Target) -> Bool {
    if target.timing.take(statement) { return true }
    switch statement.keyword {
    case "connect_ip":
      target.address = statement.value.flatMap { single($0, statement.location) }
      if target.address == nil {
        note(statement.location, "not an address: \(shown(statement.value ?? ""))")
      }
    case "connect_port":
      target.port = statement.value.flatMap { UInt16($0) }.flatMap { $0 == 0 ? nil : $0 }
    case "bindto":
      target.source = statement.value.flatMap { single($0, statement.location) }
      if target.source == nil {
        note(statement.location, "not an address: \(shown(statement.value ?? ""))")
      }
    case "bind_if": leave(statement, "a probe's \"link\" must be declared in \"links\" first")
    case "fwmark":
      target.mark = statement.value.flatMap { UInt32($0) }.flatMap { $0 == 0 ? nil : $0 }
    case "bind_port", "log_all_failures": leave(statement)
    default: return false
    }
    return true
  }

  /// keepalived ignores a source of another family than the address that is asked.
  mutating func dropForeignSource(
    _ target: inout Target, of real: RealServer, _ statement: Statement
  ) {
    let asked = target.address ?? real.address
    if let source = target.source, source.family != asked.family {
      note(
        statement.location,
        "\(statement.keyword): bindto \(source) is of another family than \(asked): left out")
      target.source = nil
    }
  }

  /// SMTP_CHECK asks the real server, each of its `host` blocks, or all of them; a single `host`
  /// block replaces the real server (`smtp_check_end_handler` in check_smtp.c).
  mutating func greetings(
    _ statement: Statement, _ own: [Statement], _ target: Target, of real: RealServer
  ) -> [Check] {
    var targets: [Target] = []
    for inner in own {
      guard inner.keyword == "host" else {
        leave(inner, "the server's greeting is what is waited for")
        continue
      }
      var host = Target(timing: target.timing)
      host.timing.timeout = real.timing.timeout
      for inner in inner.statements where !take(inner, &host) { leave(inner) }
      dropForeignSource(&host, of: real, inner)
      targets.append(host)
    }
    let asksItself =
      targets.isEmpty
      || statement.statements.contains {
        [
          "connect_ip", "connect_port", "bindto", "bind_port", "bind_if", "fwmark",
          "connect_timeout",
        ]
        .contains($0.keyword)
      }
    var checks: [Check] = []
    for target in (asksItself ? [target] : []) + targets
    where isAskable(target, of: real, statement) {
      checks.append(target.check("tcp", [("expect", "220")]))
    }
    return checks
  }

  /// A link-local address needs a link, which the state file would have to name.
  mutating func isAskable(
    _ target: Target, of real: RealServer, _ statement: Statement
  ) -> Bool {
    let asked = target.address ?? real.address
    guard asked.isLinkLocal, asked.family == .inet6 else { return true }
    note(statement.location, "\(statement.keyword): \(asked) is an address of some link: not asked")
    return false
  }
}
