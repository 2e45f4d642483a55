import Model

extension Daemon {
  /// Reads what the blueprints' nftables dropped. Failure is left to the next pass, which reports
  /// why nftables can't be read.
  func countDrops() {
    let sections = (desiredState?.blueprints ?? []).compactMap { blueprint in
      blueprint.counters.map { (type(of: blueprint).section, $0) }
    }
    store.keepDrops(of: sections.map(\.0))
    for (section, counters) in sections {
      guard let packets = try? reconciler.counters(of: counters.table) else { continue }
      store.countDrops(packets, of: counters.reasons, section)
    }
  }
}
