public import JSON
import Model
public import Nftables

/// Reads what libnftables-json(5) describes: the array that `nft -j list ruleset` prints.
///
/// Also reads what newer versions write where nft 1.0.6 falls short: `typeof`, a chain's devices,
/// maps to concatenations, `map` statements.
public final class NftablesReader {
  private let sink: any NftablesSink
  private var path: [Pointer.Component]
  private(set) var tables: [Nftables.Table] = []
  /// Somebody else's tables that may be changed, as `FAMILY NAME`.
  private(set) var adopted: Set<String> = []
  /// Tables that a previous `show --all` printed as somebody else's.
  private(set) var foreign: Set<String> = []
  /// Where the parts of the tables are in the file.
  private(set) var pointers: [PartID: Pointer] = [:]

  /// A part of one of the tables.
  struct PartID: Hashable {
    let family: Nftables.Family
    let table: String
    let part: NftablesFault.Part
  }
  /// For each table, the positions of its chains by name.
  private var chains: [[String: Int]] = []

  private init(_ sink: any NftablesSink, at pointer: Pointer) {
    self.sink = sink
    path = pointer.components
  }

  /// The tables in the order of the text; what is wrong is reported and left out.
  public static func read(
    _ value: JSON.Value, at pointer: Pointer, into sink: any NftablesSink
  ) -> [Nftables.Table] {
    let reader = NftablesReader(sink, at: pointer)
    reader.read(value)
    return reader.tables
  }

  /// The same, with where the parts of the tables are in the file.
  static func sections(
    _ value: JSON.Value, at pointer: Pointer, into sink: any NftablesSink
  ) -> (tables: [NftablesTable], pointers: [PartID: Pointer]) {
    let reader = NftablesReader(sink, at: pointer)
    reader.read(value)
    let tables = reader.tables.map { source in
      var table = NftablesTable(source)
      let name = table.id.description
      table.isAdopted = reader.adopted.contains(name) || reader.foreign.contains(name)
      return table
    }
    return (tables, reader.pointers)
  }

  private func read(_ value: JSON.Value) {
    guard let elements = value.elements else {
      return report("an array belongs here, as `nft -j list ruleset` prints it")
    }
    for (index, element) in elements.enumerated() {
      within(.index(index)) { readEntry(element) }
    }
  }

  /// Records that the current entry is this part of a table.
  func note(_ part: NftablesFault.Part, of index: Int) {
    let table = tables[index]
    pointers[PartID(family: table.family, table: table.name, part: part)] = Pointer(path)
  }

  /// How many objects and arrays enclose the current value.
  var depth: Int { path.count }

  // MARK: - Problems

  func report(_ message: String) {
    reportCount += 1
    sink.report(message, at: Pointer(path))
  }

  /// How many problems have been reported so far.
  private(set) var reportCount = 0

  func within<T>(_ component: Pointer.Component, _ body: () -> T) -> T {
    path.append(component)
    defer { path.removeLast() }
    return body()
  }

  /// Reports a problem and returns nil.
  func fail<T>(_ message: String) -> T? {
    report(message)
    return nil
  }

  // MARK: - Entries

  private func readEntry(_ value: JSON.Value, isAdded: Bool = false) {
    guard let (kind, content) = only(value, "a table, chain, rule, set, map or object") else {
      return
    }
    if kind == "add", !isAdded {
      // As in files for `nft -j -f`: what is added is what is to exist.
      return within(.key(kind)) { readEntry(content, isAdded: true) }
    }
    if let advice = Self.commands[kind] {
      return within(.key(kind)) {
        report("a command: this says what there should be, not what to do; \(advice)")
      }
    }
    within(.key(kind)) {
      if kind == "metainfo" { return readForeign(content) }
      guard let fields = NftablesFields(content, self) else { return }
      let count = reportCount
      switch kind {
      case "table": readTable(fields)
      case "chain": readChain(fields)
      case "rule": readRule(fields)
      case "set": readSet(fields, isMap: false)
      case "map": readSet(fields, isMap: true)
      case "element": readElement(fields)
      case "flowtable": readFlowtable(fields)
      case let object where Nftables.ObjectKind(rawValue: object) != nil: readObject(object, fields)
      default: return report("\"\(kind)\" is not supported")
      }
      // An entry that was given up hasn't been asked for all of its members.
      if reportCount == count { fields.finish() }
    }
  }

  /// Ignores nft's own metadata; ours names the tables that are somebody else's.
  private func readForeign(_ content: JSON.Value) {
    for name in content["foreign"]?.elements.map(Array.init) ?? [] {
      if let name = name.string { foreign.insert(name) }
    }
  }

  /// Commands of `nft -j -f`, and what to write instead.
  private static let commands: [String: String] = [
    "create": "write the object itself, or \"add\"",
    "insert": "put the rule where it belongs among its chain's others",
    "replace": "write the rule as it should be", "delete": "leave the object out",
    "destroy": "leave the object out", "rename": "write the chain under its new name",
    "flush": "leave it out: of the tables that are written here, nothing else stays",
    "list": "leave it out", "reset": "leave it out",
  ]

