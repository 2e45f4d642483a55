public import Model
internal import Netlink
internal import Nftables

/// nftables' tables, as of the last look at them.
struct NftablesTables {
  /// Nil where this kernel has no nf_tables.
  private let kernel: NftablesKernel?
  private var known: [NftablesTable.ID: TableProgram] = [:]
  private var generation: UInt32?
  /// Changed by us since they were read.
  private var stale: Set<NftablesTable.ID> = []

  init() throws(NetlinkError) {
    let kernel = try NftablesKernel()
    do throws(NetlinkError) {
      _ = try kernel.generation()
      self.kernel = kernel
    } catch {
      // EINVAL: nfnetlink knows no such subsystem.
      self.kernel = nil
    }
  }

  var ports: Set<UInt32> { kernel.map { [$0.socket.port] } ?? [] }

  /// The tables that are ours or that `selection` wants.
  mutating func observe(_ selection: Kernel.TableSelection) throws(NetlinkError) -> [NftablesTable]
  {
    guard let kernel else { return [] }
    known = [:]
    stale = []
    let (tables, generation) = try kernel.observe(
      where: { $0.isMarked || selection.wants($0) }, elements: selection.wantsElements)
    self.generation = generation
    for table in tables { known[table.id] = table }
    return tables.map(NftablesTable.init(observed:))
  }

  func counters(of table: NftablesTable.ID) throws(NetlinkError) -> [String: UInt64] {
    try kernel?.counters(of: table) ?? [:]
  }

  /// One transaction: all of the change or nothing.
  mutating func apply(
    _ change: Change, _ table: NftablesTable, _ links: LinkTable
  ) throws(NetlinkError) {
    guard let kernel else {
      throw .withoutNftables(table)
    }
    let numbers = LinkNumbers(links.links)
    var wanted: TableProgram?
    if change.verb != .delete {
      wanted = try table.program(numbers)
    }
    for attempt in 0..<10 {
      if generation == nil || attempt > 0 || stale.contains(table.id) {
        try look(kernel, for: table)
      }
      let present = known[table.id]
      let diff = TableDiff(
        family: table.id.family, table: table.id.name, from: present, to: wanted,
        numbers: numbers)
      if diff.isEmpty { return }
      do throws(NetlinkError) {
        let words = Words(wanted ?? present, numbers)
        if case .create(let program)? = diff.whole, program.isBig {
          generation = try kernel.createInParts(program, generation: generation!, words)
        } else {
          try kernel.apply([diff], generation: generation, words)
          generation = generation!.nextGeneration
        }
        // The handles of what was made aren't known: a further change reads again.
        stale.insert(table.id)
        return
      } catch {
        // Somebody else was faster: look again.
        guard error.code == ErrorCode.restart else { throw error }
      }
    }
    throw NetlinkError(
      "nft table \(table.id)", code: ErrorCode.restart,
      kernelText: "somebody else changed nftables ten times meanwhile")
  }

  private mutating func look(
    _ kernel: NftablesKernel, for table: NftablesTable
  ) throws(NetlinkError) {
    let ids = Set(known.keys).union([table.id])
    let (tables, generation) = try kernel.observe(where: { ids.contains($0.id) })
    self.generation = generation
    known = [:]
    for table in tables { known[table.id] = table }
    stale = []
  }
}

/// How tables are read and changed.
enum NftablesTableKind: KernelKind {
  static var transport: Transport { .direct }

  static func observe(
    _ look: Kernel.Look, into observed: inout NetworkState
  ) throws(NetlinkError) {
    observed.tables = try look.kernel.nftables.observe(look.tables)
  }

  static func command(_ table: NftablesTable, _ word: String, _ change: Change) -> String {
    "nft \(word) table \(table.id)"
  }

  static func encode(
    _ change: Change, _ table: NftablesTable, from present: NftablesTable?, _ encoder: Encoder
  ) throws(NetlinkError) {
    try encoder.kernel!.nftables.apply(change, table, encoder.links)
  }
}

extension NftablesTable {
  fileprivate init(observed program: TableProgram) {
    self.init(program)
    isOwned = program.isMarked
  }
}

extension Kernel {
  /// Which tables to read beside our own, and which of their sets' elements.
  public struct TableSelection: Sendable {
    private let isAll: Bool
    private let sources: [NftablesTable.ID: NftablesTable]

    /// Every table there is.
    public static let all = TableSelection(isAll: true, sources: [:])

    /// Those that are named here, and of the sets that packets fill those that are stated with
    /// elements, or whose elements would be lost.
    public init(_ tables: [NftablesTable]) {
      self.init(
        isAll: false, sources: Dictionary(tables.map { ($0.id, $0) }) { first, _ in first })
    }

    private init(isAll: Bool, sources: [NftablesTable.ID: NftablesTable]) {
      self.isAll = isAll
      self.sources = sources
    }

    func wants(_ table: TableProgram) -> Bool { isAll || sources[table.id] != nil }

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

  /// Too big for a single transaction.
  var isBig: Bool {
    sets.reduce(0) { $0 + $1.elements.count } > NftablesKernel.elementsAtOnce
  }
}

extension NftablesTable {
  /// With the mark of what we make, unless it is somebody else's.
  func program(_ numbers: LinkNumbers) throws(NetlinkError) -> TableProgram? {
    do throws(TableCompiler.Faults) {
      let program = try compiled(numbers)
      return isForeign ? program?.unmarked : program?.marked
    } catch {
      throw NetlinkError(
        "nft table \(id)", code: ErrorCode.invalid, kernelText: "\(error)")
    }
  }
}
