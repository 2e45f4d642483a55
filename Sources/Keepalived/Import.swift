public import JSON
internal import Model

/// A keepalived configuration as a state file, with notes on what is missing from it.
public struct Import {
  public let tree: Tree
  /// In the order of the configuration.
  public let notes: [Note]

  /// The passwords that the state file names by their files.
  public let secrets: [Secret]

  public struct Secret: Hashable, Sendable {
    public let path: String
    public let text: String
  }

  /// Nil if the file can't be read. Lines for `@NAME` count if `id` is that name. Passwords are
  /// named as files in the directory `secretsIn`.
  public init?(
    _ path: String, id: String? = nil, secretsIn directory: String = "/etc/vpn-gateway",
    files: any Files
  ) {
    var reader = LineReader(id: id, files: files)
    guard reader.read(path) else { return nil }
    var parser = StatementParser()
    let statements = parser.parse(reader.lines)
    var draft = Draft(files: files, secretsIn: directory)
    draft.add(statements)
    tree = draft.tree
    secrets = draft.secrets
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

  // Of VRRP, see Draft+VRRP.swift.
  let secretsDirectory: String
  var defaults = VRRPDefaults()
  var network = Network()
  var routers: [(String, Tree)] = []
  var secrets: [Import.Secret] = []
  /// The signals' names by those of the instances.
  var instanceNames: [String: String] = [:]
  var addedInstances: Set<String> = []
  /// Link, id and family of the instances so far.
  var identities: Set<String> = []
  /// The groups by the names of their instances.
  var syncGroups: [String: SyncGroup] = [:]
  var definitions: [Tracker.ID: Statement] = [:]
  /// Nil inside: it can't be tracked, which has been noted.
  var trackers: [Tracker.ID: Tracker?] = [:]
  var hasNotedReversePath = false

  init(files: any Files, secretsIn directory: String) {
    self.files = files
    secretsDirectory = directory
  }

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
    gatherVRRP(statements)
    for statement in statements {
      switch statement.keyword {
      case "virtual_server": addVirtualServer(statement)
      case "virtual_server_group":
        if statement.value == nil { note(statement.location, "a group without a name") }
      case "global_defs": addGlobal(statement.statements)
      default: if !addVRRP(statement) { leave(statement) }
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
      default: leaveGlobal(statement)
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
    func add(_ key: String, _ trees: [Tree]) {
      if !trees.isEmpty { sections.append((key, .array(trees))) }
    }
    if !network.sysctls.isEmpty { sections.append(("sysctls", .object(network.sysctls))) }
    add("links", network.linkTrees)
    add("addresses", network.addresses)
    add("routes", network.routes)
    add("rules", network.rules)
    if !timeouts.isEmpty { sections.append(("ipvs", ["timeouts": .object(timeouts)])) }
    if !routers.isEmpty { sections.append(("vrrp", .object(routers))) }
    if !probes.isEmpty { sections.append(("probes", .object(probes))) }
    if !services.isEmpty {
      sections.append(("services", .object(services.map { ($0.name, $0.tree) })))
    }
    return .object(sections)
  }
}
