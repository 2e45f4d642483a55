internal import JSON
internal import Model

/// A `vrrp_script`, `track_file` or `vrrp_track_process`: what instances track by its name.
struct Tracker {
  enum Kind: String, Hashable {
    case script, file, process

    /// The statements that define one.
    static let definitions: [String: Kind] = [
      "vrrp_script": .script, "vrrp_track_file": .file, "track_file": .file,
      "vrrp_track_process": .process, "track_process": .process,
    ]
  }

  struct ID: Hashable {
    let kind: Kind
    let name: String
  }

  /// The blocks of an instance or a group that name what is tracked.
  static let blocks: Set<String> = [
    "track_interface", "track_script", "track_file", "track_process",
  ]

  var condition: Tree
  var weight: Weight

  /// A weight of 0 is a fault.
  struct Weight {
    var number = 0
    /// `reverse`: what is up counts as down.
    var isReversed = false
  }
}

extension Draft {
  /// The conditions that the lines of a block `track_*` stand for.
  mutating func tracks(_ block: Statement, withoutWeights: Bool = false) -> [Tree] {
    block.statements.compactMap { line in
      guard let tracker = tracker(line, of: block.keyword) else { return nil }
      var weight = weight(line, tracker.weight)
      if withoutWeights, weight.number != 0 {
        note(
          line.location,
          "the weight of \(shown(line.keyword)) doesn't count in a sync group, in keepalived, too: "
            + "it is a fault")
        weight.number = 0
      }
      let condition: Tree = weight.isReversed ? ["not": tracker.condition] : tracker.condition
      if weight.number == 0 { return ["when": condition] }
      return [
        "when": condition,
        "weight": .integer(weight.isReversed ? -weight.number : weight.number),
      ]
    }
  }

  private mutating func tracker(_ line: Statement, of block: String) -> Tracker? {
    let name = line.keyword
    if block == "track_interface" {
      guard let link = LinkName(name), link != .loopback else {
        note(line.location, "not a link that can go down: \(shown(name))")
        return nil
      }
      network.refer(to: link)
      return Tracker(condition: .string("link.\(link)"), weight: Tracker.Weight())
    }
    let id = Tracker.ID(kind: Tracker.Kind.definitions[block] ?? .script, name: name)
    guard let definition = definitions[id] else {
      note(line.location, "there is no \(id.kind.rawValue) \(shown(name)) to track")
      return nil
    }
    if let known = trackers[id] { return known }
    let made = tracker(of: id, definition, line)
    trackers[id] = .some(made)
    return made
  }

  private mutating func tracker(
    of id: Tracker.ID, _ definition: Statement, _ line: Statement
  ) -> Tracker? {
    // In keepalived, files and processes weigh 1 unless stated, scripts nothing.
    var weight = Tracker.Weight(number: id.kind == .script ? 0 : 1)
    for inner in definition.statements where inner.keyword == "weight" {
      weight = self.weight(
        Statement(words: ["weight"] + inner.words, block: nil, location: inner.location), weight)
    }
    let probe: Tree? =
      switch id.kind {
      case .script: script(definition)
      case .file: file(definition, self.weight(line, weight))
      case .process: process(definition)
      }
    guard let probe else {
      note(definition.location, "so nothing tracks \(id.kind.rawValue) \(shown(id.name))")
      return nil
    }
    let name = unique(identifier(id.name))
    probes.append((name, probe))
    return Tracker(condition: .string("probe.\(name)"), weight: weight)
  }

  /// `NAME [weight NUMBER [reverse|noreverse]]`
  private mutating func weight(
    _ line: Statement, _ usual: Tracker.Weight
  ) -> Tracker.Weight {
    var weight = usual
    var words = line.words.dropFirst()
    while let word = words.popFirst() {
      switch word {
      case "weight":
        let text = words.popFirst() ?? ""
        guard let number = Int(text) else {
          note(line.location, "weight is no number: \(shown(text))")
          continue
        }
        weight.number = min(max(number, -253), 253)
        if weight.number != number {
          note(line.location, "weight \(number) is cut to \(weight.number)")
        }
      case "reverse": weight.isReversed = true
      case "noreverse", "no_reverse": weight.isReversed = false
      default: note(line.location, "\(shown(word)) is not carried over")
      }
    }
    return weight
  }

  // MARK: - As probes

  private mutating func script(_ definition: Statement) -> Tree? {
    var (interval, timeout, rise, fall) = (Duration.seconds(1), Duration?.none, 1, 1)
    var command: [String] = []
    for inner in definition.statements {
      let time = inner.value.flatMap(Duration.init(seconds:)).map { max($0, .milliseconds(10)) }
      switch inner.keyword {
      case "script": command = words(of: inner)
      case "interval": interval = time ?? interval
      case "timeout": timeout = time
      case "rise": rise = number(inner, 1...100) ?? rise
      case "fall": fall = number(inner, 1...100) ?? fall
      // What isn't known yet is no reason to be master.
      case "weight", "init_fail": break
      case "user": leave(inner, "it runs as vpngw's user, without capabilities")
      default: leave(inner)
      }
    }
    guard let (type, members) = question(command, definition) else { return nil }
    let times: [(String, Tree)] = [
      ("interval", .string(interval.text)),
      ("timeout", .string(min(timeout ?? interval, interval).text)), ("rise", .integer(rise)),
      ("fall", .integer(fall)),
    ]
    return .object([("type", .string(type))] + members + times)
  }

  /// To the parser, a quoted script with its arguments is a single word.
  func words(of statement: Statement) -> [String] {
    var command: [String] = []
    var words = WordReader(Array((statement.value ?? "").utf8))
    while case .text(let word)? = words.next() { command.append(word) }
    return command + statement.words.dropFirst(2)
  }

