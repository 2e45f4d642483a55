public import Model
internal import Netlink
internal import Nft

/// nftables' tables, as of the last look at them.
struct NftablesKind {
  /// Nil where this kernel has no nf_tables.
  private let kernel: NftablesKernel?
  private var known: [NftablesTable.ID: TableProgram] = [:]
  private var generation: UInt32?
  /// Changed by us since they were read.
  private var stale: Set<NftablesTable.ID> = []
  private var expectation: Expectation?

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
    if let expected = expectation?.tables(for: selection), try kernel.generation() == generation {
      // Only once: the next look sees for itself.
      expectation = nil
      return expected
    }
    known = [:]
    stale = []
    let (tables, generation) = try kernel.observe(
      where: { $0.isMarked || selection.wants($0) }, elements: selection.wantsElements)
    self.generation = generation
    for table in tables { known[table.id] = table }
    let found = tables.map(NftablesTable.init(observed:))
    expectation = Expectation(found, of: selection)
    return found
  }

  /// One transaction: all of the change or nothing.
  mutating func apply(_ change: Change, _ links: LinkTable) throws(NetlinkError) {
    guard case .table(let table) = change.object else {
      preconditionFailure("a table's change has a table")
    }
    guard let kernel else {
      throw .withoutNftables(table)
    }
    let numbers = LinkNumbers(links.links)
    var wanted: TableProgram?
    if change.verb != .delete {
      wanted = try table.program(numbers)
    }
    var expected = expectation
    expectation = nil
    for attempt in 0..<10 {
      if generation == nil || attempt > 0 || stale.contains(table.id) {
        try look(kernel, for: table)
        expected = nil
      }
      let present = known[table.id]
      let diff = TableDiff(
        family: table.id.family, table: table.id.name, from: present, to: wanted,
        numbers: numbers)
      if diff.isEmpty {
        expectation = expected
        return
      }
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
        expectation = diff.obstacles.isEmpty ? expected?.after(table.id, wanted) : nil
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

/// The tables that are there once our own changes are carried out, if nobody else changes any.
private struct Expectation {
  private var tables: [NftablesTable]
  private let selection: Kernel.TableSelection
  private var hasChanged = false

  init(_ tables: [NftablesTable], of selection: Kernel.TableSelection) {
    self.tables = tables
    self.selection = selection
  }

  /// Nil where it doesn't know better than the kernel.
  func tables(for selection: Kernel.TableSelection) -> [NftablesTable]? {
    guard hasChanged, self.selection.covers(selection) else { return nil }
    return tables.filter { $0.isOwned || selection.wants($0.id) }
  }

  /// Nil where more changes a table than transactions: time, packets, links that go.
  func after(_ id: NftablesTable.ID, _ program: TableProgram?) -> Expectation? {
    var next = self
    next.hasChanged = true
    guard tables.allSatisfy({ $0.program?.isSteady ?? false }) else { return nil }
    next.tables.removeAll { $0.id == id }
    guard let program else { return next }
    guard program.isSteady else { return nil }
    next.tables.append(NftablesTable(observed: program.numbered))
    return next
  }
}

extension NftablesTable {
  fileprivate init(observed program: TableProgram) {
    self.init(program)
    isOwned = program.isMarked
  }
}

extension TableProgram {
  fileprivate var isSteady: Bool {
    unknown.isEmpty && sets.allSatisfy { $0.flags & (SetFlag.dynamic | SetFlag.timeout) == 0 }
      && chains.allSatisfy { $0.base?.devices.isEmpty ?? true }
  }

  /// With handles to tell rules by; what the kernel calls them isn't known yet.
  fileprivate var numbered: TableProgram {
    var table = self
    var handle: UInt64 = 0
    for chain in chains.indices {
      for rule in chains[chain].rules.indices {
        handle += 1
        table.chains[chain].rules[rule].handle = handle
      }
    }
    return table
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
    /// elements.
    public init(_ tables: [NftablesTable]) {
      self.init(
        isAll: false, sources: Dictionary(tables.map { ($0.id, $0) }) { first, _ in first })
    }

    private init(isAll: Bool, sources: [NftablesTable.ID: NftablesTable]) {
      self.isAll = isAll
      self.sources = sources
    }

    func wants(_ table: TableProgram) -> Bool { wants(table.id) }

    func wants(_ id: NftablesTable.ID) -> Bool { isAll || sources[id] != nil }

    func covers(_ other: TableSelection) -> Bool {
      isAll || !other.isAll && other.sources.keys.allSatisfy(wants)
    }

    func wantsElements(_ table: TableProgram, _ set: SetProgram) -> Bool {
      if isAll || set.flags & SetFlag.dynamic == 0 { return true }
      let stated = sources[table.id]?.source?.sets.first { $0.name == set.name }
      return stated.map { !$0.elements.isEmpty } ?? false
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
