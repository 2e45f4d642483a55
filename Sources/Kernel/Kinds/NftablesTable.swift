public import Model
internal import Netlink
internal import Nftables

/// nftables' tables, with the generations of their ruleset.
struct NftablesTables {
  /// Nil if this kernel has no nf_tables.
  private let kernel: NftablesKernel?
  /// The generation that was read last, and the one that our own changes have led to since.
  private var chain: (read: UInt32, now: UInt32)?

  init() throws(NetlinkError) {
    let kernel = try NftablesKernel()
    do throws(NetlinkError) {
      _ = try kernel.generation()
      self.kernel = kernel
    } catch {
      // EINVAL: nfnetlink has no such subsystem.
      self.kernel = nil
    }
  }

  var ports: Set<UInt32> { kernel.map { [$0.socket.port] } ?? [] }

  /// The tables that are ours or that `selection` wants, and their ruleset's generation.
  mutating func observe(
    _ selection: Kernel.TableSelection
  ) throws(NetlinkError) -> (tables: [NftablesTable], generation: UInt32?) {
    guard let kernel else { return ([], nil) }
    chain = nil
    let (tables, generation) = try kernel.observe(
      where: { $0.isMarked || selection.wants($0) }, elements: selection.wantsElements)
    chain = (generation, generation)
    return (
      tables.map { program in
        var table = NftablesTable(observed: program)
        if selection.wantsContents(program) { table.contents = SetContents(of: program) }
        return table
      }, generation
    )
  }

  func counters(of table: NftablesTable.ID) throws(NetlinkError) -> [String: UInt64] {
    try kernel?.counters(of: table) ?? [:]
  }

  /// One transaction: the whole planned difference, or nothing.
  ///
  /// Throws `ErrorCode.restart` if somebody has changed the table since it was read, so that the
  /// difference no longer applies and a new plan is needed. Changes of other tables don't matter.
  mutating func apply(
    _ change: Change, _ table: NftablesTable, from present: NftablesTable?, _ links: LinkTable
  ) throws(NetlinkError) {
    guard let kernel else { throw .withoutNftables(table) }
    guard let planned = change.table else {
      throw NetlinkError(
        "nft table \(table.id)", code: ErrorCode.invalid, kernelText: "no difference was planned")
    }
    let wanted = change.verb == .delete ? nil : table
    let numbers = LinkNumbers(links.links)
    var (difference, program) = (planned.difference, wanted?.program)
    // A link that an earlier step made has another index than the plan assumed.
    if let wanted, wanted.links.contains(where: { numbers[$0] != planned.numbers[$0] }) {
      program = try wanted.program(numbers, planned.names)
      difference = TableDiff(
        family: table.id.family, table: table.id.name, from: present?.program, to: program,
        numbers: numbers, names: planned.names)
      // More rules than the plan shows may name a link that was made anew.
      guard difference.changeCount == planned.difference.changeCount else {
        throw .outdated(table.id)
      }
    }
    let describer = RuleDescriber(program ?? present?.program, numbers, planned.names)
    let isOurs = chain != nil && chain?.read == planned.generation
    var generation = isOurs ? chain?.now : planned.generation
    for attempt in 0..<10 {
      do throws(NetlinkError) {
        let next = try kernel.carryOut(difference, generation: generation, describer)
        // A change in between may have affected the tables of further steps.
        if isOurs, attempt == 0, let next { chain?.now = next }
        return
      } catch {
        guard error.code == ErrorCode.restart else { throw error }
      }
      let (found, later) = try kernel.observe(
        where: { $0.id == table.id },
        elements: { _, set in
          set.flags & SetFlag.dynamic == 0 || present?.hasElements(ofSet: set.name) == true
        })
      let remaining = TableDiff(
        family: table.id.family, table: table.id.name, from: found.first, to: program,
        numbers: numbers, names: planned.names)
      guard remaining == difference else { throw .outdated(table.id) }
      generation = later
    }
    throw .outdated(table.id)
  }
}

/// How tables are read and changed.
enum NftablesTableKind: KernelKind {
  static var transport: Transport { .direct }

  static func observe(
    _ observation: Kernel.Observation, into observed: inout NetworkState
  ) throws(NetlinkError) {
    (observed.tables, observed.nftablesGeneration) = try observation.kernel.nftables.observe(
      observation.tables)
    observed.machineNames = observation.kernel.names
  }

  static func command(_ table: NftablesTable, _ word: String, _ change: Change) -> String {
    "nft \(word) table \(table.id)"
  }

  static func encode(
    _ change: Change, _ table: NftablesTable, from present: NftablesTable?, _ encoder: Encoder
  ) throws(NetlinkError) {
    try encoder.kernel!.nftables.apply(change, table, from: present, encoder.links)
  }
}

extension NftablesTable {
  fileprivate init(observed program: TableProgram) {
    self.init(program)
    isOwned = program.isMarked
  }

  fileprivate func hasElements(ofSet name: String) -> Bool {
    program?.sets.first { $0.name == name }?.elements.isEmpty == false
  }
}

extension NetlinkError {
  fileprivate static func outdated(_ table: NftablesTable.ID) -> NetlinkError {
    NetlinkError(
      "nft table \(table)", code: ErrorCode.restart,
      kernelText: "somebody else has changed it since it was read")
  }
}

extension Kernel {
  /// Which tables to read besides our own, and which of their sets' elements.
  public struct TableSelection: Sendable {
    private let isAll: Bool
    private let sources: [NftablesTable.ID: NftablesTable]

    /// Every table.
    public static let all = TableSelection(isAll: true, sources: [:])

    /// The named tables. Of sets that packets fill, only those whose elements are stated or would
    /// be lost.
    public init(_ tables: [NftablesTable]) {
      self.init(
        isAll: false, sources: Dictionary(tables.map { ($0.id, $0) }) { first, _ in first })
    }

    private init(isAll: Bool, sources: [NftablesTable.ID: NftablesTable]) {
      self.isAll = isAll
      self.sources = sources
    }

    func wants(_ table: TableProgram) -> Bool { isAll || sources[table.id] != nil }

    /// Whether a blueprint that hasn't written the table yet needs its contents.
    func wantsContents(_ table: TableProgram) -> Bool {
      guard let wanted = sources[table.id] else { return false }
      return wanted.isBlueprints && wanted.source?.sets.isEmpty == true
    }

    func wantsElements(_ table: TableProgram, _ set: SetProgram) -> Bool {
      if isAll || set.flags & SetFlag.dynamic == 0 { return true }
      if sources.isEmpty { return false }
      guard let source = sources[table.id]?.source else { return true }
      let stated = source.sets.first { $0.name == set.name }
      return stated?.elements.isEmpty == false || TableDiff.loses(set, of: table, to: source)
    }
  }
}

extension TableProgram {
  var id: NftablesTable.ID { NftablesTable.ID(family, name) }

  /// Whether it is too big for a single transaction.
  var isBig: Bool {
    sets.reduce(0) { $0 + $1.elements.count } > NftablesKernel.elementsAtOnce
  }
}

extension NftablesTable {
  /// The table's program, with our mark unless it is somebody else's.
  func program(
    _ numbers: LinkNumbers, _ names: MachineNames
  ) throws(NetlinkError) -> TableProgram? {
    do throws(TableCompiler.Faults) {
      let program = try compiled(numbers, names)
      return isForeign ? program?.unmarked : program?.marked
    } catch {
      throw NetlinkError(
        "nft table \(id)", code: ErrorCode.invalid, kernelText: "\(error)")
    }
  }
}
