internal import JSON
internal import Model

extension Draft {
  /// The most destinations that a service of the state file takes.
  private static let mostDestinations = 65_536

  /// Adds the entries for a virtual server: one for each port, and one for its marks.
  mutating func add(_ server: VirtualServer) {
    var server = server
    complete(&server)
    if server.reals.count > Self.mostDestinations {
      note(server.location, "more than \(Self.mostDestinations) real servers: the rest is left out")
      server.reals.removeLast(server.reals.count - Self.mostDestinations)
    }
    guard !server.reals.isEmpty, !server.fronts.isEmpty else {
      note(server.location, "nothing is left of this virtual server")
      return
    }
    let fronts = untaken(server)
    let ports = Set(fronts.keys.compactMap(\.port))
    for (key, group) in fronts.sorted(by: { $0.key < $1.key }) {
      switch key {
      case .port(let port, _):
        let name = server.name + (ports.count > 1 ? "-\(port)" : "")
        let most = max(1, min(Addresses.most, Self.mostDestinations / server.reals.count))
        for start in stride(from: 0, to: group.addresses.count, by: most) {
          let part = Array(group.addresses[start..<min(start + most, group.addresses.count)])
          add(server, key, ("vips", Addresses.tree(part)), count: part.count, name)
        }
      case .marks:
        let trees = group.marks.sorted().map { Tree.string("\(Mark($0))") }
        let tree = trees.count == 1 ? trees[0] : .array(trees)
        add(
          server, key, ("marks", tree), count: trees.count,
          server.name + (ports.isEmpty ? "" : "-marks"))
      }
    }
  }

  /// What splits one virtual server into several entries.
  private enum EntryKey: Hashable, Comparable {
    /// The family is set if a netmask applies to that family alone.
    case port(UInt16, Family?)
    case marks(Family)

    var port: UInt16? { if case .port(let port, _) = self { port } else { nil } }

    static func < (a: EntryKey, b: EntryKey) -> Bool { a.position < b.position }
    private var position: (Int, Int, Int) {
      switch self {
      case .port(let port, let family): (0, Int(port), family == .inet6 ? 1 : 0)
      case .marks(let family): (1, 0, family == .inet6 ? 1 : 0)
      }
    }
  }

  private typealias Fronts = (addresses: [IPAddress], marks: [UInt32])

  /// The fronts of the server that no server before it has.
  private mutating func untaken(_ server: VirtualServer) -> [EntryKey: Fronts] {
    var found: [EntryKey: Fronts] = [:]
    var own: Set<IPVSService.Match> = []
    for front in server.fronts {
      let (match, key): (IPVSService.Match, EntryKey)
      switch front {
      case .address(let address, let port):
        match = .address(address, port: port, protocol: server.protocol ?? .udp)
        key = .port(port, server.persistence.netmask == nil ? nil : address.family)
      case .mark(let mark, let family):
        let family = family ?? server.family ?? .inet
        (match, key) = (.mark(mark, family), .marks(family))
      }
      guard own.insert(match).inserted else { continue }
      guard taken.insert(match).inserted else {
        note(server.location, "\(IPVSService.ID(match)) has a virtual server already: left out")
        continue
      }
      switch front {
      case .address(let address, _): found[key, default: ([], [])].addresses.append(address)
      case .mark(let mark, _): found[key, default: ([], [])].marks.append(mark)
      }
    }
    return found
  }

  private mutating func add(
    _ server: VirtualServer, _ key: EntryKey, _ front: (String, Tree), count: Int, _ wanted: String
  ) {
    var server = server
    let port = key.port
    dropRepeated(&server, port)
    let name = name(wanted)
    let `protocol` = port == nil ? nil : server.protocol?.rawValue
    let (probe, conditions) = asked(server, name, `protocol`, port)
    var fronts = [front]
    if let port { fronts.append(("ports", .integer(Int(port)))) }
    if case .marks(let family) = key,
      server.reals.contains(where: { $0.address.family != family })
    {
      fronts.append(("family", .string(family.rawValue)))
    }
    var rest: [(String, Tree)] = [
      ("servers", servers(server, conditions, port)), ("scheduler", .string(server.scheduler)),
    ]
    // A scheduler whose default is no flags needs none stated.
    if !server.flags.isEmpty
      || IPVSService.schedulersWithNamedFlags.contains(server.scheduler)
    {
      let names = server.flags.sorted().map { Tree.string($0.name(for: server.scheduler)) }
      rest.append(("flags", .array(names)))
    }
    let persistence = persistence(server, key)
    if !persistence.isEmpty { rest.append(("persistence", .object(persistence))) }
    rest += server.forwarding
    // Without a sorry server too: "when": "service.NAME" depends on it.
    if server.quorum != 1 { rest.append(("quorum", .integer(server.quorum))) }
    if server.hysteresis != 0 { rest.append(("hysteresis", .integer(server.hysteresis))) }
    if let sorry = server.sorry { rest += self.sorry(server, sorry, port) }
    if server.inhibits { rest.append(("inhibit", true)) }
    add(
      ServiceEntry(
        name: name, fronts: fronts, rest: rest, protocols: `protocol`.map { [$0] } ?? [],
        probes: [(`protocol` ?? "", probe)], destinations: count * server.reals.count))
  }

