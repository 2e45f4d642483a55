public import JSON
public import Model

/// The file that says what a machine's network should be (`schemas/state.json`).
public enum StateFile {
  /// What the file asks for, or everything that is wrong with it.
  ///
  /// Without `checkingTogether`, objects are read one by one: what a kernel has need not be what a
  /// file may ask for.
  public static func decode(
    _ bytes: [UInt8], names: Names = Names(), checkingTogether: Bool = true
  ) throws(Problems) -> DesiredState {
    let document: Document
    do throws(SyntaxError) {
      document = try Document(bytes)
    } catch {
      let sentence = OtherLanguage(bytes)?.sentence ?? error.sentence
      throw Problems(list: [Problem(place: error.place, pointer: nil, message: sentence)])
    }
    let findings = Findings(names: names)
    var file = ObjectReader<FileKey>(findings, "state file")
    var contents = Contents()
    if file.open(document.root) {
      contents = file.contents()
      if checkingTogether { CrossCheck(contents, findings).run() }
    }
    // Asks the document last, and so keeps the tree of which the readers hold values.
    let problems = findings.problems(in: document)
    guard problems.isEmpty else { throw Problems(list: problems) }
    return contents.declaration
  }

  /// The file that decodes to the configuration: sections in fixed order, objects by identity.
  public static func encode(_ configuration: NetworkState) -> Tree {
    var sections: [(String, Tree)] = [("version", 1)]
    func add(_ name: String, _ objects: [Tree]) {
      if !objects.isEmpty { sections.append((name, .array(objects))) }
    }
    if !configuration.sysctls.isEmpty {
      let sorted = configuration.sysctls.sorted { $0.key < $1.key }
      sections.append(("sysctls", .object(sorted.map { ($0.key.description, tree($0.text)) })))
    }
    add("links", trees(configuration.links))
    add("wireguard", trees(configuration.wireGuards))
    add("addresses", trees(configuration.addresses))
    add("neighbors", trees(configuration.neighbors) + trees(configuration.fdb))
    add("nexthops", trees(configuration.nexthops))
    add("routes", trees(configuration.routes))
    add("rules", trees(configuration.rules) + configuration.absentRules.map { Tree($0.members) })
    if !configuration.tables.isEmpty {
      sections.append(("nftables", NftablesWriter.section(configuration.tables)))
    }
    let ipvs = ipvs(configuration)
    if !ipvs.isEmpty { sections.append(("ipvs", .object(ipvs))) }
    return .object(sections)
  }

  private static func ipvs(_ configuration: NetworkState) -> [(String, Tree)] {
    var parts: [(String, Tree)] = []
    let services = trees(configuration.ipvsServices)
    if !services.isEmpty { parts.append(("services", .array(services))) }
    let timeouts = configuration.ipvsTimeouts.sorted { $0.state < $1.state }.map {
      ($0.state.rawValue, Tree($0.duration.value))
    }
    if !timeouts.isEmpty { parts.append(("timeouts", .object(timeouts))) }
    let daemons = configuration.ipvsDaemons.sorted { $0.role < $1.role }.map {
      ($0.role.rawValue, Tree($0.members.filter { $0.name != "role" }))
    }
    if !daemons.isEmpty { parts.append(("sync", .object(daemons))) }
    return parts
  }

  private static func trees<R: Resource>(_ objects: [R]) -> [Tree] {
    objects.map { ($0.id, $0) }.sorted { $0.0 < $1.0 }.map { Tree($0.1.members) }
  }

  /// A sysctl's text: as a number, if it reads as it would be written.
  private static func tree(_ text: String?) -> Tree {
    guard let text else { return .string("") }
    if let number = Int(text), String(number) == text { return .integer(number) }
    return .string(text)
  }
}