  private func readTable(_ fields: NftablesFields) {
    guard let family = family(fields), let name = fields.required(string: "name") else { return }
    guard position(family, name) == nil else { return report("table \(name) is stated twice") }
    var table = Nftables.Table(family: family, name: name)
    table.flags = fields.words("flags", of: "table flag")
    table.comment = fields.string("comment")
    // Our own key, which nft ignores.
    if fields.bool("adopt") { adopted.insert("\(family.rawValue) \(name)") }
    tables.append(table)
    note(.table, of: tables.count - 1)
    chains.append([:])
  }

  func family(_ fields: NftablesFields) -> Nftables.Family? {
    guard let text = fields.required(string: "family") else { return nil }
    guard let family = Nftables.Family(rawValue: text) else {
      return within(.key("family")) { fail("one of ip, ip6, inet, arp, bridge, netdev") }
    }
    return family
  }

  private func position(_ family: Nftables.Family, _ name: String) -> Int? {
    tables.firstIndex { $0.family == family && $0.name == name }
  }

  /// The table that an entry names, which must come before the entry.
  func table(of fields: NftablesFields) -> Int? {
    guard let family = family(fields), let name = fields.required(string: "table") else {
      return nil
    }
    guard let found = position(family, name) else {
      return within(.key("table")) { fail("no table \(family.rawValue) \(name) stands above") }
    }
    return found
  }

  func change(_ index: Int, _ body: (inout Nftables.Table) -> Void) { body(&tables[index]) }

  // MARK: - Chains and rules

  private func readChain(_ fields: NftablesFields) {
    guard let index = table(of: fields), let name = fields.required(string: "name") else { return }
    guard chains[index][name] == nil else {
      return report("chain \(name) is stated twice")
    }
    var chain = Nftables.Chain(name: name)
    chain.comment = fields.string("comment")
    if fields.has("type") {
      guard let type: Nftables.ChainType = fields.required(word: "type", "chain type"),
        let hook: Nftables.Hook = fields.required(word: "hook", "hook"),
        let priority = fields.priority("prio", tables[index].family)
      else { return }
      var base = Nftables.BaseChain(type: type, hook: hook, priority: priority)
      base.devices = fields.words("dev")
      if let text = fields.string("policy") {
        guard let policy = Nftables.BaseChain.Policy(rawValue: text) else {
          return within(.key("policy")) { report("accept or drop") }
        }
        base.policy = policy
      }
      chain.base = base
    }
    chains[index][name] = tables[index].chains.count
    change(index) { $0.chains.append(chain) }
    note(.chain(name), of: index)
  }

  private func readFlowtable(_ fields: NftablesFields) {
    guard let index = table(of: fields), let name = fields.required(string: "name"),
      let hook: Nftables.Hook = fields.required(word: "hook", "hook"),
      let priority = fields.priority("prio", tables[index].family)
    else { return }
    guard !tables[index].flowtables.contains(where: { $0.name == name }) else {
      return report("flowtable \(name) is stated twice")
    }
    let flowtable = Nftables.Flowtable(
      name: name, hook: hook, priority: priority, devices: fields.words("dev"),
      flags: fields.words("flags", of: "flowtable flag"))
    note(.flowtable(name), of: index)
    change(index) { $0.flowtables.append(flowtable) }
  }

  private func readRule(_ fields: NftablesFields) {
    guard let index = table(of: fields), let name = fields.required(string: "chain") else {
      return
    }
    guard let chain = chains[index][name] else {
      return within(.key("chain")) { report("no chain \(name) stands above") }
    }
    guard let expressions = fields.required("expr") else { return }
    let statements = within(.key("expr")) { () -> [Nftables.Statement]? in
      guard let elements = expressions.elements else { return fail("an array of statements") }
      var statements: [Nftables.Statement] = []
      for (position, element) in elements.enumerated() {
        guard let statement = within(.index(position), { statement(element) }) else { continue }
        statements.append(statement)
      }
      return statements.count == elements.count ? statements : nil
    }
    let comment = fields.string("comment")
    guard let statements else { return }
    note(.rule(chain: name, position: tables[index].chains[chain].rules.count), of: index)
    change(index) { $0.chains[chain].rules.append(Nftables.Rule(statements, comment: comment)) }
  }

  // MARK: - Objects with a single member

  /// `{"KEY": ...}`.
  func only(_ value: JSON.Value, _ what: String) -> (String, JSON.Value)? {
    sole(value) ?? fail("\(what): an object with a single member")
  }

  /// The member of an object that has no other, but for a comment.
  func sole(_ value: JSON.Value) -> (String, JSON.Value)? {
    guard value.count == (value[commentKey] == nil ? 1 : 2),
      let member = value.members?.first(where: { $0.key != commentKey })
    else { return nil }
    return (member.key, member.value)
  }
}
