import Model
import Nftables

extension Order {
  /// Tables that could precede links, but must wait for a table that is stated above them and names
  /// a link: both translate addresses at one hook with one priority, where the order in which they
  /// are made decides which is asked first.
  static func lateTables(_ tables: [NftablesTable]) -> Set<NftablesTable.ID> {
    var late: Set<NftablesTable.ID> = []
    var waiting: Set<NATHook> = []
    for table in tables {
      let hooks = NATHook.all(of: table)
      if hooks.isEmpty { continue }
      if table.phase == .guardTable {
        guard !waiting.isDisjoint(with: hooks) else { continue }
        late.insert(table.id)
      }
      waiting.formUnion(hooks)
    }
    return late
  }

  private struct NATHook: Hashable {
    let family: Nftables.Family
    let hook: Nftables.Hook
    let priority: Int32

    static func all(of table: NftablesTable) -> Set<NATHook> {
      var hooks: Set<NATHook> = []
      for case let base? in table.source?.chains.map(\.base) ?? [] where base.type == .nat {
        let families = table.id.family == .inet ? [.ip, .ip6] : [table.id.family]
        for family in families {
          hooks.insert(NATHook(family: family, hook: base.hook, priority: base.priority))
        }
      }
      return hooks
    }
  }
}
