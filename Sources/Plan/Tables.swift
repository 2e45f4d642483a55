import Model
import Nftables

/// Compares tables as the kernel holds them.
struct Tables {
  /// Interface indexes; links that don't exist yet have made-up ones.
  private let numbers: LinkNumbers
  private let generation: UInt32?
  private let names: MachineNames
  private(set) var steps: [Step] = []
  private(set) var conflicts: [Plan.Conflict] = []
  private(set) var leftAlone: [Plan.LeftAlone] = []

  init(from observed: NetworkState, to desired: NetworkState) {
    numbers = LinkNumbers(observed: observed.links, desired: desired.links)
    generation = observed.nftablesGeneration
    names = observed.machineNames
    if observed.tables.isEmpty, desired.tables.isEmpty { return }
    var present: [NftablesTable.ID: NftablesTable] = [:]
    for table in observed.tables { present[table.id] = table }
    for table in desired.tables {
      compare(table, present.removeValue(forKey: table.id))
    }
    for table in observed.tables where table.isOwned && present[table.id] != nil { remove(table) }
  }

  private mutating func compare(_ table: NftablesTable, _ found: NftablesTable?) {
    if let link = table.links.first(where: { numbers[$0] == nil }) {
      return refuse(table, "link \(link) isn't there, and isn't vpngw's to make")
    }
    var wanted = table
    do {
      wanted.program = try table.compiled(numbers, names)
    } catch {
      return refuse(table, "\(error)")
    }
    let found = found.map(compiledIfRead)
    var reason: String?
    if let found, !found.isOwned, !wanted.isForeign {
      if wanted.isAdopted {
        wanted.isForeign = true
        reason = "adopted: what is marked so is theirs\(found.makerText)"
      } else if wanted.isBlueprints, wanted.looksLike(found) {
        reason =
          "replaced: it has the name and the parts of vpngw's own, without its mark: restored by nft?"
      } else if difference(table.id, from: found.program, to: wanted.program?.unmarked).isEmpty {
        return  // used as it is
      } else {
        return refuse(
          table,
          "there is one that vpngw didn't make\(found.makerText): \"adopt\": true in its \"table\" "
            + "makes it as stated, and removes what else is in it; or take another name")
      }
    }
    wanted.program = wanted.isForeign ? wanted.program?.unmarked : wanted.program?.marked
    let diff = difference(table.id, from: found?.program, to: wanted.program)
    refuse(table, obstacles: diff)
    leftAlone += diff.leftAlone.map { Plan.LeftAlone(object: Object(table), part: $0) }
    guard !diff.isEmpty else { return }
    let verb: Change.Verb =
      switch diff.whole {
      case .create?: .create
      case .replace?: .replace
      case .delete?, nil: .update
      }
    if verb == .replace, reason == nil {
      reason = "replaced: a table's flags and comment can't change in place"
    }
    add(Change(verb, wanted, observed: found), diff, reason)
  }

  private func difference(
    _ id: NftablesTable.ID, from present: TableProgram?, to wanted: TableProgram?
  ) -> TableDiff {
    TableDiff(
      family: id.family, table: id.name, from: present, to: wanted, numbers: numbers, names: names)
  }

  private mutating func add(_ change: Change, _ diff: TableDiff, _ reason: String? = nil) {
    var change = change
    change.table = TableChange(
      diff, generation: generation, numbers: numbers, names: names)
    steps.append(Step(change, reason: reason))
  }

  /// A captured file's table as the kernel would have held it.
  private func compiledIfRead(_ table: NftablesTable) -> NftablesTable {
    guard table.program == nil else { return table }
    var table = table
    table.program = try? table.compiled(numbers, names)
    if table.isOwned { table.program = table.program?.marked }
    // Rules are told apart by the handles that the kernel gives them.
    var handle: UInt64 = 0
    for chain in table.program?.chains.indices ?? 0..<0 {
      for rule in table.program!.chains[chain].rules.indices {
        handle += 1
        table.program!.chains[chain].rules[rule].handle = handle
      }
    }
    return table
  }

  private mutating func remove(_ table: NftablesTable) {
    let table = compiledIfRead(table)
    let diff = difference(table.id, from: table.program, to: nil)
    refuse(table, obstacles: diff)
    guard !diff.isEmpty else { return }
    add(Change(.delete, table, observed: table), diff)
  }

  private mutating func refuse(_ table: NftablesTable, obstacles diff: TableDiff) {
    if diff.obstacles.isEmpty { return }
    refuse(
      table,
      "somebody else put in what vpngw can't read and so doesn't remove "
        + "(\(diff.obstacles.joined(separator: "; "))): remove it by nft, or the table")
  }

  private mutating func refuse(_ table: NftablesTable, _ reason: String) {
    conflicts.append(Plan.Conflict(object: Object(table), reason: reason))
  }
}

extension NftablesTable {
  /// Whether the observed table of its name also has names of its parts: a chain, and a set or map.
  fileprivate func looksLike(_ found: NftablesTable) -> Bool {
    guard let program, let present = found.program else { return false }
    let chains = Set(program.chains.map(\.name))
    let sets = Set(program.sets.map(\.name))
    return present.chains.contains { chains.contains($0.name) }
      && (sets.isEmpty || present.sets.contains { sets.contains($0.name) })
  }

  /// ` (it looks like Docker's)`.
  fileprivate var makerText: String {
    program.flatMap(TableMaker.guess).map { " (it looks like \($0)'s)" } ?? ""
  }
}

extension LinkNumbers {
  /// The observed indexes; made-up ones for links that will be made, and where only a file was
  /// read.
  init(observed: [Link], desired: [Link]) {
    self.init(observed)
    let others = (observed + desired.filter(\.isOurs)).flatMap { link in
      [link.name.text] + (link.veth?.peer.map { [$0.text] } ?? [])
    }
    // Above all indexes that a kernel assigns, and the same for the same names.
    var next: UInt32 = 0x7000_0000
    for name in Set(others).sorted() where self[name] == nil {
      self[name] = next
      next += 1
    }
    if self["lo"] == nil { self["lo"] = 1 }
  }
}
