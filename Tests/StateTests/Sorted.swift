import Model

/// A configuration is a set of objects: encoding sorts them by identity.
func sorted(_ configuration: NetworkState) -> NetworkState {
  func sort<R: Resource>(_ objects: [R]) -> [R] {
    objects.map { ($0.id, $0) }.sorted { $0.0 < $1.0 }.map(\.1)
  }
  var sorted = configuration
  sorted.sysctls = sort(configuration.sysctls)
  sorted.links = sort(configuration.links)
  sorted.wireGuards = sort(configuration.wireGuards)
  sorted.addresses = sort(configuration.addresses)
  sorted.neighbors = sort(configuration.neighbors)
  sorted.fdb = sort(configuration.fdb)
  sorted.nexthops = sort(configuration.nexthops)
  sorted.routes = sort(configuration.routes)
  sorted.rules = sort(configuration.rules)
  sorted.ipvsServices = sort(configuration.ipvsServices)
  sorted.ipvsTimeouts = sort(configuration.ipvsTimeouts)
  sorted.ipvsDaemons = sort(configuration.ipvsDaemons)
  // What a blueprint says besides its objects, for which a file of plain objects has no words.
  sorted.flows = nil
  sorted.claimedTables = []
  for index in sorted.tables.indices { sorted.tables[index].isBlueprints = false }
  return sorted
}
