internal import JSON
internal import Model

extension Draft {
  mutating func addVirtualServer(_ statement: Statement) {
    var server = VirtualServer(origin: statement.origin)
    readFronts(statement, &server)
    for inner in statement.statements where inner.keyword != "real_server" {
      if !server.timing.take(inner) { read(inner, &server) }
    }
    // After what they inherit, wherever that stands.
    for inner in statement.statements where inner.keyword == "real_server" {
      readReal(inner, &server)
    }
    if server.fronts.isEmpty {
      note(statement.origin, "a virtual server of nothing that is understood: left out")
    } else if server.reals.isEmpty {
      note(statement.origin, "a virtual server without real servers: left out")
    } else {
      add(server)
    }
  }

  // MARK: - What is in front

  private mutating func readFronts(_ statement: Statement, _ server: inout VirtualServer) {
    let words = Array(statement.words.dropFirst())
    guard let first = words.first else { return }
    if first == "group", words.count > 1 {
      server.name = words[1]
      guard let members = group(words[1]) else {
        note(statement.origin, "there is no virtual_server_group \(shown(words[1]))")
        return
      }
      for member in members { server.fronts += fronts(member.words, member.origin) }
    } else {
      server.fronts = fronts(words, statement.origin)
      server.name = words.prefix(2).joined(separator: "-")
    }
  }

  private mutating func fronts(_ words: [String], _ origin: Origin) -> [VirtualServer.Front] {
    if words[0] == "fwmark" {
      guard words.count > 1, let mark = UInt32(words[1]), mark > 0 else {
        note(origin, "not a firewall mark: \(shown(words.dropFirst().first ?? ""))")
        return []
      }
      return [.mark(mark)]
    }
    let port = words.count > 1 ? UInt16(words[1]) : 0
    guard let addresses = Addresses.range(words[0]), let port,
      addresses.allSatisfy({ !$0.isUnspecified && !$0.isMulticast })
    else {
      note(origin, "not an address and port: \(shown(words.prefix(2).joined(separator: " ")))")
      return []
    }
    return addresses.map { .address($0, port) }
  }

  // MARK: - Its settings

  private mutating func read(_ statement: Statement, _ server: inout VirtualServer) {
    let value = statement.value
    switch statement.keyword {
    case "lvs_sched", "lb_algo":
      if let value, IPVSService.schedulers.contains(value) {
        server.scheduler = value
      } else {
        note(statement.origin, "not a scheduler: \(shown(value ?? ""))")
      }
    case "lvs_method", "lb_kind": server.forwarding = forwarding(statement) ?? server.forwarding
    case "flag-1", "sh-fallback", "mh-fallback": server.flags.insert(.fallback)
    case "flag-2", "sh-port", "mh-port": server.flags.insert(.port)
    case "flag-3": server.flags.insert(.flag3)
    case "ops": server.flags.insert(.ops)
    case "protocol":
      server.protocol = value.flatMap { IPVSProtocol(rawValue: $0.lowercased()) }
      if server.protocol == nil { note(statement.origin, "not a protocol: \(shown(value ?? ""))") }
    case "persistence_timeout", "persistence_granularity", "persistence_engine":
      readPersistence(statement, &server)
    case "quorum": server.quorum = number(statement, 1...1_000_000) ?? server.quorum
    case "hysteresis": server.hysteresis = number(statement, 0...1_000_000) ?? server.hysteresis
    case "inhibit_on_failure": server.inhibits = true
    case "virtualhost": server.host = value
    case "sorry_server":
      if let value, let address = IPAddress(value) {
        server.sorry = (address, statement.words.count > 2 ? UInt16(statement.words[2]) : nil)
      } else {
        note(statement.origin, "not an address: \(shown(value ?? ""))")
      }
    default: leave(statement)
    }
  }

