public import Nftables

/// An nftables table with everything in it: `nft list table FAMILY NAME`.
public struct NftablesTable: Resource {
  public struct ID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let family: Nftables.Family
    public let name: String

    public init(_ family: Nftables.Family, _ name: String) {
      self.family = family
      self.name = name
    }

    public static func < (a: ID, b: ID) -> Bool {
      (a.family.rawValue, a.name) < (b.family.rawValue, b.name)
    }
    public var description: String { "\(family.rawValue) \(name)" }
  }

  public let id: ID
  /// What a state file states; nil for a table that was only observed.
  public var source: Nftables.Table?
  /// What the kernel holds or is to hold; nil until the source has been compiled, which takes
  /// interface indexes.
  public var program: Nftables.Bytecode.TableProgram?
  /// Observed only: what the sets hold, of a table that a blueprint has yet to write.
  public var contents: SetContents?
  /// The parts that can't be decompiled, each with where it is; they are left alone.
  public var unreadable: [String] = []
  /// If somebody else made it, vpngw keeps it as stated, and it stays theirs.
  public var isAdopted = false
  /// A blueprint's table: nothing else uses its name or the names of its parts.
  public var isBlueprints = false
  /// Somebody else's: created and kept without our mark.
  public var isForeign = false
  /// Observed only: it has our mark.
  public var isOwned = false

  public init(_ source: Nftables.Table) {
    id = ID(source.family, source.name)
    self.source = source
  }

  public init(_ program: Nftables.Bytecode.TableProgram) {
    id = ID(program.family, program.name)
    self.program = program
  }

  public static let name = "nftables"

  /// A table that names no link by its index can protect before anything else is there.
  public var phase: Phase { links.isEmpty ? .guardTable : .table }

  public var requirements: [Requirement] {
    links.compactMap { LinkName($0).map(Requirement.link) }
  }

  /// The links that must exist before it is loaded: those of `iif` and `oif`, and devices.
  public var links: [String] { source?.links ?? [] }

  public var takenForOurs: Self {
    var ours = self
    ours.isOwned = true
    return ours
  }

  public var toRestore: Self {
    var table = self
    table.isForeign = !isOwned
    return table
  }

  public var holdsOthersWork: Bool { !isOwned }

  /// The table stays, and waits for its links.
  public static func removeDependents(of gone: inout Cascade, from list: inout [Self]) {}

  public static let properties: [Property<NftablesTable>] = [
    .identity("family") { $0.id.family.rawValue },
    .identity("name") { $0.id.name },
    // How tables differ is the planner's business, since it compiles them.
    Property(
      "content", value: { _ in nil },
      agrees: { desired, observed in
        if let source = desired.source, source == observed.source { return true }
        return desired.program?.normalized == observed.program?.normalized
      }),
  ]
}

extension Nftables.Table {
  /// The links that its chains are attached to, and those that its rules and sets name by index.
  public var links: [String] {
    var names = flowtables.flatMap(\.devices)
    for chain in chains {
      names += chain.base?.devices ?? []
      for rule in chain.rules {
        for statement in rule.statements { statement.collectLinks(&names) }
      }
    }
    for set in sets where set.key.namesLinks {
      for element in set.elements { element.key?.collectSymbols(&names) }
    }
    var seen: Set<String> = []
    return names.filter { seen.insert($0).inserted }
  }
}

extension Nftables.TypeOf {
  fileprivate var namesLinks: Bool {
    switch self {
    case .types(let names): names == ["iface_index"]
    case .expressions(let expressions):
      expressions == [.meta("iif")] || expressions == [.meta("oif")]
    }
  }
}

extension Nftables.Statement {
  fileprivate func collectLinks(_ names: inout [String]) {
    switch self {
    case .match(_, let left, let right) where left.isLinkNumber: right.collectSymbols(&names)
    case .vmap(let key, let data) where key.isLinkNumber: data.collectSymbols(&names)
    case .dup(_, let device?): device.collectSymbols(&names)
    case .fwd(let device, _, _): device.collectSymbols(&names)
    default: break
    }
  }
}

extension Nftables.Expression {
  fileprivate var isLinkNumber: Bool { self == .meta("iif") || self == .meta("oif") }

  /// Collects the names among its constants.
  fileprivate func collectSymbols(_ names: inout [String]) {
    switch self {
    case .symbol(let name): names.append(name)
    case .list(let members): for member in members { member.collectSymbols(&names) }
    case .set(let elements): for element in elements { element.key?.collectSymbols(&names) }
    default: break
    }
  }
}

extension NetworkState {
  public var tables: [NftablesTable] {
    get { self[NftablesTable.self] }
    _modify { yield &self[NftablesTable.self] }
  }
}

extension NftablesTable {
  /// The table as the kernel would hold it; `numbers` are interface indexes, `names` the machine's.
  public func compiled(
    _ numbers: LinkNumbers, _ names: MachineNames
  ) throws(TableCompiler.Faults) -> TableProgram? {
    guard let source else { return program }
    // Indexes differ from one namespace to another; a table without any is compiled once.
    if let program, links.isEmpty { return program }
    return try TableCompiler.compile(source, names: names) { numbers[$0] }.get()
  }
}

// While signals are unknown, what a blueprint's table held before stays.
extension NftablesTable {
  /// The marks in a set, as observed or as stated.
  public func marks(inSet name: String) -> Set<Mark> {
    if let contents { return contents.marks(inSet: name) }
    return Set(
      elements(of: name).compactMap { element in
        if case .number(let mark)? = element.key {
          UInt32(exactly: mark).map { Mark($0) }
        } else {
          nil
        }
      })
  }

  /// The addresses to which a map leads, as observed or as stated.
  public func addresses(inMap name: String) -> Set<IPAddress> {
    if let contents { return contents.addresses(inMap: name) }
    return Set(
      elements(of: name).compactMap { element in
        if case .symbol(let address)? = element.data { IPAddress(address) } else { nil }
      })
  }

  /// Where each port of a map of ports leads, as observed or as stated.
  public func ports(inMap name: String) -> [UInt16: UInt16] {
    if let contents { return contents.ports(inMap: name) }
    return elements(of: name).reduce(into: [:]) { ports, element in
      guard case .number(let key)? = element.key, case .number(let value)? = element.data else {
        return
      }
      ports[UInt16(truncatingIfNeeded: key)] = UInt16(truncatingIfNeeded: value)
    }
  }

  private func elements(of name: String) -> [Nftables.Element] {
    source?.sets.first { $0.name == name }?.elements ?? []
  }
}
