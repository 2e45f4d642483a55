import Model

extension Daemon {
  /// Reads what the gateways' nftables dropped. A failure is left to the next look, which says why
  /// nftables can't be read.
  func countDrops() {
    guard let gateways = declaration?.gateways else { return board.countDrops(nil, of: []) }
    guard let counters = try? reconciler.counters(of: Gateways.tableID) else { return }
    board.countDrops(counters, of: gateways.drops)
  }
}
