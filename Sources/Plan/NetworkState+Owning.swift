public import Model

extension NetworkState {
  /// The observed state with these objects taken for ours: somebody has replaced them since they
  /// had our mark.
  public func owning(_ ids: Set<ObjectID>) -> NetworkState {
    var configuration = self
    func take<R: Resource>(_: R.Type) {
      for (index, object) in self[R.self].enumerated() where ids.contains(object.objectID) {
        configuration[R.self][index] = object.takenForOurs
      }
    }
    for kind in Set(ids.map(\.kind)) where kind.type.staysOursWhenReplaced { take(kind.type) }
    return configuration
  }

  /// Those of these objects that have our mark.
  public func owned(among ids: Set<ObjectID>) -> Set<ObjectID> {
    var owned: Set<ObjectID> = []
    for kind in Set(ids.map(\.kind)) {
      for object in objects(of: kind) where object.resource.isOwned && ids.contains(object.id) {
        owned.insert(object.id)
      }
    }
    return owned
  }
}