  /// A probe for what the script asks: connections and pings are probes of their own types, which
  /// need no --allow-exec; the rest is run.
  private mutating func question(
    _ command: [String], _ definition: Statement
  ) -> (String, [(String, Tree)])? {
    let location = definition.location
    guard let first = command.first else {
      note(location, "vrrp_script without a script")
      return nil
    }
    if let target = Self.connection(command) {
      return ("tcp", [("address", .string(target.0.description)), ("port", .integer(target.1))])
    }
    if let probe = presence(command, definition) { return probe }
    let syntax = "<>|&;$`*()~"
    if command.contains(where: { $0.utf8.contains(where: syntax.utf8.contains) }) {
      note(location, "the script needs a shell: write it into a file, and name that")
      return nil
    }
    guard command.allSatisfy({ $0.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f } }),
      let program = program(first, location, of: "vrrp_script")
    else { return nil }
    note(location, "the script is a probe of type exec: vpngw run needs --allow-exec")
    return ("exec", [("command", .array(([program] + command.dropFirst()).map(Tree.string)))])
  }

  /// `killall -0 NAME`, which a program without capabilities can't ask about others' processes; and
  /// `ping ADDRESS`, which it may not be able to send.
  private mutating func presence(
    _ command: [String], _ definition: Statement
  ) -> (String, [(String, Tree)])? {
    let name = command[0].split(separator: "/").last ?? ""
    if name == "killall", command.count == 3, command[1] == "-0", Self.isPlain(command[2]),
      let program = files.program(called: "pgrep"), program.hasPrefix("/")
    {
      note(
        definition.location,
        "the script is a probe of type exec by pgrep: vpngw run needs --allow-exec")
      return ("exec", [("command", [.string(program), "-x", .string(command[2])])])
    }
    guard name == "ping" || name == "ping6", let address = IPAddress(command.last!),
      !address.isUnspecified, !address.isMulticast, !address.isLinkLocal
    else { return nil }
    note(definition.location, "the script is a probe of type icmp: one echo in each interval")
    return ("icmp", [("address", .string(address.description))])
  }

  /// Whether it is a process's name, whole and without a regular expression's characters.
  private static func isPlain(_ name: String) -> Bool {
    (1...15).contains(name.utf8.count)
      && name.utf8.allSatisfy { $0.isNameByte || $0 == UInt8(ascii: "-") }
  }

  /// `</dev/tcp/ADDRESS/PORT`, also within `bash -c`, or `nc -z ADDRESS PORT`.
  private static func connection(_ command: [String]) -> (IPAddress, Int)? {
    func target(_ address: some StringProtocol, _ port: some StringProtocol) -> (IPAddress, Int)? {
      guard let address = IPAddress(String(address)), let port = UInt16(port), port > 0,
        !address.isUnspecified, !address.isMulticast, !address.isLinkLocal
      else { return nil }
      return (address, Int(port))
    }
    let name = command[0].split(separator: "/").last ?? ""
    if name == "nc", command.count == 4, command[1] == "-z" {
      return target(command[2], command[3])
    }
    var rest = command[...]
    if name == "bash" || name == "sh", command.count == 3, command[1] == "-c" {
      rest = rest.dropFirst(2)
    }
    let text = rest.joined(separator: "").filter { $0 != " " }
    guard text.hasPrefix("</dev/tcp/") else { return nil }
    let parts = text.dropFirst("</dev/tcp/".count).split(
      separator: "/", omittingEmptySubsequences: false)
    return parts.count == 2 ? target(parts[0], parts[1]) : nil
  }

  /// A number in a file: 0 is up, anything else down. Its product with a weight has no counterpart.
  private mutating func file(_ definition: Statement, _ weight: Tracker.Weight) -> Tree? {
    var path: String?
    for inner in definition.statements where inner.keyword != "weight" {
      if inner.keyword == "file" { path = inner.value } else { leave(inner) }
    }
    guard weight.number == 0 else {
      note(
        definition.location,
        "a file's number times a weight has no counterpart: a probe of type file or exec with a "
          + "weight may do")
      return nil
    }
    guard let path, path.hasPrefix("/"), path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
      note(definition.location, "not an absolute path: \(shown(path ?? ""))")
      return nil
    }
    return run("grep", ["-qsx", "0", path], definition)
  }

  private mutating func process(_ definition: Statement) -> Tree? {
    var (command, quorum) = ([String](), 1)
    var isExpressible = true
    for inner in definition.statements {
      switch inner.keyword {
      case "process": command = words(of: inner)
      case "quorum": quorum = number(inner, 1...65_535) ?? quorum
      case "weight": break
      case "quorum_max", "param_match", "full_command":
        leave(inner)
        isExpressible = false
      default: leave(inner)
      }
    }
    let name = command.first.map { String($0.split(separator: "/").last ?? "") } ?? ""
    guard isExpressible, quorum == 1, command.count == 1, Self.isPlain(name) else {
      note(
        definition.location,
        "only the presence of a process of a plain name of up to 15 characters is carried over: a probe of type "
          + "exec may do")
      return nil
    }
    return run("pgrep", ["-x", name], definition)
  }

  private mutating func run(
    _ name: String, _ arguments: [String], _ definition: Statement
  ) -> Tree? {
    guard let program = files.program(called: name), program.hasPrefix("/") else {
      note(definition.location, "\(name), which would tell, isn't in PATH here")
      return nil
    }
    note(
      definition.location,
      "it is a probe of type exec by \(name), each second: vpngw run needs --allow-exec")
    return [
      "type": "exec", "command": .array(([program] + arguments).map(Tree.string)),
      "interval": "1s", "timeout": "1s", "rise": 1, "fall": 1,
    ]
  }
}