  /// Two real servers may be the same one if their ports don't count.
  private mutating func dropRepeated(_ server: inout VirtualServer, _ port: UInt16?) {
    var seen: Set<IPVSDestination.ID> = []
    func id(_ address: IPAddress, _ own: UInt16?) -> IPVSDestination.ID {
      IPVSDestination(address, port: own ?? port ?? 0).id
    }
    let all = server
    server.reals.removeAll { real in
      guard !seen.insert(id(real.address, real.port(in: all))).inserted else { return false }
      note(real.location, "the real server \(real.address) is there already: left out")
      return true
    }
    if let sorry = server.sorry,
      seen.contains(id(sorry.address, server.translatesPorts ? sorry.port : nil))
    {
      note(sorry.location, "the sorry server is one of the real servers: left out")
      server.sorry = nil
    }
  }

  private func persistence(_ server: VirtualServer, _ key: EntryKey) -> [(String, Tree)] {
    guard let timeout = server.persistence.timeout else { return [] }
    let family: Family? =
      switch key {
      case .port(_, let family): family
      case .marks(let family): family
      }
    let netmask = server.persistence.netmask.flatMap { $0.family == family ? $0.length : nil }
    return [("timeout", .string(Duration.seconds(timeout).text))]
      + (netmask.map { [("netmask", .integer($0))] } ?? [])
      + (server.persistence.engine.map { [("engine", .string($0))] } ?? [])
  }

  private func sorry(
    _ server: VirtualServer, _ sorry: (location: Location, address: IPAddress, port: UInt16?),
    _ port: UInt16?
  ) -> [(String, Tree)] {
    let address = Tree.string(sorry.address.description)
    let own = server.translatesPorts ? sorry.port.flatMap { $0 == port ? nil : $0 } : nil
    return [("sorry", own.map { ["address": address, "port": .integer(Int($0))] } ?? address)]
  }

  /// One question for all servers or, if they differ, a condition for each.
  private mutating func asked(
    _ server: VirtualServer, _ name: String, _ protocol: String?, _ port: UInt16?
  ) -> (probe: Tree?, conditions: [Tree?]) {
    let lists = server.reals.map(\.checks)
    let none = server.reals.map { _ in Tree?.none }
    if lists.allSatisfy({ $0 == lists[0] }) {
      if lists[0].isEmpty { return (nil, none) }
      let check = lists[0][0]
      // The port that a service asks is the server's port in that service.
      let knowsPort =
        !check.lacksPort
        || server.reals.allSatisfy {
          let asked = $0.port ?? port ?? 0
          return asked != 0 && asked == $0.port(in: server) ?? port ?? 0
        }
      if lists[0].count == 1, check.asksAddress, check.address == nil, knowsPort {
        return (check.tree, none)
      }
    }
    var conditions: [Tree?] = []
    for real in server.reals {
      var signals: [Tree] = []
      for (index, check) in real.checks.enumerated() {
        let target = real.port ?? port ?? 0
        if check.lacksPort, target == 0 {
          note(real.location, "a check without a port: nothing is asked")
          continue
        }
        let label = String(real.address.description.map { $0 == ":" ? "-" : $0 })
        let probe = unique(
          ([name, `protocol`, label].compactMap(\.self)
            + (real.checks.count > 1 ? [String(index + 1)] : [])).joined(separator: "."))
        probes.append((probe, check.tree(at: real.address, port: target)))
        signals.append(.string("probe.\(probe)"))
      }
      conditions.append(
        signals.isEmpty ? nil : signals.count == 1 ? signals[0] : ["all": .array(signals)])
    }
    return (nil, conditions)
  }

  /// A name for a probe that no other probe has.
  mutating func unique(_ wanted: String) -> String {
    let base = String(wanted.prefix(56))
    var name = base
    while !probeNames.insert(name).inserted {
      repeats[base, default: 1] += 1
      name = "\(base)-\(repeats[base]!)"
    }
    return name
  }

  /// Real servers in canonical order; consecutive ones that are alike become one entry.
  private func servers(_ server: VirtualServer, _ conditions: [Tree?], _ port: UInt16?) -> Tree {
    let all = zip(server.reals, conditions).map { real, condition in
      var members: [(String, Tree)] = []
      if let own = real.port(in: server), own != port {
        members.append(("port", .integer(Int(own))))
      }
      if real.weight != 1 { members.append(("weight", .integer(real.weight))) }
      if real.upper != 0 { members.append(("upper_threshold", .integer(real.upper))) }
      // Without an upper threshold the kernel has no lower one.
      if real.lower != 0, real.lower <= real.upper {
        members.append(("lower_threshold", .integer(real.lower)))
      }
      if let condition { members.append(("when", condition)) }
      return (address: real.address, members: members)
    }.sorted { $0.address < $1.address }
    let rows = Addresses.rows(all) {
      $0.address.distance(to: $1.address) == 1 && Tree.object($0.members) == .object($1.members)
    }
    let trees = rows.map { row -> Tree in
      let text = Tree.string(Addresses.text(row.first.address, count: row.count))
      return row.first.members.isEmpty ? text : .object([("address", text)] + row.first.members)
    }
    if trees.count == 1, case .string = trees[0] { return trees[0] }
    return .array(trees)
  }
}
