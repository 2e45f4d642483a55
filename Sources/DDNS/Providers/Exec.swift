internal import JSON
internal import Model

/// A command that publishes: it gets the set as JSON on its standard input and in its environment.
///
/// `COMMAND get NAME TYPE...` prints what is published as a list of sets, and `COMMAND set NAME TYPE`
/// reads the new set. A command that can't read what is published isn't asked to (`"reads": false`).
struct Exec: Provider {
  static let name = "exec"
  static let keys = [
    ProviderKey("command", .texts, isRequired: true, hint: ", a program's path and its arguments"),
    ProviderKey("reads", .flag), .nameServer,
  ]

  private let command: [String]

  static func limits(_ settings: ProviderSettings) -> ProviderLimits {
    var limits = ProviderLimits()
    limits.isReadable = settings.flag("reads") ?? false
    return limits
  }

  static func problems(_ settings: ProviderSettings, for name: RecordName) -> [ProviderProblem] {
    var problems = settings.readingProblems
    if let program = settings.texts("command")?.first, !program.hasPrefix("/") {
      problems.append(ProviderProblem("command", "must begin with a program's absolute path"))
    }
    return problems
  }

  init(_ settings: ProviderSettings, _ context: ProviderContext) throws(ProviderError) {
    command = settings.texts("command") ?? []
  }

  func published(
    _ name: RecordName, _ types: Set<RecordType>
  ) throws(ProviderError) -> Exchange<[RecordSet]> {
    let words = command + ["get", name.text] + types.sorted().map(\.rawValue)
    return .command(CommandRequest(words: words)) { result throws(ProviderError) in
      try result.check()
      return .done(try Self.sets(result.output, name))
    }
  }

  func replace(
    _ old: RecordSet?, by new: RecordSet?
  ) throws(ProviderError) -> Exchange<Void> {
    guard let known = new ?? old else { return .done(()) }
    let values = new?.values.map(\.text) ?? []
    var environment = [
      "DDNS_NAME": known.name.text, "DDNS_TYPE": known.type.rawValue,
      "DDNS_VALUES": values.joined(separator: "\n"),
      "DDNS_OLD_VALUES": (old?.values.map(\.text) ?? []).joined(separator: "\n"),
    ]
    if let ttl = new?.ttl { environment["DDNS_TTL"] = "\(ttl)" }
    var members: [(String, Tree)] = [
      ("name", .string(known.name.text)), ("type", .string(known.type.rawValue)),
      ("values", .array(values.map(Tree.string))),
      ("old", .array((old?.values ?? []).map { .string($0.text) })),
    ]
    if let ttl = new?.ttl { members.append(("ttl", .integer(Int(ttl)))) }
    let request = CommandRequest(
      words: command + ["set", known.name.text, known.type.rawValue], environment: environment,
      input: Array(Tree.object(members).text().utf8))
    return .command(request) { result throws(ProviderError) in
      try result.check()
      return .done(())
    }
  }

  /// `[{ "type": "A", "ttl": 60, "values": ["192.0.2.1"] }]`.
  private static func sets(
    _ output: [UInt8], _ name: RecordName
  ) throws(ProviderError) -> [RecordSet] {
    guard let document = try? Document(output), let elements = document.root.elements else {
      throw ProviderError(
        "`get` must print a list such as [{ \"type\": \"A\", \"values\": [\"192.0.2.1\"] }]")
    }
    var sets: [RecordSet] = []
    for element in elements {
      guard let type = element["type"]?.string.flatMap(RecordType.init),
        let texts = element["values"]?.elements?.map(\.string)
      else { throw ProviderError("`get` printed a set without \"type\" or \"values\"") }
      let values = texts.compactMap { $0.flatMap { RecordValue($0, type: type) } }
      guard values.count == texts.count else {
        throw ProviderError("`get` printed a value that is no \(type.rawValue) record's")
      }
      let ttl = element["ttl"]?.integer.flatMap(UInt32.init(exactly:))
      sets.append(RecordSet(name, type, ttl: ttl, values))
    }
    return withExtendedLifetime(document) { sets.filter { !$0.isEmpty } }
  }
}

extension CommandResult {
  /// Throws what the command says is wrong; 75 (`EX_TEMPFAIL`) and all others are tried again.
  fileprivate func check() throws(ProviderError) {
    guard status != 0 else { return }
    let line = errors.split(separator: UInt8(ascii: "\n")).last.map {
      String(decoding: $0, as: UTF8.self).visible(limit: 200)
    }
    throw ProviderError("the command exited with \(status)" + (line.map { ": \($0)" } ?? ""))
  }
}
