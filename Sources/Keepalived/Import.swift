public import JSON
internal import Model

/// A keepalived configuration as a state file, with notes on what is missing from it.
public struct Import {
  public let tree: Tree
  /// In the order of the configuration.
  public let notes: [Note]

  /// Nil if the file can't be read. Lines for `@NAME` count if `id` is that name.
  public init?(_ path: String, id: String? = nil, files: any Files) {
    var reader = LineReader(id: id, files: files)
    guard reader.read(path) else { return nil }
    var parser = StatementParser()
    let statements = parser.parse(reader.lines)
    var draft = Draft(files: files)
    draft.add(statements)
    tree = draft.tree
    // Each of the three has its notes in order; their locations give the order among them.
    notes = reader.notes + parser.notes + draft.notes
  }
}

/// The state file as far as it has been made.
struct Draft {
  let files: any Files
  private(set) var notes: [Note] = []
  var services: [ServiceEntry] = []
  var probes: [(String, Tree)] = []
  /// Fronts that already have a virtual server.
  var taken: Set<IPVSService.Match> = []
  /// The positions of services by everything except their protocol.
  var places: [String: Int] = [:]
  var names: Set<String> = []
  var namedBeginnings: Set<String> = []
  var probeNames: Set<String> = []
  /// How many times each name was wanted.
  var repeats: [String: Int] = [:]
  private var timeouts: [(String, Tree)] = []
  private var groups: [String: [Statement]] = [:]

  init(files: any Files) { self.files = files }

  mutating func note(_ location: Location, _ message: String) {
    notes.append(Note(location: location, message: message))
  }

  /// Notes a statement that has no counterpart, by its keyword.
  mutating func leave(_ statement: Statement, _ reason: String = "") {
    note(
      statement.location,
      "\(shown(statement.keyword)) is not carried over" + (reason.isEmpty ? "" : ": \(reason)"))
  }

  mutating func add(_ statements: [Statement]) {
    // A group may follow the servers that name it.
    for statement in statements where statement.keyword == "virtual_server_group" {
      // Of two groups with one name keepalived takes the first.
      if let name = statement.value, groups[name] == nil { groups[name] = statement.statements }
    }
    for statement in statements {
      switch statement.keyword {
      case "virtual_server": addVirtualServer(statement)
      case "virtual_server_group":
        if statement.value == nil { note(statement.location, "a group without a name") }
      case "global_defs": addGlobal(statement.statements)
      case "vrrp_instance", "vrrp_sync_group":
        let name = statement.value.map { " \(shown($0))" } ?? ""
        note(
          statement.location,
          "\(statement.keyword)\(name) is not carried over: the state file has no section for VRRP yet"
        )
      default: leave(statement)
      }
    }
  }

  func group(_ name: String) -> [Statement]? { groups[name] }

  private mutating func addGlobal(_ statements: [Statement]) {
    for statement in statements {
      switch statement.keyword {
      case "lvs_timeouts": addTimeouts(statement)
      case "lvs_sync_daemon":
        leave(
          statement,
          "flows live through a failover without it; { \"ipvs\": { \"sync\": ... } } has it")
      case "lvs_flush", "lvs_flush_onstop", "lvs_flush_on_stop":
        leave(statement, "what others made is left alone, and what vpngw made goes when unstated")
      default: leave(statement)
      }
    }
  }

  private mutating func addTimeouts(_ statement: Statement) {
    let words = Array(statement.words.dropFirst())
    for index in stride(from: 0, to: words.count - 1, by: 2) {
      guard ["tcp", "tcpfin", "udp"].contains(words[index]),
        let seconds = Int(words[index + 1]), (1...24 * 86_400).contains(seconds)
      else {
        note(statement.location, "lvs_timeouts: not understood: \(shown(words[index]))")
        continue
      }
      timeouts.removeAll { $0.0 == words[index] }
      timeouts.append((words[index], .string(Duration.seconds(seconds).text)))
    }
  }

  var tree: Tree {
    var sections: [(String, Tree)] = [("version", 1)]
    if !timeouts.isEmpty { sections.append(("ipvs", ["timeouts": .object(timeouts)])) }
    if !probes.isEmpty { sections.append(("probes", .object(probes))) }
    if !services.isEmpty {
      sections.append(("services", .object(services.map { ($0.name, $0.tree) })))
    }
    return .object(sections)
  }
}
