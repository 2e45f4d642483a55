public import Model

extension Configuration {
  /// As observed, with these objects taken for ours: somebody replaced them since they bore our mark.
  public func owning(_ ids: Set<ObjectID>) -> Configuration {
    var configuration = self
    for index in addresses.indices where ids.contains(.address(addresses[index].id)) {
      configuration.addresses[index].protocol = nil
    }
    for index in neighbors.indices where ids.contains(.neighbor(neighbors[index].id)) {
      configuration.neighbors[index].protocol = nil
    }
    for index in fdb.indices where ids.contains(.fdb(fdb[index].id)) {
      configuration.fdb[index].isOwned = true
    }
    for index in nexthops.indices where ids.contains(.nexthop(nexthops[index].id)) {
      configuration.nexthops[index].protocol = nil
    }
    for index in routes.indices where ids.contains(.route(routes[index].id)) {
      configuration.routes[index].protocol = nil
    }
    for index in tables.indices where ids.contains(.table(tables[index].id)) {
      configuration.tables[index].isOwned = true
    }
    return configuration
  }

  /// Those of these objects that bear our mark.
  public func owned(among ids: Set<ObjectID>) -> Set<ObjectID> {
    var owned: Set<ObjectID> = []
    for kind in Set(ids.map(\.kind)) {
      for object in objects(of: kind) where ids.contains(object.id) && object.resource.isOwned {
        owned.insert(object.id)
      }
    }
    return owned
  }
}
