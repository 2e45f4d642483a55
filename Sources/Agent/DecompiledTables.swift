public import Model
import Nftables

extension NetworkState {
  /// The state with its observed tables as a state file states them.
  public var withTablesDecompiled: NetworkState {
    if tables.allSatisfy({ $0.source != nil }) { return self }
    let numbers = LinkNumbers(links)
    var configuration = self
    for index in tables.indices {
      guard let program = tables[index].program else { continue }
      let (table, unreadable) = TableDecompiler(
        program, numbers: numbers, names: machineNames
      ).table(program.unmarked)
      configuration.tables[index].source = table
      configuration.tables[index].unreadable = unreadable + program.unknown
    }
    return configuration
  }
}
