/// What a state file names without holding it: keys in files, addresses behind names.
public protocol Surroundings {
  /// What a file of secrets holds.
  func secret(at path: String) throws(Incompleteness) -> [UInt8]
  /// Of a host by its name, preferred first; empty: none is known now.
  func addresses(of host: String) -> [IPAddress]
}

/// Why an object can't be completed.
public struct Incompleteness: Error, CustomStringConvertible {
  public let description: String
  /// The object's key that is about it.
  public let key: String?

  public init(_ description: String, key: String? = nil) {
    (self.description, self.key) = (description, key)
  }
}

extension DesiredState {
  /// Whether it names what it doesn't hold.
  public var needsSurroundings: Bool {
    Kind.all.contains { $0.type.needsSurroundings && !unconditional.isEmpty(of: $0) }
      || conditional.contains { $0.object.kind.type.needsSurroundings }
      || inputs.contains { $0.needsSurroundings }
      || blueprints.contains { $0.needsSurroundings }
  }

  /// Completes it with what the file names; throws if any of that is missing or wrong.
  public mutating func complete(by surroundings: some Surroundings) throws(Incompleteness) {
    try unconditional.complete(by: surroundings)
    for index in conditional.indices {
      conditional[index].object = try conditional[index].object.completed(by: surroundings)
    }
    for index in inputs.indices { inputs[index] = try inputs[index].whole(by: surroundings) }
    completeBlueprints(by: surroundings)
  }
}

extension DesiredState {
  /// Blueprints' probes ask the hosts where they are now.
  private mutating func completeBlueprints(by surroundings: some Surroundings) {
    guard blueprints.contains(where: { $0.needsSurroundings }) else { return }
    let before = Set(blueprints.flatMap(\.probes).map(\.name))
    blueprints = blueprints.map { $0.completed(by: surroundings) }
    probes = probes.filter { !before.contains($0.name) } + blueprints.flatMap(\.probes)
    noteReadSignals()
  }
}

extension InputDeclaration {
  fileprivate func whole(by surroundings: some Surroundings) throws(Incompleteness) -> Self {
    do throws(Incompleteness) {
      return try completed(by: surroundings)
    } catch {
      throw Incompleteness("\(signal): \(error)")
    }
  }
}

extension NetworkState {
  public mutating func complete(by surroundings: some Surroundings) throws(Incompleteness) {
    func complete<R: Resource>(
      _: R.Type, _ all: inout NetworkState
    ) throws(Incompleteness) {
      guard R.needsSurroundings else { return }
      for index in all[R.self].indices {
        do throws(Incompleteness) {
          all[R.self][index] = try all[R.self][index].completed(by: surroundings)
        } catch {
          throw Incompleteness("\(all[R.self][index].objectID): \(error)", key: error.key)
        }
      }
    }
    for kind in Kind.all { try complete(kind.type, &self) }
  }
}

extension Object {
  fileprivate func completed(by surroundings: some Surroundings) throws(Incompleteness) -> Object {
    func complete<R: Resource>(_ own: R) throws(Incompleteness) -> Object {
      do throws(Incompleteness) {
        return Object(try own.completed(by: surroundings))
      } catch {
        throw Incompleteness("\(own.objectID): \(error)", key: error.key)
      }
    }
    return try complete(resource)
  }
}
