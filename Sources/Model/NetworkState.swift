public import Nftables

/// Kernel objects by kind: all that a state file wants, or all that a kernel has.
public struct NetworkState: Hashable, Sendable {
  /// One list for each of ``Kind/all``.
  private var lists: [any ResourceList] = Kind.all.map { $0.type.emptyList }
  /// Desired only: no rule may match any of these.
  public var absentRules: [RulePattern] = []
  /// Desired only: routing tables that a blueprint fills; nothing else may use them.
  public var claimedTables: Set<RouteTable> = []
  /// Observed only: objects of others, and of the kernel, that can't be stated in a file, with what
  /// they are.
  public var inexpressible: [ObjectID: String] = [:]
  /// Observed only: rules of others that can't be stated in a file.
  public var partialRules: [PartialRule] = []
  /// Desired only; nil: flows are left alone.
  public var flows: ServedFlows?
  /// Observed only: this kernel has no IPVS.
  public var lacksIPVS = false
  /// Observed only: the generation of the nftables ruleset that the tables were read from. It isn't
  /// compared: it says nothing about what is there.
  public var nftablesGeneration: UInt32?
  /// Observed only, and not compared: what the machine's own files say that nftables' names mean.
  public var machineNames = MachineNames()

  public init() {}

  /// The objects of one kind.
  public subscript<R: Resource>(_: R.Type) -> [R] {
    get { (lists[R.kind.position] as! List<R>).items }
    _modify {
      let position = R.kind.position
      var items = (lists[position] as! List<R>).items
      // Otherwise the array would have two owners, and the first change would copy it.
      lists[position] = List<R>(items: [])
      defer { lists[position] = List(items: items) }
      yield &items
    }
  }

  /// Every object, kind by kind.
  public var objects: [Object] { lists.flatMap(\.objects) }

  public func objects(of kind: Kind) -> [Object] { lists[kind.position].objects }

  public func isEmpty(of kind: Kind) -> Bool { lists[kind.position].isEmpty }

  public mutating func append(_ object: Object) {
    func append<R: Resource>(_ resource: R, _ all: inout NetworkState) {
      all[R.self].append(resource)
    }
    append(object.resource, &self)
  }

  /// Adds what a blueprint expands to, kind by kind.
  mutating func add(_ blueprint: NetworkState) {
    func add<R: Resource>(_: R.Type, _ all: inout NetworkState) {
      if blueprint[R.self].isEmpty { return }
      all[R.self] = R.adding(blueprint[R.self], to: all[R.self])
    }
    for kind in Kind.all { add(kind.type, &self) }
    absentRules += blueprint.absentRules
  }

  /// Removes what can't exist without these links and nexthops, starting with the kinds that others
  /// depend on.
  mutating func removeDependents(of gone: inout Cascade) {
    func remove<R: Resource>(_: R.Type, _ all: inout NetworkState, _ gone: inout Cascade) {
      R.removeDependents(of: &gone, from: &all[R.self])
    }
    // Links first: losing one may lose others.
    remove(Link.self, &self, &gone)
    for kind in Kind.all where kind != Link.kind { remove(kind.type, &self, &gone) }
  }

  public static func == (a: NetworkState, b: NetworkState) -> Bool {
    zip(a.lists, b.lists).allSatisfy { $0.isEqual(to: $1) }
      && a.absentRules == b.absentRules && a.claimedTables == b.claimedTables
      && a.inexpressible == b.inexpressible && a.partialRules == b.partialRules
      && a.flows == b.flows
      && a.lacksIPVS == b.lacksIPVS
  }

  public func hash(into hasher: inout Hasher) {
    for list in lists { list.hash(into: &hasher) }
    hasher.combine(absentRules)
  }
}

/// The list of one kind, type-erased once for the whole list, so that the values stay in an array
/// of their own type.
private protocol ResourceList: Sendable {
  var objects: [Object] { get }
  var isEmpty: Bool { get }
  func isEqual(to other: any ResourceList) -> Bool
  func hash(into hasher: inout Hasher)
}

private struct List<R: Resource>: ResourceList {
  var items: [R]

  var objects: [Object] { items.map { Object($0) } }
  var isEmpty: Bool { items.isEmpty }
  func isEqual(to other: any ResourceList) -> Bool { (other as? List<R>)?.items == items }
  func hash(into hasher: inout Hasher) { items.hash(into: &hasher) }
}

extension Resource {
  fileprivate static var emptyList: any ResourceList { List<Self>(items: []) }
}