  private mutating func readPersistence(_ statement: Statement, _ server: inout VirtualServer) {
    func set(_ key: String, _ tree: Tree) {
      server.persistence.removeAll { $0.0 == key }
      server.persistence.append((key, tree))
    }
    switch statement.keyword {
    case "persistence_timeout":
      let seconds = statement.value == nil ? 360 : number(statement, 1...24 * 86_400)
      if let seconds { set("timeout", .string(Duration.seconds(seconds).text)) }
    case "persistence_engine":
      if statement.value == "sip" { set("engine", "sip") } else { leave(statement) }
    default:
      if let mask = statement.value.flatMap({ IPAddress($0) }), mask.family == .inet {
        let length = mask.v4.leadingOnes
        guard length > 0, length == mask.v4.nonzeroBitCount else { return leave(statement) }
        set("netmask", .integer(length))
      } else if let length = number(statement, 1...128) {
        set("netmask", .integer(length))
      }
    }
  }

  private mutating func number(_ statement: Statement, _ range: ClosedRange<Int>) -> Int? {
    if let number = statement.value.flatMap({ Int($0) }), range.contains(number) { return number }
    note(
      statement.origin,
      "\(shown(statement.keyword)): not a number from \(range.lowerBound) to \(range.upperBound): "
        + shown(statement.value ?? ""))
    return nil
  }

  /// `NAT`, `DR`, or `TUN [type ipip|gue port N|gre] [nocsum|csum|remcsum]`.
  private mutating func forwarding(_ statement: Statement) -> [(String, Tree)]? {
    let words = statement.words.dropFirst().map { $0.lowercased() }
    switch words.first {
    case "nat": return []
    case "dr": return [("forwarding", "direct")]
    case "tun":
      var tunnel: [(String, Tree)] = []
      for (index, word) in words.enumerated() {
        switch word {
        case "ipip", "gue", "gre": tunnel.insert(("type", .string(word)), at: 0)
        case "port":
          if index + 1 < words.count, let port = UInt16(words[index + 1]), port > 0 {
            tunnel.append(("port", .integer(Int(port))))
          }
        case "csum": tunnel.append(("checksum", "plain"))
        case "remcsum": tunnel.append(("checksum", "remote"))
        default: break
        }
      }
      let members: [(String, Tree)] = [("forwarding", "tunnel")]
      return tunnel.isEmpty ? members : members + [("tunnel", .object(tunnel))]
    default:
      note(statement.origin, "not a forwarding method: \(shown(statement.value ?? ""))")
      return nil
    }
  }

  // MARK: - Real servers

  private mutating func readReal(_ statement: Statement, _ server: inout VirtualServer) {
    guard let address = statement.value.flatMap({ IPAddress($0) }), !address.isUnspecified,
      !address.isMulticast
    else {
      note(statement.origin, "not a real server's address: \(shown(statement.value ?? ""))")
      return
    }
    var port: UInt16?
    if statement.words.count > 2 {
      port = UInt16(statement.words[2])
      if port == nil { note(statement.origin, "not a port: \(shown(statement.words[2]))") }
    }
    var real = RealServer(
      origin: statement.origin, address: address, port: port == 0 ? nil : port,
      inhibits: server.inhibits, timing: server.timing, host: server.host)
    let inner = statement.statements
    for statement in inner where !Check.keywords.contains(statement.keyword) {
      if real.timing.take(statement) { continue }
      switch statement.keyword {
      case "weight": real.weight = number(statement, 0...65_535) ?? 1
      case "uthreshold": real.upper = number(statement, 0...0x7fff_ffff) ?? 0
      case "lthreshold": real.lower = number(statement, 0...0x7fff_ffff) ?? 0
      case "inhibit_on_failure":
        real.inhibits = !["off", "false", "no"].contains(statement.value ?? "on")
      case "lvs_method": real.forwarding = forwarding(statement)
      case "virtualhost": real.host = statement.value
      default: leave(statement)
      }
    }
    for statement in inner where Check.keywords.contains(statement.keyword) {
      real.checks += checks(statement, of: real)
    }
    if server.reals.contains(where: { $0.address == real.address && $0.port == real.port }) {
      note(statement.origin, "the real server \(address) is there already: left out")
    } else {
      server.reals.append(real)
    }
  }
}

extension UInt32 {
  fileprivate var leadingOnes: Int { (~self).leadingZeroBitCount }
}
