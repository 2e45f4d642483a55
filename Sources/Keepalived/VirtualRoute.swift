internal import JSON
internal import Model

/// An entry of `virtual_routes` or `static_routes` as far as it has been read.
private struct VirtualRoute {
  struct Hop {
    var via: IPAddress?
    var dev: LinkName?
    var weight: Int?
    var isOnLink = false

    var members: [(String, Tree)] {
      (via.map { [("via", .string($0.description))] } ?? [])
        + (dev.map { [("dev", .string($0.text))] } ?? [])
        + (weight.map { [("weight", .integer($0))] } ?? [])
        + (isOnLink ? [("onlink", true)] : [])
    }
  }

  var type: String?
  /// Nil: the default route.
  var destination: Prefix?
  var hasDestination = false
  var family: Family?
  var source: IPAddress?
  var hops = [Hop()]
  var table = "main"
  var numbers: [(String, Int)] = []
  var scope: String?

  static let types: Set<String> = [
    "unicast", "local", "throw", "unreachable", "prohibit", "blackhole",
  ]
  static let discarding: Set<String> = ["throw", "unreachable", "prohibit", "blackhole"]
  /// Other tools' words for the keys of a route that hold a number.
  static let keys = [
    "metric": "metric", "priority": "metric", "preference": "metric", "tos": "tos",
    "dsfield": "tos", "mtu": "mtu", "advmss": "advmss",
  ]
  /// Words that say nothing about where packets go, each with a value.
  static let minor: Set<String> = [
    "hoplimit", "rtt", "rttvar", "reordering", "window", "cwnd", "ssthresh", "rto_min", "initcwnd",
    "initrwnd", "quickack", "congctl", "features", "realms", "realm", "protocol", "proto", "pref",
    "expires", "ttl-propagate", "fastopen_no_cookie", "track_group",
  ]

  var addresses: [IPAddress] { [source].compactMap(\.self) + hops.compactMap(\.via) }
}

extension Draft {
  mutating func addRoute(_ statement: Statement, when: Tree?) {
    guard let route = route(statement) else { return }
    guard let family = route.destination?.family ?? route.family ?? route.addresses.first?.family
    else {
      return left(statement, "nothing tells the family of this default route")
    }
    guard route.addresses.allSatisfy({ $0.family == family }) else {
      return left(statement, "its addresses are of two families")
    }
    let gateways = route.hops.compactMap(\.via)
    if gateways.contains(where: { $0.isUnspecified || $0.isMulticast || $0.isLoopback }) {
      return left(statement, "no machine has the address of its gateway")
    }
    let isDiscarding = route.type.map(VirtualRoute.discarding.contains) ?? false
    if !isDiscarding, route.hops.contains(where: { $0.via == nil && $0.dev == nil }) {
      return left(statement, "it has neither via nor dev")
    }
    var members: [(String, Tree)] = []
    if let type = route.type, type != "unicast" { members.append(("type", .string(type))) }
    members.append(("dst", .string(route.destination?.description ?? "default")))
    if route.destination == nil { members.append(("family", .string(family.rawValue))) }
    if route.table != "main" {
      members.append(
        ("table", UInt32(route.table).map { .integer(Int($0)) } ?? .string(route.table)))
    }
    for (key, number) in route.numbers {
      if key == "tos", family == .inet6 || number & ~0xfc != 0 || number > 252 {
        return left(statement, "such a tos has no counterpart")
      }
      // The kernel reads it as the default.
      if key == "metric", number == 0 { continue }
      members.append((key, .integer(number)))
    }
    if !isDiscarding {
      if route.hops.count == 1 {
        members += route.hops[0].members.filter { $0.0 != "weight" }
      } else {
        members.append(("nexthops", .array(route.hops.map { .object($0.members) })))
      }
      for dev in route.hops.compactMap(\.dev) { network.refer(to: dev) }
    }
    if let source = route.source { members.append(("src", .string(source.description))) }
    if let scope = route.scope, family == .inet { members.append(("scope", .string(scope))) }
    if let when { members.append(("when", when)) }

    let identity =
      "route \(route.destination?.description ?? family.rawValue) \(route.table) "
      + route.numbers.filter { $0.0 != "mtu" && $0.0 != "advmss" && $0.1 != 0 }.map { "\($0)" }
      .sorted()
      .joined()
    if let place = network.take(identity, statement.location) {
      return left(statement, "there is one already (\(place))")
    }
    network.append(route: .object(members))
  }

  private mutating func left(_ statement: Statement, _ reason: String) {
    note(
      statement.location,
      "the route \(shown(statement.words.joined(separator: " "))) is left out: \(reason)")
  }

