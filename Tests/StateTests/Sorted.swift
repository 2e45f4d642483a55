import Model

/// The order of objects doesn't matter: encoding sorts them by identity.
func sorted(_ configuration: NetworkState) -> NetworkState {
  var sorted = configuration
  func sort<R: Resource>(_: R.Type) {
    sorted[R.self] = configuration[R.self].map { ($0.id, $0) }.sorted { $0.0 < $1.0 }.map(\.1)
  }
  // Tables are written in the order in which they are to be made.
  for kind in Kind.all where kind != NftablesTable.kind { sort(kind.type) }
  // What a blueprint says besides its objects can't be stated in a file of plain objects.
  sorted.flows = nil
  sorted.claimedTables = []
  for index in sorted.tables.indices { sorted.tables[index].isBlueprints = false }
  return sorted
}
