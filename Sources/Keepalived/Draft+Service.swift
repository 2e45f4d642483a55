internal import JSON
internal import Model

extension Draft {
  /// The entries that stand for a virtual server: one for each port, and one for its marks.
  mutating func add(_ server: VirtualServer) {
    var server = server
    if server.protocol == nil {
      if server.fronts.contains(where: { if case .address = $0 { true } else { false } }) {
        note(server.origin, "no protocol: taken for UDP, as keepalived 2.2 does")
      }
      server.protocol = .udp
    }
    var vips: [UInt16: [IPAddress]] = [:]
    var marks: [UInt32] = []
    for front in server.fronts {
      switch front {
      case .address(let address, let port):
        if !(vips[port] ?? []).contains(address) { vips[port, default: []].append(address) }
      case .mark(let mark): if !marks.contains(mark) { marks.append(mark) }
      }
    }
    if vips[0] != nil, server.persistence.isEmpty {
      note(server.origin, "without a port, and not persistent: left out")
      vips[0] = nil
    }
    settle(&server)
    for (port, addresses) in vips.sorted(by: { $0.key < $1.key }) {
      let fronts: [(String, Tree)] = [
        ("vips", Addresses.tree(addresses)), ("ports", .integer(Int(port))),
      ]
      let suffix = vips.count > 1 ? "-\(port)" : ""
      add(server, fronts, server.name + suffix, port)
    }
    if !marks.isEmpty {
      let trees = marks.sorted().map { Tree.string("\(Mark($0))") }
      add(
        server, [("marks", trees.count == 1 ? trees[0] : .array(trees))],
        server.name + (vips.isEmpty ? "" : "-marks"), nil)
    }
  }

  /// What real servers have of their own and a service has for all of them.
  private mutating func settle(_ server: inout VirtualServer) {
    let ways = server.reals.map { $0.forwarding ?? server.forwarding }
    if let first = ways.first {
      if ways.allSatisfy({ Tree.object($0) == Tree.object(first) }) {
        server.forwarding = first
      } else {
        note(
          server.origin, "real servers with lvs_method of their own: all have the virtual server's")
      }
    }
    if server.reals.contains(where: \.inhibits) {
      if !server.reals.allSatisfy(\.inhibits) {
        note(server.origin, "inhibit_on_failure of some real servers: all have it")
      }
      server.inhibits = true
    }
    if server.sorry == nil, server.quorum > 1 || server.hysteresis > 0 {
      note(server.origin, "quorum and hysteresis without a sorry server decide nothing: left out")
      (server.quorum, server.hysteresis) = (1, 0)
    }
    if server.hysteresis >= server.quorum, server.hysteresis > 0 {
      note(server.origin, "hysteresis must be below the quorum: left out")
      server.hysteresis = 0
    }
    if server.flags.contains(.ops), server.protocol != .udp {
      note(server.origin, "ops is for UDP alone: left out")
      server.flags.remove(.ops)
    }
  }

  private mutating func add(
    _ server: VirtualServer, _ fronts: [(String, Tree)], _ wanted: String, _ port: UInt16?
  ) {
    let name = name(wanted)
    let `protocol` = port == nil ? nil : server.protocol?.rawValue
    let (probe, conditions) = asked(server, name, `protocol`, port)
    var rest: [(String, Tree)] = [
      ("servers", servers(server, conditions, port)), ("scheduler", .string(server.scheduler)),
    ]
    // Where the default isn't none, none has to be said.
    if !server.flags.isEmpty
      || IPVSService.schedulersWithNamedFlags.contains(server.scheduler)
    {
      let names = server.flags.sorted().map { Tree.string($0.name(for: server.scheduler)) }
      rest.append(("flags", .array(names)))
    }
    if !server.persistence.isEmpty { rest.append(("persistence", .object(server.persistence))) }
    rest += server.forwarding
    if let sorry = server.sorry {
      if server.quorum != 1 { rest.append(("quorum", .integer(server.quorum))) }
      if server.hysteresis != 0 { rest.append(("hysteresis", .integer(server.hysteresis))) }
      let address = Tree.string(sorry.address.description)
      let own = sorry.port.flatMap { $0 == port || $0 == 0 ? nil : $0 }
      rest.append(
        ("sorry", own.map { ["address": address, "port": .integer(Int($0))] } ?? address))
    }
    if server.inhibits { rest.append(("inhibit", true)) }
    add(
      ServiceEntry(
        name: name, fronts: fronts, rest: rest, protocols: `protocol`.map { [$0] } ?? [],
        probes: [(`protocol` ?? "", probe)]))
  }

  /// One question for all servers; or, where they differ, a condition for each.
  private mutating func asked(
    _ server: VirtualServer, _ name: String, _ protocol: String?, _ port: UInt16?
  ) -> (probe: Tree?, conditions: [Tree?]) {
    let lists = server.reals.map(\.checks)
    let none = server.reals.map { _ in Tree?.none }
    if lists.allSatisfy({ $0 == lists[0] }) {
      if lists[0].isEmpty { return (nil, none) }
      let check = lists[0][0]
      let knowsPort =
        !check.lacksPort || port ?? 0 != 0 || server.reals.allSatisfy { $0.port != nil }
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
          note(real.origin, "a check without a port: nothing is asked")
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

  /// A name that a probe may have and none has yet.
  private func unique(_ wanted: String) -> String {
    let base = String(wanted.prefix(56))
    if !probes.contains(where: { $0.0 == base }) { return base }
    var number = 2
    while probes.contains(where: { $0.0 == "\(base)-\(number)" }) { number += 1 }
    return "\(base)-\(number)"
  }

  /// Real servers in canonical order, those in a row that are alike as one.
  private func servers(_ server: VirtualServer, _ conditions: [Tree?], _ port: UInt16?) -> Tree {
    let all = zip(server.reals, conditions).map { real, condition in
      var members: [(String, Tree)] = []
      if let own = real.port, own != port { members.append(("port", .integer(Int(own)))) }
      if real.weight != 1 { members.append(("weight", .integer(real.weight))) }
      if real.upper != 0 { members.append(("upper_threshold", .integer(real.upper))) }
      // Without an upper one the kernel has none.
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