  private mutating func route(_ statement: Statement) -> VirtualRoute? {
    var route = VirtualRoute()
    var words = statement.words[...]
    while let word = words.popFirst() {
      if let reason = take(word, &words, &route, statement) {
        left(statement, reason)
        return nil
      }
    }
    guard route.hasDestination else {
      left(statement, "it has no destination")
      return nil
    }
    return route
  }

  /// Why the route can't be stated; nil: so far it can.
  private mutating func take(
    _ word: String, _ words: inout ArraySlice<String>, _ route: inout VirtualRoute,
    _ statement: Statement
  ) -> String? {
    let last = route.hops.count - 1
    if let key = VirtualRoute.keys[word] {
      if key == "mtu" || key == "advmss", words.first == "lock" {
        note(statement.location, "\"lock\" of a route is not carried over")
        words.removeFirst()
      }
      let text = words.popFirst() ?? ""
      let number =
        text.hasPrefix("0x") ? UInt32(text.dropFirst(2), radix: 16) : UInt32(text)
      guard let number else { return "\(word) \(shown(text)) is no number" }
      let limits = ["mtu": UInt32(68)...65_520, "advmss": 1...65_495]
      if let limits = limits[key], !limits.contains(number) {
        note(statement.location, "\(key) \(number) of a route is not carried over")
        return nil
      }
      route.numbers.removeAll { $0.0 == key }
      route.numbers.append((key, Int(number)))
      return nil
    }
    if VirtualRoute.minor.contains(word) {
      if words.first == "lock" { words.removeFirst() }
      note(statement.location, "\(shown(word)) of a route is not carried over")
      _ = words.popFirst()
      return nil
    }
    switch word {
    case _ where VirtualRoute.types.contains(word): route.type = word
    case "src":
      route.source = words.popFirst().flatMap(IPAddress.init)
      if route.source == nil { return "src without an address" }
    case "to": return takeDestination(words.popFirst() ?? "", &route, statement)
    case "via", "gw", "or":
      if words.first == "inet" || words.first == "inet6" { words.removeFirst() }
      guard let via = words.popFirst().flatMap(IPAddress.init) else {
        return "\(word) without an address"
      }
      // "via A or B": two next hops by the same link.
      if word == "or" { route.hops.append(VirtualRoute.Hop(dev: route.hops[last].dev)) }
      route.hops[route.hops.count - 1].via = via
    case "dev", "oif":
      guard let dev = words.popFirst().flatMap(LinkName.init) else {
        return "dev without a link's name"
      }
      for index in route.hops.indices where index == last || route.hops[index].dev == nil {
        route.hops[index].dev = dev
      }
    case "weight":
      guard let weight = words.popFirst().flatMap({ Int($0) }), (1...256).contains(weight) else {
        return "weight is no number from 1 to 256"
      }
      route.hops[last].weight = weight
    case "onlink": route.hops[last].isOnLink = true
    case "nexthop":
      let isFirst = route.hops.count == 1 && route.hops[0].via == nil && route.hops[0].dev == nil
      if !isFirst { route.hops.append(VirtualRoute.Hop()) }
    case "table":
      guard let table = table(words.popFirst() ?? "") else { return Self.unknownTable }
      route.table = table
    case "scope":
      guard let scope = scope(words.popFirst() ?? "") else { return "a scope of its own" }
      route.scope = scope
    case "inet", "inet6": route.family = Family(rawValue: word)
    case "append", "no_track": break
    default:
      if !route.hasDestination, word == "default" || Prefix(word) != nil {
        return takeDestination(word, &route, statement)
      }
      return "\(shown(word)) has no counterpart"
    }
    return nil
  }

  private mutating func takeDestination(
    _ text: String, _ route: inout VirtualRoute, _ statement: Statement
  ) -> String? {
    route.hasDestination = true
    if text == "default" { return nil }
    guard let prefix = Prefix(text) else { return "\(shown(text)) is no prefix" }
    if prefix.hasHostBits {
      note(statement.location, "\(prefix) has host bits: the route is for \(prefix.network)")
    }
    route.destination = prefix.network
    return nil
  }

  static let unknownTable =
    "tables are known here by number, or as \"main\", \"default\" and \"local\""

  /// A table's number, or one of the names that every machine has.
  func table(_ text: String) -> String? {
    if ["main", "default", "local"].contains(text) { return text }
    let number = text.hasPrefix("0x") ? UInt32(text.dropFirst(2), radix: 16) : UInt32(text)
    guard let number, number > 0 else { return nil }
    return [253: "default", 254: "main", 255: "local"][number] ?? "\(number)"
  }
}
