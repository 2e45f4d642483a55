internal import JSON
internal import Model

/// The objects of one kind that could be read, and where in the file they stand.
struct Section<Item> {
  private let path: [Pointer.Component]
  private(set) var items: [Item] = []
  private var origins: [Int32] = []

  /// By the keys that lead to it.
  init(_ keys: String...) { path = keys.map(Pointer.Component.key) }

  mutating func reserve(_ count: Int) {
    items.reserveCapacity(count)
    origins.reserveCapacity(count)
  }

  mutating func append(_ item: consuming Item, _ index: Int) {
    items.append(item)
    origins.append(Int32(truncatingIfNeeded: index))
  }

  /// Of an item by its position among those that could be read.
  func pointer(_ position: Int, _ below: Pointer.Component...) -> Pointer {
    Pointer(path + [.index(Int(origins[position]))] + below)
  }
}

/// What a file holds, by kind.
struct Contents {
  var sysctls: [Sysctl] = []
  var links = Section<Link>("links")
  var addresses = Section<Address>("addresses")
  var neighbors = Section<Neighbor>("neighbors")
  var fdb = Section<FDBEntry>("neighbors")
  var nexthops = Section<Nexthop>("nexthops")
  var routes = Section<Route>("routes")
  var rules = Section<Rule>("rules")
  var absentRules = Section<RulePattern>("rules")
  var ipvsServices = Section<IPVSService>("ipvs", "services")
  var ipvsTimeouts: [IPVSTimeout] = []
  var ipvsDaemons: [IPVSDaemon] = []
  /// What a link or nexthop whose identity couldn't be read may be called: texts and numbers in it.
  /// Nil when a whole section couldn't be read, and may have held anything.
  var unreadLinks: Set<String>? = []
  var unreadNexthops: Set<String>? = []

  var configuration: Configuration {
    var configuration = Configuration()
    configuration.sysctls = sysctls
    configuration.links = links.items
    configuration.addresses = addresses.items
    configuration.neighbors = neighbors.items
    configuration.fdb = fdb.items
    configuration.nexthops = nexthops.items
    configuration.routes = routes.items
    configuration.rules = rules.items
    configuration.absentRules = absentRules.items
    configuration.ipvsServices = ipvsServices.items
    configuration.ipvsTimeouts = ipvsTimeouts
    configuration.ipvsDaemons = ipvsDaemons
    return configuration
  }
}
